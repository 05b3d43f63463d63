#include <deque>
#include <filesystem>

#include <catch2/catch.hpp>

#include "call_services.hpp"
#include "engine/plugin/registry.hpp"

using namespace millrace;

namespace {

std::filesystem::path library(const std::string& name) {
  return std::filesystem::path{MR_TEST_PLUGINS} / name / (name + ".so");
}

// A registry with one test plugin.
struct Loaded {
  explicit Loaded(const std::string& name) : registry{*Registry::open({})} {
    const auto added = registry->add(library(name));
    INFO((added.ok() ? std::string{} : added.error().message));
    REQUIRE(added.ok());
  }
  const mr_operator& table(std::string_view id) {
    const auto* info = registry->find(id);
    REQUIRE(info != nullptr);
    const auto found = registry->table(*info);
    REQUIRE(found.ok());
    return **found;
  }
  CheckedParams check(std::string_view id, std::string_view params) {
    return check_parameters(*registry->find(id), &table(id), Json::parse(params), services);
  }
  Result<OperatorInstance> make(std::string_view id, std::string_view params) {
    made_of.push_back(check(id, params).params);
    return OperatorInstance::create(table(id), made_of.back(), emissions.call(services));
  }

  std::unique_ptr<Registry> registry;
  std::deque<Json> made_of;  // the parameters of the instances
  test::CallServices services;
  test::Emissions emissions;
};

Batch values(std::initializer_list<double> numbers) {
  Builder<double> builder;
  for (const double number : numbers) builder.append(number);
  return Batch{}.with("value", std::move(builder));
}

}  // namespace

TEST_CASE("an operator gets batches and its rows come out", "[plugin][instance]") {
  Loaded loaded{"sample"};
  auto instance = loaded.make("filter.sample_min", R"({"min": 2})");
  REQUIRE(instance.ok());
  CHECK(static_cast<bool>(*instance));
  CHECK_FALSE(instance->is_source());
  CHECK_FALSE(instance->has_checkpoint());
  REQUIRE(instance->process(loaded.emissions.call(loaded.services), values({1, 2, 3})).ok());
  REQUIRE(instance->finish(loaded.emissions.call(loaded.services)).ok());
  REQUIRE(loaded.emissions.batches.size() == 1);
  const auto column = loaded.emissions.batches[0].second.column<double>("value");
  REQUIRE(column.size() == 2);
  CHECK(column.value(0) == 2.0);
  CHECK_FALSE(instance->produce(loaded.emissions.call(loaded.services)).ok());
  CHECK_FALSE(instance->snapshot(loaded.emissions.call(loaded.services)).ok());
}

TEST_CASE("an operator that wants more is called again, without a batch, until it is done",
          "[plugin][instance][more]") {
  Loaded loaded{"sample"};
  auto instance = loaded.make("preprocess.sample_split", "{}");
  REQUIRE(instance.ok());
  const auto call = loaded.emissions.call(loaded.services);
  CHECK(*instance->process_step(call, values({1, 2, 3})) == Answer::More);
  CHECK(loaded.emissions.batches.size() == 1);
  CHECK(*instance->process_more(call) == Answer::More);
  CHECK(*instance->process_more(call) == Answer::Done);
  CHECK(loaded.emissions.batches.size() == 3);
  CHECK(*instance->finish_step(call) == Answer::More);
  REQUIRE(instance->finish(call).ok());
  CHECK(loaded.services.counts.at("finished") == 3);

  REQUIRE(instance->process(call, values({4, 5})).ok());
  CHECK(loaded.emissions.batches.size() == 5);
  loaded.services.is_stopping = true;
  const auto stopped = instance->process(call, values({6, 7}));
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().code == Code::Cancelled);
  CHECK(loaded.emissions.batches.size() == 6);
}

TEST_CASE("a batch without columns goes through the C border", "[plugin][instance]") {
  Loaded loaded{"sample"};
  auto instance = loaded.make("augment.sample_plan", "{}");
  REQUIRE(instance.ok());
  REQUIRE(instance->process(loaded.emissions.call(loaded.services), Batch{}).ok());
  REQUIRE(loaded.emissions.batches.size() == 1);
  CHECK(loaded.emissions.batches[0].second.rows() == 0);
}

TEST_CASE("an input produces until its end, and goes on from a snapshot", "[plugin][instance]") {
  Loaded loaded{"sample"};
  auto first = loaded.make("input.sample_numbers", R"({"count": 5})");
  REQUIRE(first.ok());
  CHECK(first->is_source());
  const auto call = loaded.emissions.call(loaded.services);
  CHECK(*first->produce(call));
  const auto state = first->snapshot(call);
  REQUIRE(state.ok());
  CHECK(*state == "3");

  auto second = loaded.make("input.sample_numbers", R"({"count": 5})");
  REQUIRE(second.ok());
  REQUIRE(second->restore(call, *state).ok());
  CHECK_FALSE(*second->produce(call));
  REQUIRE(loaded.emissions.batches.size() == 2);
  CHECK(loaded.emissions.batches[1].second.column<std::int64_t>("value").value(0) == 3);
  CHECK_FALSE(second->process(call, Batch{}).ok());
}

TEST_CASE("an instance may be moved, and destroys what it holds once", "[plugin][instance]") {
  Loaded loaded{"sample"};
  auto made = loaded.make("filter.sample_min", "{}");
  REQUIRE(made.ok());
  OperatorInstance moved = *std::move(made);
  OperatorInstance assigned;
  CHECK_FALSE(static_cast<bool>(assigned));
  assigned = std::move(moved);
  CHECK(assigned.process(loaded.emissions.call(loaded.services), values({5})).ok());
}

TEST_CASE("plan() refuses parameters and replaces traits", "[plugin][instance][plan]") {
  Loaded loaded{"sample"};
  const auto bad = loaded.check("augment.sample_plan", R"({"ops": "bad"})");
  REQUIRE(bad.faults.size() == 1);
  CHECK(bad.faults[0].kind == "ops_syntax");
  CHECK(bad.faults[0].pointer == "/ops");
  const auto pure = loaded.check("augment.sample_plan", R"({"ops": "pure"})");
  CHECK(pure.faults.empty());
  CHECK(pure.traits == Json::object({{"replicable", true}}));
  CHECK(loaded.check("augment.sample_plan", R"({"ops": "throw"})").faults.at(0).kind ==
        "operator_failed");
  CHECK(loaded.check("augment.sample_plan", R"({"ops": "odd_trait"})").faults.at(0).kind ==
        "operator_failed");
  CHECK(loaded.check("augment.sample_plan", R"({"ops": "broken_trait"})").faults.at(0).kind ==
        "operator_failed");
  // plan() is not asked about parameters that break the declaration.
  CHECK(loaded.check("augment.sample_plan", R"({"ops": 1})").faults.size() == 1);
}

TEST_CASE("what is thrown from any hook becomes a code and a text", "[plugin][instance][throw]") {
  const std::string what = GENERATE("std", "failure", "int");
  Loaded loaded{"thrower"};
  const auto call = loaded.emissions.call(loaded.services);
  const auto params = [&](const std::string& hook) {
    return R"({"where": ")" + hook + R"(", "what": ")" + what + "\"}";
  };
  const auto expect = [&](const Error& error, const std::string& hook) {
    INFO(hook << ": " << error.message);
    CHECK(error.code == (what == "failure" ? Code::Unavailable : Code::Internal));
    if (what == "std") CHECK_THAT(error.message, Catch::Contains("broke in " + hook));
    if (what == "failure") CHECK_THAT(error.message, Catch::Contains("try again from " + hook));
    CHECK_FALSE(error.message.empty());
  };
  const auto planned = loaded.check("filter.thrower", params("plan"));
  REQUIRE(planned.faults.size() == 1);

  const auto created = loaded.make("filter.thrower", params("create"));
  REQUIRE_FALSE(created.ok());
  expect(created.error(), "create");

  const auto hook_error = [&](const std::string& id, const std::string& hook, auto use) {
    auto instance = loaded.make(id, params(hook));
    REQUIRE(instance.ok());
    const auto result = use(*instance);
    REQUIRE_FALSE(result.ok());
    expect(result.error(), hook);
  };
  hook_error("filter.thrower", "process",
             [&](auto& one) { return one.process(call, values({1})); });
  hook_error("filter.thrower", "process_after_emit",
             [&](auto& one) { return one.process(call, values({1})); });
  hook_error("filter.thrower", "finish", [&](auto& one) { return one.finish(call); });
  hook_error("filter.thrower", "snapshot", [&](auto& one) { return one.snapshot(call); });
  hook_error("filter.thrower", "restore", [&](auto& one) { return one.restore(call, "x"); });
  hook_error("input.thrower", "produce", [&](auto& one) { return one.produce(call); });
}

TEST_CASE("the text of a failure is mended when it is no UTF-8", "[plugin][instance][throw]") {
  Loaded loaded{"thrower"};
  const auto created = loaded.make("filter.thrower", R"({"where": "create", "what": "bytes"})");
  REQUIRE_FALSE(created.ok());
  CHECK(created.error().code == Code::DataInvalid);
  CHECK(created.error().message == "not text: \xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("a plugin that lets exceptions out or returns unknown codes is an error, no crash",
          "[plugin][instance]") {
  SECTION("exceptions") {
    Loaded loaded{"raw_escaping"};
    auto instance = loaded.make("filter.raw", "{}");
    REQUIRE(instance.ok());
    const auto processed = instance->process(loaded.emissions.call(loaded.services), values({1}));
    REQUIRE_FALSE(processed.ok());
    CHECK(processed.error().code == Code::Internal);
    CHECK_THAT(processed.error().message, Catch::Contains("out of the plugin"));
    CHECK_FALSE(instance->finish(loaded.emissions.call(loaded.services)).ok());
  }
}

TEST_CASE("outputs are staged, results and counts told", "[plugin][instance]") {
  Loaded loaded{"sample"};
  auto instance = loaded.make("output.sample_teller", R"({"target": "mem:out"})");
  REQUIRE(instance.ok());
  REQUIRE(instance->process(loaded.emissions.call(loaded.services, 4), values({1, 2})).ok());
  REQUIRE(instance->finish(loaded.emissions.call(loaded.services)).ok());
  CHECK(loaded.services.staged.at("mem:out")->size() == 2);
  CHECK(loaded.services.counts.at("rows") == 2);
  CHECK(loaded.services.progress_done == 2);
  CHECK(loaded.services.results.at("bytes") == "2");
  CHECK(loaded.services.logs == std::vector<std::string>{"node/1/batch 4 of job-7 at node"});
  CHECK(loaded.services.events == std::vector<std::string>{"seen/seen/7"});
}
