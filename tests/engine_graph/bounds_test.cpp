// What a document may cost that somebody sends: time that grows with its size alone, and a bound on
// what it becomes.
#include <algorithm>
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

#include "engine/base/json_members.hpp"
#include "engine/graph/bind.hpp"
#include "engine/graph/node_name.hpp"
#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

// Its square would be minutes with the sanitizers on.
constexpr std::size_t kMany = 40'000;
constexpr std::chrono::seconds kSoon{20};

Json members(std::string_view prefix, const Json& value) {
  Json object = Json::object();
  for (std::size_t i = 0; i < kMany; ++i)
    append_member(object, std::string{prefix} + std::to_string(i), value);
  return object;
}

}  // namespace

TEST_CASE("parameters that nobody declared are told in linear time", "[graph][bind]") {
  Json document = Json::object();
  document["params"] = members("declared", {{"type", "any"}, {"default", 1}});
  document["ops"] = Json::array();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<Fault> faults;
  bind_parameters(document, members("declares", 1), faults);
  CHECK(faults.size() == FaultList::kMaxOfKind + 1);
  CHECK(std::chrono::steady_clock::now() - begun < kSoon);
}

TEST_CASE("copies of values are bounded in bytes", "[graph][bind]") {
  Json document = parsed(R"({"params": {"x": {"type": "string"}}, "ops": []})");
  const std::size_t value_bytes = 1u << 20;
  const Json given{{"x", std::string(value_bytes, 'v')}};
  const auto faults = [&](std::size_t uses) {
    document["ops"] = Json::array();
    for (std::size_t i = 0; i < uses; ++i) document["ops"].push_back({{"$param", "x"}});
    std::vector<Fault> found;
    bind_parameters(document, given, found);
    return found;
  };
  const auto room = Binding::kMostBytes / (value_bytes + sizeof(Json));
  CHECK(faults(room).empty());
  const auto found = faults(room + 1);
  REQUIRE(found.size() == 1);
  CHECK(found[0].kind == "param_size");
  CHECK(found[0].pointer == "/ops/" + std::to_string(room));
}

TEST_CASE("copies of defaults are bounded in bytes", "[graph][validate]") {
  Json document = parsed(R"({"ops": []})");
  document["defaults"] = Json{{"input.plain", {{"label", std::string(8u << 20, 'd')}}}};
  const auto has_fault = [&](int nodes) {
    document["ops"] = Json::array();
    for (int i = 0; i < nodes; ++i) {
      document["ops"].push_back(
          {{"name", "n" + std::to_string(i)}, {"type", "input.plain"}, {"params", {{"own", i}}}});
    }
    const auto faults = validated(document.dump()).faults;
    return std::any_of(faults.begin(), faults.end(),
                       [](const Fault& fault) { return fault.kind == "parameter_size"; });
  };
  CHECK_FALSE(has_fault(7));
  CHECK(has_fault(8));
}

TEST_CASE("a name of a node has a limit", "[graph][validate]") {
  const auto faults = [](std::size_t bytes) {
    Json document = parsed(R"({"ops": [{"type": "input.plain"}]})");
    document["ops"][0]["name"] = std::string(bytes, 'n');
    return faults_of(document.dump());
  };
  const std::string fault = "node_name /ops/0/name";
  const auto has_fault = [&](const std::vector<std::string>& all) {
    return std::find(all.begin(), all.end(), fault) != all.end();
  };
  CHECK_FALSE(has_fault(faults(kMostNodeNameBytes)));
  CHECK(has_fault(faults(kMostNodeNameBytes + 1)));
}

TEST_CASE(
    "of many places without a value a few are kept, and no fault is told that follows from one",
    "[graph][bind]") {
  std::vector<Fault> faults;
  Json document = parsed(R"({"ops": []})");
  for (std::size_t i = 0; i < 1'000; ++i) document["ops"].push_back({{"$param", "x"}});
  const auto bound = bind_with_holes(document, nullptr, faults);
  CHECK(bound.holes.size() == kMostHoles + 1);
  CHECK(is_in_hole("/ops/999/name", bound.holes));
  CHECK(faults.size() == FaultList::kMaxOfKind + 1);
}

TEST_CASE("parameters of a node that its operator does not know are told in linear time",
          "[graph][validate]") {
  Json document = parsed(R"({"ops": [{"name": "in", "type": "input.plain", "params": {}}]})");
  document["ops"][0]["params"] = members("unknown", 1);
  document["defaults"] = Json{{"input.plain", members("other", 1)}};
  const auto begun = std::chrono::steady_clock::now();
  CHECK_FALSE(validated(document.dump()).faults.empty());
  CHECK(std::chrono::steady_clock::now() - begun < kSoon);
}
