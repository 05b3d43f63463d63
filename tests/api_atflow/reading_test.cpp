#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "api/atflow/dialect.hpp"
#include "api/route/request_schema.hpp"
#include "engine/base/clock.hpp"

#include <fmt/format.h>

using namespace millrace;

namespace {

/// The dialect without a server: what its routes read of a request, and what they refuse.
class Desk {
 public:
  Result<api::Values, api::Refusal> read(const char* route, const http::Request& request) const {
    const auto& routes = dialect_.routes;
    const auto found = std::find_if(routes.begin(), routes.end(),
                                    [&](const api::Route& each) { return each.name == route; });
    REQUIRE(found != routes.end());
    const auto schema = api::RequestSchema::read(found->schema);
    REQUIRE(schema.ok());
    return schema->values(request, dialect_.reading);
  }
  Json body(std::string text) const {
    http::Request request;
    request.body = std::move(text);
    auto values = read("mix", request);
    REQUIRE(values.ok());
    return values->take("body");
  }
  /// The number of the answer; empty when nothing is refused.
  std::string err(const char* route, const http::Request& request) const {
    const auto values = read(route, request);
    return values.ok() ? std::string{} : answer(values.error())["err"].get<std::string>();
  }
  std::string err(std::string body) const {
    http::Request request;
    request.body = std::move(body);
    return err("mix", request);
  }
  std::string err_of_query(std::string name, std::string text) const {
    http::Request request;
    request.query = {{std::move(name), std::move(text)}};
    return err("list", request);
  }
  Json answer(const api::Refusal& refusal) const {
    const auto response = dialect_.refuse(refusal, {});
    const Json body = Json::parse(std::get<std::string>(response.body));
    CHECK(std::to_string(response.status) == body["err"].get<std::string>().substr(0, 3));
    return body;
  }

 private:
  api::Dialect dialect_ = atflow::make_dialect(
      std::make_shared<atflow::Authenticator>(atflow::Settings{}, system_clock()));
};

}  // namespace

TEST_CASE("each field of a mix has its number", "[atflow][reading]") {
  const Desk desk;
  for (const char* none : {"", "nonsense", "[]", "7", "null", R"({"ops":[1],"ops":[1]})"})
    CHECK(desk.err(none) == "40001");
  for (const char* empty : {"{}", R"({"ops":null})", R"({"ops":[]})", R"({"ops":{}})"})
    CHECK(desk.err(empty) == "40020");
  CHECK(desk.err(R"({"ops":[{}],"logFile":7})") == "40004");
  for (const char* seed : {"\"7\"", "1.5", "true", "[]"})
    CHECK(desk.err(fmt::format(R"({{"ops":[{{}}],"seed":{}}})", seed)) == "40004");
  for (const char* seed : {"-1", "9007199254740992", "18446744073709551615", "1e300"})
    CHECK(desk.err(fmt::format(R"({{"ops":[{{}}],"seed":{}}})", seed)) == "40019");
  CHECK(desk.err(R"({"ops":[{}],"seed":9007199254740991})").empty());
}

TEST_CASE("fields are checked in the order of the document, and all faults are told",
          "[atflow][reading]") {
  const Desk desk;
  http::Request request;
  request.body = R"({"seed":-1,"logFile":7})";
  const auto all = desk.answer(desk.read("mix", request).error());
  CHECK(all["err"] == "40020");
  const auto message = all["message"].get<std::string>();
  CHECK(message.find("ops: ") < message.find("logFile: "));
  CHECK(message.find("logFile: ") < message.find("seed: "));
  CHECK(desk.err(R"({"ops":[{}],"seed":-1,"logFile":7})") == "40004");
}

TEST_CASE("what the document does not know is passed over, whatever it holds",
          "[atflow][reading]") {
  const Desk desk;
  const auto body = desk.body(R"({"comment": 18446744073709551615, "seed": null, "ops": [
    {"type": "augment", "note": 18446744073709551615, "name": "a", "preOps": null,
     "params": {"chain": 18446744073709551615, "ops": "flip", "default": null}},
    {"type": "input", "params": {"file": "", "label": "x"}},
    {"type": "other", "params": {"any": 1}}, 7]})");
  CHECK(body == Json::parse(R"({"ops": [
    {"name": "a", "type": "augment", "params": {"ops": "flip"}},
    {"type": "input", "params": {}},
    {"type": "other", "params": {"any": 1}}, 7], "seed": 0})"));
}

TEST_CASE("a number that nothing keeps is refused as what it should have been",
          "[atflow][reading]") {
  const Desk desk;
  const auto with = [&](const char* type, const char* params) {
    return desk.err(fmt::format(R"({{"ops":[{{"type":"{}","params":{}}}]}})", type, params));
  };
  CHECK(with("augment", R"({"default": 18446744073709551615})") == "40019");
  CHECK(with("augment", R"({"condition": [{"values": {"x": 18446744073709551615}}]})") == "40040");
  CHECK(with("filter", R"({"values": [18446744073709551615]})") == "40038");
}

TEST_CASE("limit and marker are read as declared", "[atflow][reading]") {
  const Desk desk;
  for (const char* limit : {"", "0", "-1", "+5", "x", "1.5", " 1", "-99999999999999999999"})
    CHECK(desk.err_of_query("limit", limit) == "40011");
  for (const char* marker : {"zzz", "00000000000000000000000", "0000000000000000000000000",
                             "ABCDEFABCDEFABCDEFABCDEF", "\xff"})
    CHECK(desk.err_of_query("marker", marker) == "40012");
  CHECK(desk.err_of_query("marker", "").empty());
  CHECK(desk.err_of_query("marker", "0123456789abcdef01234567").empty());

  const auto limit = [&](std::vector<std::pair<std::string, std::string>> query) {
    http::Request request;
    request.query = std::move(query);
    const auto values = desk.read("list", request);
    REQUIRE(values.ok());
    return values->integer("limit");
  };
  CHECK(limit({}) == 100);
  CHECK(limit({{"limit", "501"}}) == 501);
  CHECK(limit({{"limit", "99999999999999999999"}}) == std::numeric_limits<std::int64_t>::max());

  http::Request both;
  both.query = {{"marker", "zzz"}, {"limit", "0"}};
  CHECK(desk.err("list", both) == "40011");
}

TEST_CASE("what can be no id of a job is not found", "[atflow][reading]") {
  const Desk desk;
  for (const char* route : {"get", "abort"}) {
    for (const char* id : {"nonsense", "00000000000000000000000Z", "\xff"}) {
      http::Request request;
      request.path_values = {{"id", id}};
      CHECK(desk.err(route, request) == "40402");
    }
  }
}

TEST_CASE("a fault has its number by code and place", "[atflow][reading]") {
  const Desk desk;
  const auto err = [&](std::string code, std::string path) {
    return desk.answer(api::refusal({{.path = std::move(path), .code = std::move(code)}}))["err"];
  };
  CHECK(err("no_input", "/ops") == "40024");
  CHECK(err("too_many_nodes", "/ops") == "40041");
  CHECK(err("parameter_range", "/ops/1/params/values") == "40038");
  CHECK(err("parameter_type", "/ops/1/params/values/0") == "40038");
  CHECK(err("parameter_type", "/ops/1/params/values") == "40004");
  CHECK(err("parameter_missing", "/ops/1/params/values") == "40003");
  CHECK(err("parameter_range", "/ops/1/params/default") == "40019");
  CHECK(err("parameter_range", "/ops/1/params/other") == "40000");
  CHECK(err("parameter_more", "") == "40000");
  CHECK(err("a code of tomorrow", "/ops/0") == "40000");
}
