// The rules of the mix request, one fault at a time, on the pipeline that its documentation shows.
#include <functional>

#include <catch2/catch.hpp>

#include "tests/engine_graph/graph_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

using Words = std::vector<std::string>;

Json mix() {
  return parsed(R"({"ops": [
    {"name": "source", "type": "input", "preOps": [], "postOps": ["flip1"], "params": {"file": "qiniu:///z0/in/p"}},
    {"name": "flip1", "type": "augment", "preOps": ["source"], "postOps": ["result"],
     "params": {"condition": [], "ops": "flip"}},
    {"name": "result", "type": "output", "preOps": ["flip1"], "postOps": [],
     "params": {"prefix": "qiniu:///z0/out", "file": "qiniu:///z0/out/t"}}]})");
}

// The faults of the mix after one change.
Words faults_after(const std::function<void(Json& ops)>& change,
                   const PipelineRules& rules = mix_rules()) {
  auto document = mix();
  change(document["ops"]);
  return faults_of(document.dump(), rules);
}

Json node(const char* name, const char* type, Json pre_ops, Json post_ops) {
  Json params = Json::object();
  if (std::string_view{type} == "filter") params = {{"label", "class.pulp"}, {"values", {"x"}}};
  if (std::string_view{type} == "augment") params = {{"ops", "flip"}, {"condition", Json::array()}};
  if (std::string_view{type} == "output")
    params = {{"file", std::string{"qiniu:///z0/out/"} + name}};
  return {{"name", name},
          {"type", type},
          {"preOps", pre_ops},
          {"postOps", post_ops},
          {"params", params}};
}

}  // namespace

TEST_CASE("the documented mix is valid under the mix rules and under the native ones",
          "[graph][mix]") {
  CHECK(faults_of(mix().dump(), mix_rules()).empty());
  CHECK(faults_of(mix().dump()).empty());
}

TEST_CASE("the mix rules find each fault of the graph", "[graph][mix]") {
  CHECK(faults_after([](Json& ops) { ops.erase(2); }) ==
        Words{"unknown_reference /ops/1/postOps/0", "output_count /ops"});
  CHECK(faults_after([](Json& ops) {
          ops[1]["postOps"].push_back("two");
          ops.push_back(node("two", "output", {"flip1"}, Json::array()));
        }) == Words{"output_count /ops/3"});
  CHECK(faults_after([](Json& ops) { ops.erase(0); }) ==
        Words{"unknown_reference /ops/0/preOps/0", "no_input /ops"});
  CHECK(faults_after([](Json& ops) { ops[1]["name"] = "source"; })[0] == "name_twice /ops/1/name");
  CHECK(faults_after([](Json& ops) { ops[1]["type"] = "Filter"; }) ==
        Words{"node_type /ops/1/type"});
  CHECK(faults_after([](Json& ops) { ops[0]["preOps"] = {"flip1"}; })[0] ==
        "edge_one_way /ops/0/preOps/0");
  CHECK(faults_after([](Json& ops) { ops[0]["preOps"] = {"flip1"}; })[1] ==
        "input_pre_ops /ops/0/preOps");
  CHECK(faults_after([](Json& ops) { ops[2]["postOps"] = {"flip1"}; }) ==
        Words{"edge_one_way /ops/2/postOps/0", "output_post_ops /ops/2/postOps"});
  CHECK(faults_after([](Json& ops) { ops[1]["postOps"] = {"nobody"}; })[0] ==
        "unknown_reference /ops/1/postOps/0");
  CHECK(faults_after([](Json& ops) { ops[2]["preOps"] = {"source"}; }) ==
        Words{"edge_one_way /ops/2/preOps/0", "edge_one_way /ops/1/postOps/0"});
  CHECK(faults_after([](Json& ops) { ops[1] = node("flip1", "filter", {"source"}, {"result"}); }) ==
        Words{"role_order /ops/2/preOps/0"});
  CHECK(faults_after([](Json& ops) {
          ops[1]["preOps"].push_back("flip1");
          ops[1]["postOps"].push_back("flip1");
        }) == Words{"cycle /ops/1"});
  CHECK(faults_after([](Json& ops) { ops[2]["preOps"] = Json::array(); })[1] ==
        "pre_ops_empty /ops/2/preOps");
  CHECK(faults_after([](Json& ops) { ops[0]["postOps"] = Json::array(); })[1] ==
        "post_ops_empty /ops/0/postOps");
  CHECK(faults_after([](Json& ops) { ops[1]["preOps"].push_back("source"); }) ==
        Words{"name_repeated /ops/1/preOps/1"});
  CHECK(faults_after([](Json& ops) { ops[2]["params"]["file"] = "qiniu:///z0/in/p"; }) ==
        Words{"same_address /ops/2/params/file"});
  CHECK(faults_after([](Json& ops) { ops[0]["params"].erase("file"); }) ==
        Words{"parameter_missing /ops/0/params/file"});
  CHECK(faults_after([](Json& ops) { ops[1]["params"]["ops"] = "frobnicate"; }) ==
        Words{"ops_unknown /ops/1/params/ops"});
}

TEST_CASE("ports are no part of the mix format", "[graph][mix]") {
  CHECK(faults_after([](Json& ops) { ops[1]["preOps"] = {"source:main"}; })[0] ==
        "unknown_reference /ops/1/preOps/0");
}

TEST_CASE("the relaxed table also lets filters follow one another", "[graph][mix]") {
  auto relaxed = mix_rules();
  relaxed.relaxed_roles = true;
  const auto with_filters = [](Json& ops) {
    ops[1] = node("flip1", "filter", {"source"}, {"f2"});
    ops.push_back(node("f2", "filter", {"flip1"}, {"result"}));
    ops[2]["preOps"] = {"f2"};
  };
  CHECK(faults_after(with_filters, relaxed).empty());
  CHECK(faults_after(with_filters) ==
        Words{"role_order /ops/2/preOps/0", "role_order /ops/3/preOps/0"});
}

TEST_CASE("more than a thousand nodes are too many for a mix", "[graph][mix]") {
  CHECK(faults_after([](Json& ops) {
          for (int i = 0; i < 998; ++i) ops.push_back(ops[0]);
        }) == Words{"too_many_nodes /ops"});
}
