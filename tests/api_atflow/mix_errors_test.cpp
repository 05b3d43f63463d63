#include <cstdint>

#include <catch2/catch.hpp>

#include "tests/api_atflow/flow.hpp"

using namespace millrace;
using namespace millrace::test;

TEST_CASE("E12: each fault of a graph has its number", "[atflow][mix]") {
  Flow flow;
  const auto err = [&](auto change) {
    Json mix = mix_e4();
    change(mix["ops"]);
    const auto answer = flow.q("POST", "/v1/dataflows/mix", mix.dump());
    INFO(answer.text);
    CHECK(answer.status == 400);
    return answer.err();
  };
  const Json filter = Json::parse(
      R"({"name":"f","type":"filter","preOps":["source"],"postOps":["result"],"params":{"label":"class.pulp","values":["x"]}})");

  CHECK(err([](Json& ops) {
          ops.erase(2);
          ops[1]["postOps"] = Json::array();
        }) == "40025");
  CHECK(err([](Json& ops) {
          ops.push_back(ops[2]);
          ops[3]["name"] = "second";
        }) == "40025");
  CHECK(err([](Json& ops) { ops[1]["name"] = "source"; }) == "40022");
  CHECK(err([](Json& ops) { ops[1]["type"] = "Filter"; }) == "40023");
  CHECK(err([](Json& ops) { ops[1]["type"] = "filter.label"; }) == "40023");
  CHECK(err([](Json& ops) { ops[0]["preOps"] = {"flip1"}; }) == "40026");
  CHECK(err([](Json& ops) { ops[2]["postOps"] = {"flip1"}; }) == "40027");
  CHECK(err([](Json& ops) { ops[1]["postOps"] = {"nobody"}; }) == "40028");
  CHECK(err([](Json& ops) { ops[2]["preOps"] = {"source"}; }) == "40029");
  CHECK(err([&](Json& ops) {
          ops.erase(1);
          ops[0]["postOps"] = {"f"};
          ops[1]["preOps"] = {"f"};
          ops.push_back(filter);
        }) == "40030");
  CHECK(err([](Json& ops) {
          ops[1]["preOps"] = {"source", "flip1"};
          ops[1]["postOps"] = {"result", "flip1"};
        }) == "40033");
  CHECK(err([](Json& ops) { ops[1]["params"]["ops"] = "flip;flop"; }) == "40017");
  CHECK(err([](Json& ops) { ops[1]["params"]["ops"] = ""; }) == "40017");
  CHECK(err([](Json& ops) { ops[1]["params"]["ops"] = "frobnicate"; }) == "40015");
  CHECK(err([](Json& ops) { ops[1]["params"]["ops"] = "rotate/[20"; }) == "40014");
  CHECK(err([](Json& ops) { ops[1]["params"]["ops"] = "rotate/400"; }) == "40016");
  CHECK(err([](Json& ops) {
          ops[1]["params"]["condition"][0]["values"] = {{"normal", -1}};
        }) == "40040");
  CHECK(err([](Json& ops) {
          ops[1]["params"]["condition"][0]["values"] = {{"normal", "3"}};
        }) == "40040");
  CHECK(err([](Json& ops) { ops[1]["params"]["condition"][0]["label"] = "pulp"; }) == "40037");
  CHECK(err([](Json& ops) { ops = Json::array(); }) == "40020");
  CHECK(err([](Json& ops) { ops[0].erase("name"); }) == "40021");
  CHECK(err([](Json& ops) { ops[1]["name"] = "a#b"; }) == "40021");
  CHECK(err([](Json& ops) { ops[1].erase("preOps"); }) == "40003");
  CHECK(err([](Json& ops) { ops[1]["preOps"] = "source"; }) == "40004");
  CHECK(err([](Json& ops) { ops[1]["params"].erase("ops"); }) == "40003");
  CHECK(err([](Json& ops) {
          ops.erase(0);
          ops[0]["preOps"] = Json::array();
        }) == "40024");
  CHECK(err([](Json& ops) { ops[2]["preOps"] = {"flip1", "flip1"}; }) == "40036");
  CHECK(err([](Json& ops) {
          ops[1]["preOps"] = Json::array();
          ops[0]["postOps"] = {"result"};
        }) == "40031");
  CHECK(err([](Json& ops) { ops[0]["postOps"] = Json::array(); }) == "40032");
  CHECK(err([&](Json& ops) {
          ops.push_back(filter);
          ops[3]["params"]["values"] = Json::array();
          ops[3]["postOps"] = {"flip1"};
          ops[0]["postOps"] = {"f"};
          ops[1]["preOps"] = {"f"};
        }) == "40038");
}

TEST_CASE("of several faults the first in the order of the checks counts, and all are told",
          "[atflow][mix]") {
  Flow flow;
  Json mix = mix_e4();
  mix["ops"][1]["params"]["ops"] = "frobnicate";
  mix["ops"][1]["postOps"] = {"nobody"};
  const auto answer = flow.q("POST", "/v1/dataflows/mix", mix.dump());
  CHECK(answer.err() == "40028");
  const auto message = answer.body["message"].get<std::string>();
  CHECK(message.find("nobody") != std::string::npos);
  CHECK(message.find("frobnicate") != std::string::npos);
}

TEST_CASE("unknown members of a mix are ignored, null counts as absent", "[atflow][mix]") {
  Flow flow;
  Json mix = mix_e4();
  mix["comment"] = std::uint64_t{18446744073709551615u};
  mix["seed"] = nullptr;
  mix["ops"][1]["note"] = std::uint64_t{18446744073709551615u};
  mix["ops"][1]["params"]["chain"] = true;
  CHECK(flow.run_mix(mix)["status"] == "finished");
}
