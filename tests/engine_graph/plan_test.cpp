#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

using Words = std::vector<std::string>;

std::string golden(const std::string& name) {
  std::ifstream file{std::string{MR_SOURCE_DIR} + "/tests/engine_graph/golden/" + name};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The names of the nodes before a node of the plan, with ports.
Words before(const Plan& plan, std::size_t node) {
  Words names;
  for (auto edge = plan.first_into[node]; edge < plan.first_into[node + 1]; ++edge) {
    const auto& from = plan.nodes[static_cast<std::size_t>(plan.edges[edge].from.value)];
    names.push_back(from.tail().name +
                    (plan.edges[edge].port.empty() ? "" : ":" + plan.edges[edge].port));
  }
  return names;
}

constexpr auto kAugment = R"({"name": "example", "seed": 3, "ops": [
  {"name": "photos", "type": "input.list", "params": {"file": "f:photos"}},
  {"name": "more", "type": "input.list", "params": {"file": "f:more"}},
  {"name": "keep", "type": "filter.label", "preOps": ["photos"], "params": {"label": "class.x", "values": ["a"]}},
  {"name": "flip", "type": "augment.apply", "preOps": ["keep"], "params": {"ops": "flip", "condition": []}},
  {"name": "soft", "type": "augment.apply", "preOps": ["flip"], "params": {"ops": "blur", "condition": []}},
  {"name": "out", "type": "output.list", "preOps": ["photos", "soft", "more"],
   "params": {"file": "f:out", "prefix": "f:pictures"}}]})";

}  // namespace

TEST_CASE("a filter right behind an input is pushed into it", "[graph][plan][push_filters]") {
  const auto plan =
      planned(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "w1", "type": "filter.where", "preOps": ["in"], "params": {"least": 2}},
    {"name": "w2", "type": "filter.where", "preOps": ["w1"], "params": {"least": 5}},
    {"name": "out", "type": "output.any", "preOps": ["w2"]}]})");
  CHECK(names_of(*plan) == Words{"in", "out"});
  CHECK(before(*plan, 1) == Words{"in"});
  CHECK(
      plan->nodes[0].head().params->at("where") ==
      parsed(
          R"([{"column": "size", "op": ">=", "value": 2}, {"column": "size", "op": ">=", "value": 5}])"));
}

TEST_CASE("a filter stays where the input has other consumers, is another kind, or cannot filter",
          "[graph][plan][push_filters]") {
  const auto shared =
      planned(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "w", "type": "filter.where", "preOps": ["in"], "params": {"least": 2}},
    {"name": "out", "type": "output.any", "preOps": ["in", "w"]}]})");
  CHECK(names_of(*shared) == Words{"in", "w", "out"});
  const auto plain = planned(R"({"ops": [{"name": "in", "type": "input.plain"},
    {"name": "w", "type": "filter.where", "preOps": ["in"], "params": {"least": 2}}]})");
  CHECK(names_of(*plain) == Words{"in", "w"});
  const auto merged =
      planned(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "other", "type": "input.plain"},
    {"name": "w", "type": "filter.where", "preOps": ["in", "other"], "params": {"least": 2}}]})");
  CHECK(names_of(*merged) == Words{"in", "other", "w"});
}

TEST_CASE("an input reads only the columns that its consumers tell of",
          "[graph][plan][prune_columns]") {
  const auto pruned =
      planned(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "n", "type": "filter.number", "preOps": ["in"]},
    {"name": "out", "type": "output.list", "preOps": ["n"], "params": {"file": "f:b"}}]})");
  CHECK(pruned->nodes[0].head().params->at("columns") == parsed(R"(["size", "url"])"));
  const auto chosen = planned(R"({"ops": [
    {"name": "in", "type": "input.list", "params": {"file": "f:a", "columns": ["label"]}},
    {"name": "out", "type": "output.list", "preOps": ["in"], "params": {"file": "f:b"}}]})");
  CHECK(chosen->nodes[0].head().params->at("columns") == parsed(R"(["label"])"));
  for (const auto* any :
       {R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
      {"name": "out", "type": "output.any", "preOps": ["in"]}]})",
        R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
      {"name": "n", "type": "filter.number", "preOps": ["in"]}]})"}) {
    CHECK(planned(any)->nodes[0].head().params->at("columns").empty());
  }
}

TEST_CASE("the reader of an input goes right behind it, once for all who take its rows",
          "[graph][plan][put_readers]") {
  const auto plan = planned(R"({"defaults": {"preprocess.read": {"most": 7}}, "ops": [
    {"name": "in", "type": "input.places", "params": {"table": "posts", "connections": 3}, "timeout_ms": 70},
    {"name": "more", "type": "input.plain"},
    {"name": "k", "type": "filter.state", "preOps": ["in"]},
    {"name": "out", "type": "output.any", "preOps": ["in", "more", "k"]}]})");
  CHECK(names_of(*plan) == Words{"in", "in.read", "more", "k", "out"});
  CHECK(before(*plan, 1) == Words{"in"});
  CHECK(before(*plan, 3) == Words{"in.read"});
  CHECK(before(*plan, 4) == Words{"in.read", "more", "k"});
  const auto& reader = plan->nodes[1].head();
  CHECK(*reader.params == parsed(R"({"table": "posts", "connections": 3, "most": 7})"));
  CHECK(reader.info->instances == 3);
  CHECK(reader.timeout == std::chrono::milliseconds{70});
  CHECK(plan->nodes[1].note == "inserted: reads where the input says");
}

TEST_CASE("the reader stands behind an input that nobody follows, and is not put in twice",
          "[graph][plan][put_readers]") {
  CHECK(names_of(*planned(R"({"ops": [{"name": "in", "type": "input.places"}]})")) ==
        Words{"in", "in.read"});
  CHECK(names_of(*planned(R"({"ops": [{"name": "in", "type": "input.places"},
    {"name": "own", "type": "preprocess.read", "preOps": ["in"], "params": {"table": "v"}},
    {"name": "out", "type": "output.any", "preOps": ["own"]}]})")) == Words{"in", "own", "out"});
}

TEST_CASE("a reader that works at few places at once is no part of a chain without that bound",
          "[graph][plan][put_readers]") {
  const auto plan = planned(R"({"ops": [{"name": "in", "type": "input.places"},
    {"name": "d", "type": "filter.disk", "preOps": ["in"]}, {"name": "e", "type": "filter.disk", "preOps": ["d"]}]})");
  CHECK(names_of(*plan) == Words{"in", "in.read", "d+e"});
}

TEST_CASE("recipes are made real in one node in front of the first that needs them",
          "[graph][plan][materialise]") {
  const auto plan = planned(kAugment);
  CHECK(names_of(*plan) == Words{"photos", "more", "keep", "flip+soft", "out.render", "out"});
  CHECK(before(*plan, 4) == Words{"photos", "soft", "more"});
  CHECK(before(*plan, 5) == Words{"out.render"});
  const auto& render = plan->nodes[4].head();
  CHECK(render.info->id == "augment.render");
  CHECK(render.table != nullptr);
  CHECK(*render.params == parsed(R"({"turns": "auto", "prefix": "f:pictures"})"));
  CHECK(plan->nodes[4].note == "inserted: makes recipes real");
}

TEST_CASE(
    "an inserted node has the defaults of its operator, and what its consumer says before them",
    "[graph][plan][materialise]") {
  const auto plan = planned(R"({"defaults": {"augment.render": {"least": 7, "most": 9}}, "ops": [
    {"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "blur", "type": "augment.apply", "preOps": ["in"], "params": {"ops": "blur", "condition": []}},
    {"name": "out", "type": "output.list", "preOps": ["blur"],
     "params": {"file": "f:b", "prefix": "f:p", "most": 3}}]})");
  CHECK(names_of(*plan) == Words{"in", "blur", "out.render", "out"});
  const auto& render = *plan->nodes[2].head().params;
  CHECK(render.at("least") == 7);
  CHECK(render.at("most") == 3);
  CHECK(render.at("prefix") == "f:p");
}

TEST_CASE("an inserted node takes a free name and its consumer's retries",
          "[graph][plan][materialise]") {
  const auto plan =
      planned(R"({"ops": [{"name": "out.render", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "a", "type": "augment.apply", "preOps": ["out.render"], "params": {"ops": "blur", "condition": []}},
    {"name": "out", "type": "output.list", "preOps": ["a"], "params": {"file": "f:b"}, "retry": {"tries": 5},
     "timeout_ms": 70}]})");
  CHECK(names_of(*plan) == Words{"out.render", "a", "out.render2", "out"});
  CHECK(plan->nodes[2].head().retry.tries == 5);
  CHECK(plan->nodes[2].head().timeout == std::chrono::milliseconds{70});
}

TEST_CASE("a renderer in the pipeline is enough, and filters on labels handle recipes",
          "[graph][plan][materialise]") {
  const auto plan =
      planned(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
    {"name": "a", "type": "augment.apply", "preOps": ["in"], "params": {"ops": "blur", "condition": []}},
    {"name": "l", "type": "filter.label", "preOps": ["a"], "params": {"label": "class.x", "values": ["a"]}},
    {"name": "r", "type": "augment.render", "preOps": ["l"]},
    {"name": "k", "type": "filter.serial", "preOps": ["r"]}]})");
  CHECK(names_of(*plan) == Words{"in", "a", "l", "r", "k"});
}

TEST_CASE("only turns are done without decoding", "[graph][plan][lossless_turns]") {
  const auto of = [](const std::string& first, const std::string& second,
                     const std::string& render = "{}") {
    return planned(R"({"ops": [{"name": "in", "type": "input.list", "params": {"file": "f:a"}},
      {"name": "a", "type": "augment.apply", "preOps": ["in"], "params": {"ops": ")" +
                   first + R"(", "condition": []}},
      {"name": "b", "type": "augment.apply", "preOps": ["a"], "params": {"ops": ")" +
                   second + R"(", "condition": []}},
      {"name": "r", "type": "augment.render", "preOps": ["in", "b"], "params": )" +
                   render + "}]}");
  };
  CHECK(of("flip", "flip")->nodes.back().head().params->at("turns") == "lossless");
  CHECK(of("flip", "blur")->nodes.back().head().params->at("turns") == "auto");
  CHECK(of("blur", "flip")->nodes.back().head().params->at("turns") == "auto");
  CHECK(of("flip", "flip", R"({"turns": "lossless"})")->nodes.back().head().params->at("turns") ==
        "lossless");
}

TEST_CASE("nodes in a row are fused when they run alike", "[graph][plan][fuse]") {
  const auto chain = [](const Words& nodes) {
    std::string ops = R"({"name": "in", "type": "input.plain"})";
    std::string last = "in";
    for (const auto& node : nodes) {
      const auto name = "n" + std::to_string(&node - nodes.data());
      ops += R"(, {"name": ")" + name + R"(", "preOps": [")" + last + R"("], )" + node + "}";
      last = name;
    }
    return names_of(*planned(R"({"ops": [)" + ops + "]}"));
  };
  const std::string keep = R"("type": "filter.keep")";
  const std::string serial = R"("type": "filter.serial")";
  CHECK(chain({keep, keep, keep}) == Words{"in", "n0+n1+n2"});
  CHECK(chain({serial, serial}) == Words{"in", "n0+n1"});
  CHECK(chain({keep, serial}) == Words{"in", "n0", "n1"});
  CHECK(chain({R"("type": "filter.state")", R"("type": "filter.state")"}) ==
        Words{"in", "n0", "n1"});
  CHECK(chain({R"("type": "filter.disk")", keep}) == Words{"in", "n0", "n1"});
  CHECK(chain({R"("type": "filter.grain")", keep, R"("type": "filter.grain")"}) ==
        Words{"in", "n0+n1", "n2"});
  CHECK(chain({keep, keep + R"(, "retry": {"tries": 2})", keep, keep}) ==
        Words{"in", "n0", "n1", "n2+n3"});
  CHECK(chain({keep, keep + R"(, "timeout_ms": 5)"}) == Words{"in", "n0", "n1"});
  CHECK(chain({keep, R"("type": "filter.split")", keep}) == Words{"in", "n0+n1", "n2"});
}

TEST_CASE("a fork or a meeting ends a chain, and edges stay in the order of preOps",
          "[graph][plan][fuse]") {
  const auto plan = planned(R"({"ops": [{"name": "in", "type": "input.plain"},
    {"name": "a", "type": "filter.keep", "preOps": ["in"]}, {"name": "b", "type": "filter.keep", "preOps": ["a"]},
    {"name": "c", "type": "filter.keep", "preOps": ["b"]}, {"name": "d", "type": "filter.keep", "preOps": ["b"]},
    {"name": "e", "type": "filter.keep", "preOps": ["d"]},
    {"name": "f", "type": "filter.keep", "preOps": ["e", "in", "c"]}, {"name": "g", "type": "filter.split", "preOps": ["f"]},
    {"name": "o", "type": "output.any", "preOps": ["g:test", "g"]}]})");
  CHECK(names_of(*plan) == Words{"in", "a+b", "c", "d+e", "f+g", "o"});
  CHECK(before(*plan, 4) == Words{"e", "in", "c"});
  CHECK(before(*plan, 5) == Words{"g:test", "g"});
  CHECK(plan->first_into.back() == plan->edges.size());
}

TEST_CASE("a long chain is fused into one node", "[graph][plan][fuse]") {
  AddressServices services;
  Pipeline pipeline;
  pipeline.ops.resize(50'000);
  for (std::size_t i = 0; i < pipeline.ops.size(); ++i) {
    pipeline.ops[i].name = "n" + std::to_string(i);
    pipeline.ops[i].type = i == 0 ? "input.plain" : "filter.keep";
    if (i > 0) pipeline.ops[i].pre_ops = {"n" + std::to_string(i - 1)};
    pipeline.ops[i].has_post_ops = false;
  }
  const auto validation = validate(pipeline, test_registry(), services);
  REQUIRE(validation.graph);
  const auto plan = make_plan(*validation.graph, test_registry());
  REQUIRE(plan.ok());
  REQUIRE((*plan)->nodes.size() == 2);
  CHECK((*plan)->nodes[1].chain.size() == 49'999);
  CHECK(explain(**plan).size() < 1000);
}

TEST_CASE("explain draws the plan and tells what was done", "[graph][plan][explain]") {
  CHECK(explain(*planned(kAugment)) == golden("augment.txt"));
  CHECK(explain(*planned(R"({"ops": [{"name": "in", "type": "input.plain"},
    {"name": "split", "type": "filter.split", "preOps": ["in"]},
    {"name": "a", "type": "filter.serial", "preOps": ["split:train"]},
    {"name": "b", "type": "filter.state", "preOps": ["split:test"]},
    {"name": "c", "type": "filter.disk", "preOps": ["in"], "retry": {"tries": 3}, "timeout_ms": 250},
    {"name": "out", "type": "output.any", "preOps": ["c", "a"]}]})")) == golden("fork.txt"));
  CHECK(explain(*planned(R"({"ops": [{"name": "only", "type": "input.plain"}]})")) ==
        golden("one.txt"));
}

TEST_CASE("explain as JSON holds the same", "[graph][plan][explain]") {
  const auto json = explain_json(*planned(kAugment));
  CHECK(json["name"] == "example");
  CHECK(json["seed"] == 3);
  CHECK(json["nodes"].size() == 6);
  CHECK(json["nodes"][3]["chain"].size() == 2);
  CHECK(json["nodes"][4]["grain"] == 8);
  CHECK(json["nodes"][4]["note"] == "inserted: makes recipes real");
  CHECK(json["nodes"][4]["inputs"] ==
        parsed(R"([{"node": "photos"}, {"node": "flip"}, {"node": "more"}])"));
  CHECK(json["nodes"][0]["pool"] == "waiting");
  CHECK_FALSE(json["steps"].empty());
}
