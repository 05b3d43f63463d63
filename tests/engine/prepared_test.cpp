#include "engine/prepared.hpp"

#include <catch2/catch.hpp>

#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr auto kCopy = R"({
  "params": {"file": {"type": "string"}, "most": {"type": "integer", "default": null}},
  "ops": [{"name": "in", "type": "input.plain", "postOps": ["out"]},
    {"name": "out", "type": "output.list", "preOps": ["in"],
     "params": {"file": {"$param": "file"}, "prefix": "s:/p/", "most": {"$param": "most"}}}]})";

// A prepared pipeline and what binds it.
struct Prepared {
  explicit Prepared(std::string_view document) {
    auto made = Engine::Prepared::make(parsed(document), test_registry(), services);
    if (!made.ok()) FAIL(made.error().message);
    pipeline = *std::move(made);
  }

  Result<std::shared_ptr<const Plan>> bind(const Json& values) {
    return pipeline->bind(values, test_registry(), services);
  }
  std::shared_ptr<const Plan> bound(const Json& values) {
    auto plan = bind(values);
    if (!plan.ok()) FAIL(plan.error().message);
    return *std::move(plan);
  }
  std::string refusal(const Json& values) {
    const auto plan = bind(values);
    REQUIRE_FALSE(plan.ok());
    CHECK(plan.error().code == Code::InvalidArgument);
    return plan.error().message;
  }

  AddressServices services;
  std::shared_ptr<const Engine::Prepared> pipeline;
};

const Node& node(const Plan& plan, std::string_view name) {
  for (const PlanNode& each : plan.nodes) {
    for (const Node& member : each.chain) {
      if (member.name == name) return member;
    }
  }
  throw std::runtime_error{"no such node"};
}

Json params(const std::shared_ptr<const Plan>& plan, std::string_view name) {
  return *node(*plan, name).params;
}

}  // namespace

TEST_CASE("requests that run at the same time have their own values", "[engine][prepared]") {
  Prepared prepared{kCopy};
  const auto first = prepared.bound({{"file", "s:/1"}, {"most", 3}});
  const auto second = prepared.bound({{"file", "s:/2"}, {"most", 4}});
  CHECK(params(first, "out")["file"] == "s:/1");
  CHECK(params(first, "out")["most"] == 3);
  CHECK(params(second, "out")["file"] == "s:/2");
  CHECK(params(second, "out")["most"] == 4);
  CHECK(params(second, "out")["prefix"] == "s:/p/");
}

TEST_CASE("a plan is used again when its run is over", "[engine][prepared]") {
  Prepared prepared{kCopy};
  auto plan = prepared.bound({{"file", "s:/1"}});
  const auto* const used = plan.get();
  CHECK(prepared.bound({{"file", "s:/2"}}).get() != used);
  plan.reset();
  CHECK(prepared.bound({{"file", "s:/3"}}).get() == used);
}

TEST_CASE("what an earlier request gave is gone in the next", "[engine][prepared]") {
  Prepared prepared{kCopy};
  CHECK(params(prepared.bound({{"file", "s:/1"}, {"most", 3}}), "out").contains("most"));
  const auto next = params(prepared.bound({{"file", "s:/2"}}), "out");
  CHECK(next["file"] == "s:/2");
  CHECK_FALSE(next.contains("most"));
}

TEST_CASE("what a request leaves out comes from the defaults of the pipeline",
          "[engine][prepared]") {
  auto document = parsed(kCopy);
  document["defaults"] = parsed(R"({"output.list": {"most": 9}})");
  Prepared prepared{document.dump()};
  CHECK(params(prepared.bound({{"file", "s:/1"}, {"most", 3}}), "out")["most"] == 3);
  CHECK(params(prepared.bound({{"file", "s:/2"}}), "out")["most"] == 9);
}

TEST_CASE("a wrong value is refused and troubles no later request", "[engine][prepared]") {
  Prepared prepared{kCopy};
  CHECK(prepared.refusal({}).find("/params/file") == 0);
  CHECK(prepared.refusal({{"file", "s:/1"}, {"most", "many"}}).find("/params/most") == 0);
  CHECK(prepared.refusal({{"file", "s:/1"}, {"least", 1}}).find("least") != std::string::npos);
  CHECK(prepared.refusal({{"file", "denied:1"}}).find("/file") == 0);
  CHECK(params(prepared.bound({{"file", "s:/1"}, {"most", 3}}), "out")["most"] == 3);
}

TEST_CASE("values that change what an operator says of itself are planned anew",
          "[engine][prepared]") {
  Prepared prepared{R"({"params": {"least": {"type": "integer"}},
    "ops": [{"name": "in", "type": "input.list", "params": {"file": "s:/l"}, "postOps": ["big"]},
      {"name": "big", "type": "filter.where", "params": {"least": {"$param": "least"}},
       "preOps": ["in"], "postOps": ["out"]},
      {"name": "out", "type": "output.any", "preOps": ["big"]}]})"};
  for (const int least : {7, 8}) {
    const auto where = params(prepared.bound({{"least", least}}), "in")["where"];
    CHECK(where ==
          parsed(R"([{"column": "size", "op": ">=", "value": 0}])")
              .patch(Json::array({{{"op", "replace"}, {"path", "/0/value"}, {"value", least}}})));
  }
}

TEST_CASE("members of a node besides its parameters may be open", "[engine][prepared]") {
  Prepared prepared{R"({"params": {"patience": {"type": "integer"}},
    "ops": [{"name": "in", "type": "input.plain", "postOps": ["out"]},
      {"name": "out", "type": "output.any", "timeout_ms": {"$param": "patience"},
       "preOps": ["in"]}]})"};
  for (const int patience : {5, 6})
    CHECK(node(*prepared.bound({{"patience", patience}}), "out").timeout ==
          std::chrono::milliseconds{patience});
}

TEST_CASE("a pipeline that is wrong whatever its values are is not prepared",
          "[engine][prepared]") {
  AddressServices services;
  const auto made = Engine::Prepared::make(
      parsed(R"({"ops": [{"name": "in", "type": "input.lost"}]})"), test_registry(), services);
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().message.find("/ops/0") == 0);
}
