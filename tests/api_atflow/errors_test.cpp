#include <catch2/catch.hpp>

#include "api/atflow/mix.hpp"
#include "tests/api_atflow/flow.hpp"

using namespace millrace;
using namespace millrace::test;

TEST_CASE("E15: what does not exist is not found", "[atflow][errors]") {
  Flow flow;
  const auto check = [&](std::string_view method, std::string_view path, const std::string& err) {
    const auto answer = flow.q(method, path);
    CHECK(answer.status == 404);
    CHECK(answer.err() == err);
    CHECK(answer.body.size() == 2);
  };
  check("GET", "/v1/dataflows/000000000000000000000000", "40402");
  check("GET", "/v1/dataflows/nonsense", "40402");
  check("GET", "/", "40401");
  check("GET", "/v1/nope", "40401");
  check("DELETE", "/v1/dataflows", "40401");
  check("GET", "/v1/dataflows/", "40401");
}

TEST_CASE("bodies that are no JSON object are refused", "[atflow][errors]") {
  Flow flow;
  for (const char* body :
       {R"({"a":1,})", "[]", "nonsense", R"({"ops":[]} x)", "\xff\xfe", "\"text\""}) {
    const auto answer = flow.q("POST", "/v1/dataflows/mix", body);
    CHECK(answer.status == 400);
    CHECK(answer.err() == "40001");
  }
  const std::string deep = std::string(80, '[') + std::string(80, ']');
  CHECK(flow.q("POST", "/v1/dataflows/mix", deep).err() == "40001");
  CHECK(flow.q("POST", "/v1/dataflows/mix").err() == "40001");
}

TEST_CASE("a body over the limit is 400, and only for who has a key", "[atflow][errors]") {
  Flow flow;
  const std::string large(17u << 20, ' ');
  CHECK(flow.plain("POST", "/v1/dataflows/mix",
                   {"Authorization: Qiniu ak-test:AAAAAAAAAAAAAAAAAAAAAAAAAAA="}, large)
            .err() == "40002");
  CHECK(flow.plain("POST", "/v1/dataflows/mix", {}, large).err() == "40101");
}

TEST_CASE("a mix has half a million values at the most", "[atflow][errors][limits]") {
  Flow flow;
  // The object, the name and the list count too.
  const auto sent = [&](std::size_t numbers) {
    std::string body = R"({"ops":[0)";
    for (std::size_t i = 1; i < numbers; ++i) body += ",0";
    return flow.q("POST", "/v1/dataflows/mix", body + "]}");
  };
  CHECK(sent(atflow::kMostMixValues - 3).err() == "40041");
  const auto refused = sent(atflow::kMostMixValues - 2);
  CHECK(refused.err() == "40001");
  CHECK(refused.text.find("more than 500000 values") != std::string::npos);
}

TEST_CASE("fields of a mix are checked", "[atflow][errors]") {
  Flow flow;
  const auto err = [&](const Json& body) {
    const auto answer = flow.q("POST", "/v1/dataflows/mix", body.dump());
    INFO(answer.text);
    CHECK(answer.status / 100 == 4);
    return answer.err();
  };
  const auto with = [](const char* pointer, Json value) {
    Json mix = mix_e4();
    mix[Json::json_pointer(pointer)] = std::move(value);
    return mix;
  };
  CHECK(err(Json::object()) == "40020");
  CHECK(err(with("/logFile", 7)) == "40004");
  CHECK(err(with("/seed", -1)) == "40019");
  CHECK(err(with("/seed", 9007199254740992)) == "40019");
  CHECK(err(with("/seed", "7")) == "40004");
  CHECK(err(with("/ops/0/params/file", "qiniu:///z0/in/none.txt")) == "40403");
  CHECK(err(with("/ops/0/params/file", "qiniu:///z0/nowhere/none.txt")) == "40404");
  CHECK(err(with("/ops/0/params/file", "qiniu:///z0/in/img")) == "40403");  // a folder
  CHECK(err(with("/ops/0/params/file", "ftp://h/x")) == "40006");
  CHECK(err(with("/ops/2/params/prefix", "Qiniu:///z0/out/x")) == "40006");
  CHECK(err(with("/ops/0/params/file", "")) == "40003");
  CHECK(err(with("/ops/2/params/prefix", "")) == "40003");
  CHECK(err(with("/ops/2/params/file", "")) == "40003");
  CHECK(err(with("/ops/1/params/default", -1)) == "40019");
  CHECK(err(with("/ops/1/params/default", 1000.5)) == "40019");
  CHECK(err(with("/ops/1/params/default", "1")) == "40004");
  CHECK(err(with("/ops/2/params/prefix", "http://h/x")) == "40007");
  CHECK(err(with("/ops/2/params/prefix", "qiniu:///prefix")) == "40006");
  CHECK(err(with("/ops/2/params/prefix", "qiniu:///z9/b/k")) == "40008");
  CHECK(err(with("/ops/2/params/prefix", "qiniu:///z0/-b/k")) == "40009");
  CHECK(err(with("/ops/2/params/prefix", "qiniu:///z0/out/../../etc")) == "40010");
  CHECK(err(with("/ops/2/params/file", "qiniu:///z0/in/pulp.jsonlist")) == "40018");
  CHECK(err(with("/ops/1/params/condition", 7)) == "40004");
  CHECK(err(with("/ops/1/params/condition", Json::parse(R"([{"label":"class.x"}])"))) == "40039");
  CHECK(err(with("/ops/1/params/condition", nullptr)) == "40003");
}

TEST_CASE("a filter without a label lacks it", "[atflow][errors]") {
  Flow flow;
  const auto err = [&](Json params) {
    Json mix = mix_e4();
    mix["ops"][0]["postOps"] = {"few"};
    mix["ops"].push_back({{"name", "few"},
                          {"type", "filter"},
                          {"preOps", {"source"}},
                          {"postOps", {"flip1"}},
                          {"params", std::move(params)}});
    mix["ops"][1]["preOps"] = {"few"};
    const auto answer = flow.q("POST", "/v1/dataflows/mix", mix.dump());
    INFO(answer.text);
    CHECK(answer.body.value("message", "").find("ops[3].params.label") != std::string::npos);
    return answer.err();
  };
  CHECK(err({{"label", ""}, {"values", {"x"}}}) == "40003");
  CHECK(err({{"label", "pulp"}, {"values", {"x"}}}) == "40037");
}

TEST_CASE("anybody may ask whether the server is alive", "[atflow][errors]") {
  Flow flow;
  const auto alive = flow.plain("GET", "/healthz");
  CHECK(alive.status == 200);
  CHECK(alive.text == R"({"status":"ok"})");
}

TEST_CASE("a mix is accepted with the status that the settings say", "[atflow][settings]") {
  for (const int status : {200, 202}) {
    Flow flow{Json{{"http", {{"acceptedStatus", status}}}}};
    const auto accepted = flow.q("POST", "/v1/dataflows/mix", mix_e4().dump());
    CHECK(accepted.status == status);
    CHECK(flow.wait(accepted.id())["status"] == "finished");
  }
}

TEST_CASE("a server without a log bucket demands logFile", "[atflow][errors]") {
  Flow flow{Json{{"keys", {{{"accessKey", "ak-test"}, {"secretKey", "sk-test"}}}}}};
  const auto refused = flow.q("POST", "/v1/dataflows/mix", mix_e4().dump());
  CHECK(refused.err() == "40003");
  CHECK(refused.body["message"].get<std::string>().find("logFile") != std::string::npos);
  Json mix = mix_e4();
  mix["logFile"] = "qiniu:///z0/logs/mine.jsonlist";
  flow.run_mix(mix);
  CHECK(flow.exists("logs/mine.jsonlist"));
}
