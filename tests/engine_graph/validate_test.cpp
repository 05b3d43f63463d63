#include <catch2/catch.hpp>

#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

using Words = std::vector<std::string>;

Words node_names(const Graph& graph) {
  Words names;
  for (const auto& node : graph.nodes) names.push_back(node.name);
  return names;
}

}  // namespace

TEST_CASE("a valid pipeline becomes a graph with checked parameters and shared operators",
          "[graph][validate]") {
  const auto validation =
      validated(R"({"name": "n", "seed": 5, "priority": 2, "queue": "q", "ops": [
    {"name": "in", "type": "input.list", "params": {"file": "file:///a"}},
    {"name": "x", "type": "filter.keep", "preOps": ["in"]},
    {"name": "y", "type": "filter.keep", "preOps": ["in", "x"]},
    {"name": "out", "type": "output.list", "preOps": ["y"], "params": {"file": "file:///b"}}]})");
  REQUIRE(validation.faults.empty());
  const auto& graph = *validation.graph;
  CHECK(node_names(graph) == Words{"in", "x", "y", "out"});
  CHECK(graph.seed == 5);
  CHECK(graph.priority == 2);
  CHECK(graph.queue == "q");
  CHECK(graph.nodes[0].params->at("where") == Json::array());
  CHECK(graph.nodes[0].info->blocking);
  CHECK(graph.nodes[0].table != nullptr);
  CHECK(graph.nodes[1].info == graph.nodes[2].info);
  CHECK(graph.nodes[1].params == graph.nodes[2].params);
  const auto into = graph.into(NodeId{2});
  REQUIRE(into.size() == 2);
  CHECK(into[0].from == NodeId{0});
  CHECK(into[1].from == NodeId{1});
  CHECK(graph.into(NodeId{0}).empty());
}

TEST_CASE("the short names of the mix format stand for their operators", "[graph][validate]") {
  const auto validation = validated(R"({"ops": [
    {"name": "in", "type": "input", "params": {"file": "file:///a"}},
    {"name": "out", "type": "output", "preOps": ["in"], "params": {"file": "file:///b"}}]})");
  REQUIRE(validation.graph);
  CHECK(validation.graph->nodes[0].info->id == "input.list");
}

TEST_CASE("postOps alone, preOps alone or both describe the same edges", "[graph][validate]") {
  for (
      const auto* document :
      {R"({"ops": [{"name": "a", "type": "input.plain"}, {"name": "b", "type": "filter.keep", "preOps": ["a"]},
                    {"name": "c", "type": "output.any", "preOps": ["a", "b"]}]})",
       R"({"ops": [{"name": "a", "type": "input.plain", "postOps": ["b", "c"]},
                    {"name": "b", "type": "filter.keep", "postOps": ["c"]}, {"name": "c", "type": "output.any"}]})",
       R"({"ops": [{"name": "a", "type": "input.plain", "preOps": [], "postOps": ["c", "b"]},
                    {"name": "b", "type": "filter.keep", "preOps": ["a"], "postOps": ["c"]},
                    {"name": "c", "type": "output.any", "preOps": ["a", "b"], "postOps": []}]})"}) {
    const auto validation = validated(document);
    REQUIRE(validation.faults.empty());
    const auto& edges = validation.graph->edges;
    REQUIRE(edges.size() == 3);
    CHECK(edges[0].from == NodeId{0});
    CHECK(edges[0].to == NodeId{1});
    CHECK(edges[1].from == NodeId{0});
    CHECK(edges[1].to == NodeId{2});
    CHECK(edges[2].from == NodeId{1});
  }
}

TEST_CASE("nodes are put in order, and a document in order keeps it", "[graph][validate][order]") {
  CHECK(
      node_names(*validated(R"({"ops": [{"name": "out", "type": "output.any", "preOps": ["b", "a"]},
    {"name": "b", "type": "filter.keep", "preOps": ["in2"]}, {"name": "a", "type": "filter.keep", "preOps": ["in1"]},
    {"name": "in1", "type": "input.plain"}, {"name": "in2", "type": "input.plain"}]})")
                      .graph) == Words{"in1", "a", "in2", "b", "out"});
  CHECK(
      node_names(
          *validated(
               R"({"ops": [{"name": "in1", "type": "input.plain"}, {"name": "in2", "type": "input.plain"},
    {"name": "b", "type": "filter.keep", "preOps": ["in2"]}, {"name": "a", "type": "filter.keep", "preOps": ["in1"]},
    {"name": "out", "type": "output.any", "preOps": ["a", "b"]}]})")
               .graph) == Words{"in1", "in2", "b", "a", "out"});
}

TEST_CASE("names are checked, and used once", "[graph][validate]") {
  CHECK(
      faults_of(
          R"({"ops": [{"name": "a", "type": "input.plain"}, {"name": "a", "type": "filter.keep", "preOps": ["a"]}]})") ==
      Words{"name_twice /ops/1/name"});
  for (const auto* name :
       {"", " a", "a ", "a#b", "a:b", "a\\u0007", "\\u00a0a", "a\\u3000", "a\\u0085"}) {
    INFO(name);
    const auto document =
        std::string{R"({"ops": [{"name": ")"} + name + R"(", "type": "input.plain"}]})";
    CHECK(faults_of(document) == Words{"node_name /ops/0/name"});
  }
  const std::string longest(128, 'x');
  CHECK(faults_of(R"({"ops": [{"name": ")" + longest + R"(", "type": "input.plain"}]})").empty());
  CHECK(faults_of(R"({"ops": [{"name": "x)" + longest + R"(", "type": "input.plain"}]})").size() ==
        1);
  CHECK(faults_of(R"({"ops": [{"name": "人 脸", "type": "input.plain"}]})").empty());
}

TEST_CASE("an unknown operator names the nearest one", "[graph][validate]") {
  constexpr auto document = R"({"ops": [{"name": "a", "type": "input.plian"}]})";
  CHECK(faults_of(document) == Words{"unknown_operator /ops/0/type"});
  CHECK(message_of("unknown_operator", document) ==
        "there is no operator \"input.plian\"; did you mean \"input.plain\"?");
}

TEST_CASE("an operator whose renderer is not installed cannot be used", "[graph][validate]") {
  CHECK(faults_of(R"({"ops": [{"name": "a", "type": "input.plain"},
    {"name": "b", "type": "augment.orphan", "preOps": ["a"]}]})") ==
        Words{"unknown_operator /ops/1/type"});
}

TEST_CASE("references lead to nodes that exist, once, and from both ends", "[graph][validate]") {
  CHECK(
      faults_of(
          R"({"ops": [{"name": "source", "type": "input.plain", "postOps": ["kept", "keep", "keep"]},
    {"name": "keep", "type": "filter.keep", "preOps": ["source", "sorce", "source"]}]})") ==
      Words{"unknown_reference /ops/1/preOps/1", "name_repeated /ops/1/preOps/2",
            "unknown_reference /ops/0/postOps/0", "name_repeated /ops/0/postOps/2"});
  CHECK(message_of("unknown_reference", R"({"ops": [{"name": "source", "type": "input.plain"},
    {"name": "keep", "type": "filter.keep", "preOps": ["sorce"]}]})") ==
        "preOps of \"keep\" names a node that does not exist: \"sorce\"; did you mean \"source\"?");
  CHECK(faults_of(R"({"ops": [{"name": "a", "type": "input.plain", "postOps": ["b"]},
    {"name": "b", "type": "filter.keep", "preOps": ["a"], "postOps": []},
    {"name": "c", "type": "filter.keep", "preOps": ["a", "b"]}]})") ==
        Words{"edge_one_way /ops/2/preOps/0", "edge_one_way /ops/2/preOps/1"});
  CHECK(faults_of(R"({"ops": [{"name": "a", "type": "input.plain", "postOps": ["b", "c"]},
    {"name": "b", "type": "filter.keep", "preOps": ["a"]},
    {"name": "c", "type": "filter.keep", "preOps": ["b"]}]})") ==
        Words{"edge_one_way /ops/0/postOps/1"});
}

TEST_CASE("two ports of one node are two edges", "[graph][validate]") {
  const auto validation = validated(R"({"ops": [{"name": "in", "type": "input.plain"},
    {"name": "split", "type": "filter.split", "preOps": ["in"]},
    {"name": "out", "type": "output.any", "preOps": ["split:test", "split", "split:train"]}]})");
  REQUIRE(validation.faults.empty());
  const auto into = validation.graph->into(NodeId{2});
  REQUIRE(into.size() == 3);
  CHECK(into[0].port == "test");
  CHECK(into[1].port.empty());
  CHECK(into[2].port == "train");
  CHECK(faults_of(R"({"ops": [{"name": "in", "type": "input.plain"},
    {"name": "split", "type": "filter.split", "preOps": ["in"]},
    {"name": "out", "type": "output.any", "preOps": ["split:test", "split:tset", "in", "split:test", "split:"]}]})") ==
        Words{"name_repeated /ops/2/preOps/3", "unknown_reference /ops/2/preOps/4",
              "unknown_port /ops/2/preOps/1"});
}

TEST_CASE("nothing precedes an input or follows an output", "[graph][validate][roles]") {
  CHECK(
      faults_of(
          R"({"ops": [{"name": "a", "type": "input.plain"}, {"name": "b", "type": "input.plain", "preOps": ["a"]},
    {"name": "o", "type": "output.any", "preOps": ["b"]}, {"name": "c", "type": "filter.keep", "preOps": ["o"]}]})") ==
      Words{"input_pre_ops /ops/1/preOps", "role_order /ops/3/preOps/0"});
  CHECK(faults_of(R"({"ops": [{"name": "a", "type": "input.plain"},
    {"name": "o", "type": "output.any", "preOps": ["a"], "postOps": ["c"]}, {"name": "c", "type": "filter.keep"}]})") ==
        Words{"output_post_ops /ops/1/postOps"});
  CHECK(faults_of(R"({"ops": [{"name": "c", "type": "filter.keep"}]})") ==
        Words{"pre_ops_empty /ops/0/preOps"});
}

TEST_CASE("an output that tells of what it wrote may be followed", "[graph][validate][roles]") {
  constexpr std::string_view kDocument = R"({"ops": [
    {"name": "in", "type": "input.list", "params": {"file": "good:a"}, "postOps": ["out"]},
    {"name": "out", "type": "output.telling", "preOps": ["in"], "postOps": ["then"]},
    {"name": "then", "type": "TYPE", "preOps": ["out"]}]})";
  const auto followed_by = [&](std::string_view type, const PipelineRules& rules = {}) {
    std::string document{kDocument};
    return faults_of(document.replace(document.find("TYPE"), 4, type), rules);
  };
  CHECK(followed_by("output.any").empty());
  CHECK(followed_by("filter.keep").empty());
  // Its own columns are all that it sends.
  CHECK(followed_by("output.telling") == Words{"schema /ops/2/preOps/0"});
  CHECK(followed_by("input.plain") == Words{"input_pre_ops /ops/2/preOps"});
}

TEST_CASE("several outputs, and none, are both fine", "[graph][validate][roles]") {
  CHECK(
      faults_of(
          R"({"ops": [{"name": "a", "type": "input.plain"}, {"name": "b", "type": "train.model", "preOps": ["a"]},
    {"name": "o", "type": "output.any", "preOps": ["a"]}, {"name": "p", "type": "output.any", "preOps": ["b"]}]})")
          .empty());
  CHECK(faults_of(R"({"ops": [{"name": "a", "type": "input.plain"}]})").empty());
}

TEST_CASE("a cycle is told with its nodes in order", "[graph][validate][order]") {
  constexpr auto document = R"({"ops": [{"name": "in", "type": "input.plain"},
    {"name": "c", "type": "filter.keep", "preOps": ["b"]}, {"name": "a", "type": "filter.keep", "preOps": ["in", "c"]},
    {"name": "b", "type": "filter.keep", "preOps": ["a"]}, {"name": "self", "type": "filter.keep", "preOps": ["self"]}]})";
  CHECK(faults_of(document) == Words{"cycle /ops/4", "cycle /ops/1"});
  const auto validation = validated(document);
  CHECK_FALSE(validation.graph);
  CHECK(validation.faults[0].message ==
        "the nodes form a cycle, so none of them could begin: self -> self");
  CHECK(validation.faults[1].message ==
        "the nodes form a cycle, so none of them could begin: c -> a -> b -> c");
}

TEST_CASE("parameters are checked at their place, by declaration and by the operator",
          "[graph][validate]") {
  CHECK(faults_of(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "bad:x"}},
    {"name": "a", "type": "augment.apply", "preOps": ["in"], "params": {"ops": "frobnicate", "condition": []}},
    {"name": "w", "type": "filter.where", "preOps": ["a"], "params": {"leest": 1, "column": 7}},
    {"name": "o", "type": "output.list", "preOps": ["w"], "params": {"prefix": "denied:p", "file": "file:///b"}},
    {"name": "t", "type": "train.model", "preOps": ["w"], "params": {"rate": 2}}]})") ==
        Words{"uri_scheme /ops/0/params/file", "ops_unknown /ops/1/params/ops",
              "parameter_type /ops/2/params/column", "parameter_unknown /ops/2/params/leest",
              "uri_rights /ops/3/params/prefix", "parameter_range /ops/4/params/rate"});
  CHECK(faults_of(R"({"logFile": "bad:log", "ops": [{"name": "in", "type": "input.plain"}]})") ==
        Words{"uri_scheme /logFile"});
}

TEST_CASE("a plan hook's traits belong to the nodes with those parameters", "[graph][validate]") {
  const auto validation =
      validated(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "a", "type": "augment.apply", "preOps": ["in"], "params": {"ops": "flip", "condition": []}},
    {"name": "b", "type": "augment.apply", "preOps": ["in"], "params": {"ops": "blur", "condition": []}},
    {"name": "c", "type": "augment.apply", "preOps": ["in"], "params": {"ops": "flip", "condition": []}}]})");
  REQUIRE(validation.faults.empty());
  const auto& nodes = validation.graph->nodes;
  CHECK(nodes[1].info->hints == parsed(R"({"turns": true})"));
  CHECK(nodes[2].info->hints.empty());
  CHECK(nodes[1].info == nodes[3].info);
  CHECK(nodes[1].params == nodes[3].params);
}

TEST_CASE("an edge whose columns do not fit is reported", "[graph][validate][schema]") {
  constexpr auto document =
      R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "b", "type": "augment.boxes", "preOps": ["in"]},
    {"name": "t", "type": "filter.text", "preOps": ["in"]}, {"name": "n", "type": "filter.number", "preOps": ["in"]},
    {"name": "o", "type": "output.list", "preOps": ["n"], "params": {"file": "f:b"}}]})";
  CHECK(faults_of(document) == Words{"schema /ops/1/preOps/0", "schema /ops/2/preOps/0"});
  const auto faults = validated(document).faults;
  CHECK(faults[0].message ==
        "\"b\" (augment.boxes) reads the column \"boxes\", which \"in\" does not send");
  CHECK(faults[1].message ==
        "\"t\" (filter.text) reads the column \"size\" as utf8, but \"in\" sends it as int64");
}

TEST_CASE("a column that is used where it is there comes from one of the nodes before",
          "[graph][validate][schema]") {
  const auto gathered = [](const std::string& before, const std::string& pre_ops) {
    return validated(
               R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}}, )" +
               before + R"({"name": "g", "type": "preprocess.gather", "preOps": )" + pre_ops +
               R"(}, {"name": "n", "type": "filter.keep", "preOps": ["g"]}]})")
        .faults;
  };
  // One branch lacks the size, the other a flag that nobody has.
  const auto none = gathered(R"({"name": "w", "type": "input.made"}, )", R"(["in", "w"])");
  REQUIRE(none.size() == 1);
  CHECK(none[0].kind == "schema");
  CHECK(none[0].pointer == "/ops/2");
  CHECK_THAT(
      none[0].message,
      Catch::StartsWith("\"g\" (preprocess.gather) reads the column \"boxed\", which no node "
                        "before it sends"));
  CHECK(gathered(R"({"name": "w", "type": "input.boxed"}, )", R"(["in", "w"])").empty());
  CHECK(gathered(R"({"name": "p", "type": "input.plain"}, )", R"(["in", "p"])").empty());
  const auto words = gathered(R"({"name": "w", "type": "input.words"}, )", R"(["w"])");
  REQUIRE(words.size() == 2);
  CHECK_THAT(words[0].message,
             Catch::EndsWith("reads the column \"size\" as int64|bool, but it comes as utf8"));
}

TEST_CASE("columns that are not known are not guessed at", "[graph][validate][schema]") {
  CHECK(faults_of(R"({"ops": [{"name": "in", "type": "input.plain"},
    {"name": "b", "type": "augment.boxes", "preOps": ["in"]}, {"name": "t", "type": "filter.text", "preOps": ["b"]}]})")
            .empty());
}

TEST_CASE("a column must not meet itself in another type", "[graph][validate][schema]") {
  const auto faults =
      validated(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "w", "type": "input.words"}, {"name": "k", "type": "filter.keep", "preOps": ["in", "w"]}]})")
          .faults;
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].kind == "schema");
  CHECK(faults[0].pointer == "/ops/2/preOps/1");
  CHECK(faults[0].message ==
        "the column \"size\" reaches \"k\" as utf8 from \"w\" and as int64 from a node before it");
}

TEST_CASE("targets, log and sources are different objects", "[graph][validate]") {
  CHECK(
      faults_of(
          R"({"logFile": "f:log", "ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "in2", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "o", "type": "output.list", "preOps": ["in"], "params": {"file": "f:a"}},
    {"name": "p", "type": "output.list", "preOps": ["in2"], "params": {"file": "f:log"}}]})") ==
      Words{"same_address /ops/2/params/file", "same_address /ops/3/params/file"});
}

TEST_CASE("a node that could not repeat a failed try is not tried again", "[graph][validate]") {
  CHECK(faults_of(R"({"ops": [
    {"name": "in", "type": "input.plain", "retry": {"tries": 2}},
    {"name": "a", "type": "filter.keep", "preOps": ["in"], "retry": {"tries": 2}},
    {"name": "b", "type": "filter.serial", "preOps": ["a"], "retry": {"tries": 2}},
    {"name": "c", "type": "filter.state", "preOps": ["b"], "retry": {"tries": 2}},
    {"name": "d", "type": "filter.state", "preOps": ["c"], "retry": {"tries": 1}},
    {"name": "e", "type": "filter.kept", "preOps": ["d"], "retry": {"tries": 2}}]})") ==
        Words{"retry_state /ops/0/retry", "retry_state /ops/3/retry"});
}

TEST_CASE("objects are told apart by what their addresses lead to", "[graph][validate]") {
  const auto document = [](const std::string& log, const std::string& in, const std::string& out) {
    return R"({"logFile": ")" + log + R"(", "ops": [
      {"name": "in", "type": "input.list", "params": {"file": ")" +
           in + R"("}},
      {"name": "o", "type": "output.list", "preOps": ["in"], "params": {"file": ")" +
           out + R"("}}]})";
  };
  CHECK(faults_of(document("f:log", "f:a", "f:b")).empty());
  CHECK(faults_of(document("f:log", "f:a", "f:./a")) == Words{"same_address /ops/1/params/file"});
  CHECK(faults_of(document("f:./a", "f:a", "f:b")) == Words{"same_address /ops/0/params/file"});
  CHECK(faults_of(document("f:./log", "f:a", "f:log")) == Words{"same_address /ops/1/params/file"});
  CHECK(message_of("same_address", document("f:log", "f:a", "f:./a")) ==
        "\"o\" and \"in\" use the same file, which must be different objects: f:./a is f:a");
  // What cannot be looked up is told apart by how it is spelled.
  CHECK(faults_of(document("f:log", "lost:a", "lost:./a")).empty());
  CHECK(faults_of(document("f:log", "lost:a", "lost:a")) ==
        Words{"same_address /ops/1/params/file"});
}

TEST_CASE("each address is looked up once, and none where nothing is written",
          "[graph][validate]") {
  struct CountingServices : AddressServices {
    Result<std::string> identify(std::string_view uri) override {
      ++asked;
      return AddressServices::identify(uri);
    }
    std::size_t asked = 0;
  };
  constexpr std::size_t kInputs = 5'000;
  Json ops = Json::array(), names = Json::array();
  for (std::size_t i = 0; i < kInputs; ++i) {
    const auto name = "in" + std::to_string(i);
    ops.push_back({{"name", name},
                   {"type", "input.list"},
                   {"params", {{"file", "f:" + std::to_string(i / 2)}}}});
    names.push_back(name);
  }
  const auto ask = [&ops] {
    CountingServices services;
    PipelineRules rules;
    rules.max_nodes = kInputs + 2;
    const auto faults =
        validate_document({{"ops", ops}}, nullptr, test_registry(), services, rules).faults;
    CHECK(faults.empty());
    return services.asked;
  };
  CHECK(ask() == 0);
  ops.push_back(
      {{"name", "o"}, {"type", "output.list"}, {"preOps", names}, {"params", {{"file", "f:out"}}}});
  CHECK(ask() == kInputs / 2 + 1);
}

TEST_CASE("a node says what it needs, or its operator does", "[graph][validate]") {
  const auto validation = validated(R"({"ops": [
    {"name": "in", "type": "input.plain"},
    {"name": "a", "type": "filter.busy", "preOps": ["in"]},
    {"name": "b", "type": "filter.busy", "preOps": ["a"], "resources": {"threads": 2, "class": "compute"}}]})");
  REQUIRE(validation.graph);
  const auto& nodes = validation.graph->nodes;
  CHECK(nodes[0].resources.empty());
  CHECK(nodes[1].resources.threads == 4);
  CHECK(nodes[1].is_training());
  CHECK(nodes[1].waits());
  CHECK(nodes[2].resources.threads == 2);
  CHECK(nodes[2].resources.memory_bytes == 1000);
  CHECK_FALSE(nodes[2].waits());
  CHECK(faults_of(R"({"ops": [
    {"name": "a", "type": "input.plain", "resources": {"threads": -1}},
    {"name": "b", "type": "input.plain", "resources": {"class": "fast"}},
    {"name": "c", "type": "input.plain", "resources": {"cores": 1}},
    {"name": "d", "type": "input.plain", "resources": 4}]})") ==
        Words{"node_member_range /ops/0/resources", "node_member_range /ops/1/resources",
              "node_member_range /ops/2/resources", "node_member_range /ops/3/resources"});
}

TEST_CASE("faults of every step are told at once", "[graph][validate]") {
  CHECK(faults_of(R"({"sede": 1, "params": {"x": {"type": "string"}}, "ops": [
    {"name": "a", "type": "input.plain", "timeout_ms": -1},
    {"name": "b", "type": "filter.kep", "preOps": ["a", "z"]},
    {"name": "c", "type": "filter.keep", "preOps": ["c"], "params": {"y": 1}}]})") ==
        Words{"param_missing /params/x", "unknown_key /sede", "node_member_range /ops/0/timeout_ms",
              "unknown_operator /ops/1/type", "unknown_reference /ops/1/preOps/1", "cycle /ops/2",
              "parameter_unknown /ops/2/params/y"});
}

TEST_CASE("a pipeline built without a document is held to the same rules", "[graph][validate]") {
  AddressServices services;
  Pipeline pipeline;
  CHECK(validate(pipeline, test_registry(), services).faults.at(0).kind == "ops_empty");
  pipeline.ops.resize(1);
  const auto faults = validate(pipeline, test_registry(), services).faults;
  REQUIRE(faults.size() == 2);
  CHECK(faults[0].kind == "node_name");
  CHECK(faults[1].kind == "unknown_operator");
}

TEST_CASE("a long cycle among many nodes is found without deep recursion",
          "[graph][validate][order]") {
  AddressServices services;
  Pipeline pipeline;
  constexpr int kNodes = 100'000;
  pipeline.ops.resize(kNodes);
  for (int i = 0; i < kNodes; ++i) {
    auto& node = pipeline.ops[static_cast<std::size_t>(i)];
    node.name = "n" + std::to_string(i);
    node.type = "filter.keep";
    node.pre_ops = {"n" + std::to_string((i + 1) % kNodes)};
    node.has_post_ops = false;
  }
  const auto faults = validate(pipeline, test_registry(), services).faults;
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].kind == "cycle");
  CHECK(faults[0].message.size() < 300);
}

TEST_CASE("defaults of an operator hold for all its nodes that do not say otherwise",
          "[graph][validate][defaults]") {
  const auto validation =
      validated(R"({"maxRecords": 12, "defaults": {"output.list": {"most": 4}}, "ops": [
    {"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "x", "type": "output", "preOps": ["in"], "params": {"file": "f:b"}},
    {"name": "y", "type": "output.list", "preOps": ["in"], "params": {"file": "f:c", "most": 5}}]})");
  REQUIRE(validation.graph);
  CHECK(validation.graph->max_records == 12);
  CHECK(validation.graph->nodes[1].params->at("most") == 4);
  CHECK(validation.graph->nodes[2].params->at("most") == 5);
}

TEST_CASE("wrong defaults are faults with their place, of operators that only the planner uses too",
          "[graph][validate][defaults]") {
  const auto faults = faults_of(R"({"maxRecords": 0, "defaults": {
      "augment.rendr": {}, "output": {"most": 1}, "filter.keep": 3,
      "augment.render": {"least": 0, "mots": 1, "prefix": "f:p"}},
    "ops": [{"name": "in", "type": "input.plain"}]})");
  const Words wanted{"member_range /maxRecords",
                     "member_type /defaults/filter.keep",
                     "unknown_operator /defaults/augment.rendr",
                     "unknown_operator /defaults/output",
                     "parameter_range /defaults/augment.render/least",
                     "parameter_unknown /defaults/augment.render/mots",
                     "parameter_invalid /defaults/augment.render/prefix"};
  CHECK(Words{faults} == wanted);
}
