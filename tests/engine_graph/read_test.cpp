#include <catch2/catch.hpp>

#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

using Words = std::vector<std::string>;

struct Read {
  Pipeline pipeline;
  Words faults;
};

Read read(std::string_view document, const PipelineRules& rules = {}) {
  std::vector<Fault> faults;
  Read result{read_pipeline(parsed(document), rules, faults), {}};
  for (const auto& fault : faults) result.faults.push_back(fault.kind + " " + fault.pointer);
  return result;
}

}  // namespace

TEST_CASE("every member of a pipeline is read", "[graph][read]") {
  const auto result =
      read(R"({"version": 1, "name": "n", "doc": "d", "logFile": "file:///l", "queue": "slow",
    "priority": -2, "seed": 9007199254740991, "ops": [{"name": "a", "type": "input.plain", "preOps": [],
    "postOps": ["b"], "params": {"x": 1}, "retry": {"tries": 4, "first_ms": 10, "longest_ms": 20},
    "timeout_ms": 1500, "checkpoint": false, "isolation": "thread"}]})");
  REQUIRE(result.faults.empty());
  const auto& pipeline = result.pipeline;
  CHECK(pipeline.name == "n");
  CHECK(pipeline.doc == "d");
  CHECK(pipeline.log_file == "file:///l");
  CHECK(pipeline.queue == "slow");
  CHECK(pipeline.priority == -2);
  CHECK(pipeline.seed == 9007199254740991u);
  REQUIRE(pipeline.ops.size() == 1);
  const auto& node = pipeline.ops[0];
  CHECK(node.post_ops == Words{"b"});
  CHECK(node.params == parsed(R"({"x": 1})"));
  CHECK(node.retry.tries == 4);
  CHECK(node.retry.first == std::chrono::milliseconds{10});
  CHECK(node.retry.longest == std::chrono::milliseconds{20});
  CHECK(node.timeout == std::chrono::milliseconds{1500});
  CHECK_FALSE(node.checkpoint);
  CHECK(node.is_readable);
}

TEST_CASE("ops that are missing, no array or empty are one kind of fault", "[graph][read]") {
  CHECK(read("{}").faults == Words{"ops_empty /ops"});
  CHECK(read(R"({"ops": null})").faults == Words{"ops_empty /ops"});
  CHECK(read(R"({"ops": {}})").faults == Words{"ops_empty /ops"});
  CHECK(read(R"({"ops": []})").faults == Words{"ops_empty /ops"});
  CHECK(faults_of(R"({"ops": []})") == Words{"ops_empty /ops"});
}

TEST_CASE("more nodes than the rules allow are refused before they are read", "[graph][read]") {
  PipelineRules rules;
  rules.max_nodes = 1;
  const auto result = read(R"({"ops": [1, 2]})", rules);
  CHECK(result.faults == Words{"too_many_nodes /ops"});
  CHECK(result.pipeline.ops.empty());
  CHECK(faults_of(R"({"ops": [1, 2]})", rules) == Words{"too_many_nodes /ops"});
}

TEST_CASE("every wrong member is reported with its place", "[graph][read]") {
  CHECK(
      read(
          R"({"version": 2, "name": 1, "logFile": [], "queue": 3, "priority": 1.5, "seed": -1, "opps": 1,
    "ops": [1, {"type": "x"}, {"name": 1, "type": 2}, {"name": "a", "type": "x", "preOps": "b", "postOps": ["c", 7],
      "params": [], "retry": {"tries": 0, "first": 1}, "timeout_ms": "1", "checkpoint": 0, "isolation": "process",
      "Params": {}}]})")
          .faults == Words{"unknown_key /opps",
                           "member_range /version",
                           "member_type /name",
                           "member_type /logFile",
                           "member_type /queue",
                           "member_type /priority",
                           "member_range /seed",
                           "node_name /ops/0",
                           "node_name /ops/1/name",
                           "node_name /ops/2/name",
                           "node_type /ops/2/type",
                           "node_member_type /ops/3/preOps",
                           "node_member_type /ops/3/postOps/1",
                           "node_member_type /ops/3/params",
                           "unknown_key /ops/3/Params",
                           "unknown_key /ops/3/retry/first",
                           "node_member_range /ops/3/retry/tries",
                           "node_member_type /ops/3/timeout_ms",
                           "node_member_type /ops/3/checkpoint",
                           "node_member_range /ops/3/isolation"});
}

TEST_CASE("an unknown key names the nearest one", "[graph][read]") {
  CHECK(message_of("unknown_key", R"({"logfile": "x", "ops": []})") ==
        "unknown key \"logfile\"; did you mean \"logFile\"?");
  CHECK(message_of("connection", R"({"connections": {"in": {"password": "sesame"}}, "ops": []})") ==
        "connection in: it needs \"address\", or \"user\" and \"schema\"");
  CHECK(message_of("member_type", R"({"connections": [], "ops": []})") ==
        "\"connections\" must be an object: name to {address, password}");
  CHECK(message_of("unknown_key", R"({"zzzzzz": "x", "ops": []})") == "unknown key \"zzzzzz\"");
}

TEST_CASE("isolation says which values exist", "[graph][read]") {
  CHECK(message_of("node_member_range",
                   R"({"ops": [{"name": "a", "type": "input.plain", "isolation": "process"}]})") ==
        "unknown isolation \"process\": this engine has \"thread\"");
}

TEST_CASE("a node that cannot be read keeps its place", "[graph][read]") {
  const auto result = read(R"({"ops": [3, {"name": "a", "type": "input.plain"}]})");
  REQUIRE(result.pipeline.ops.size() == 2);
  CHECK_FALSE(result.pipeline.ops[0].is_readable);
  CHECK(result.pipeline.ops[1].name == "a");
}

TEST_CASE("absent lists are told from empty ones", "[graph][read]") {
  const auto result = read(
      R"({"ops": [{"name": "a", "type": "t"}, {"name": "b", "type": "t", "preOps": [], "postOps": null}]})");
  CHECK(result.faults.empty());
  CHECK_FALSE(result.pipeline.ops[0].has_pre_ops);
  CHECK_FALSE(result.pipeline.ops[0].has_post_ops);
  CHECK(result.pipeline.ops[1].has_pre_ops);
  CHECK_FALSE(result.pipeline.ops[1].has_post_ops);
}

TEST_CASE("the mix rules demand lists and params, and pass over what they do not know",
          "[graph][read][mix]") {
  const auto result = read(R"({"anything": 1, "ops": [
    {"name": "a", "type": "input", "postOps": ["b"], "params": {}, "retry": 7, "x": 1},
    {"name": "b", "type": "augment"},
    {"name": "c", "type": "output", "preOps": ["b"], "params": {}},
    {"name": "d", "type": "Filter", "preOps": [], "postOps": [], "params": {}},
    {"name": "e", "type": "input.list", "preOps": [], "postOps": [], "params": {}}]})",
                           mix_rules());
  CHECK(result.faults == Words{"node_member_missing /ops/1/preOps",
                               "node_member_missing /ops/1/postOps",
                               "node_member_missing /ops/1/params", "node_type /ops/3/type",
                               "node_type /ops/4/type"});
  CHECK(result.pipeline.ops[0].has_pre_ops);
  CHECK(result.pipeline.ops[0].retry.tries == 1);
}

TEST_CASE("a thousand faults of one kind are counted, not listed", "[graph][read]") {
  Json ops = Json::array();
  for (int i = 0; i < 1000; ++i) ops.push_back(1);
  std::vector<Fault> faults;
  read_pipeline(Json{{"ops", ops}}, {}, faults);
  REQUIRE(faults.size() == 101);
  CHECK(faults.back().kind == "node_name");
  CHECK(faults.back().message == "900 more faults of this kind");
}
