#include <ctime>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "api/atflow/authenticator.hpp"
#include "api/auth/qiniu_signature.hpp"
#include "engine/base/clock.hpp"
#include "tests/api_atflow/flow.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

std::string signed_by(const std::string& key, const std::string& secret,
                      const http::Request& request, const std::string& host) {
  return "Authorization: Qiniu " + key + ":" +
         auth::sign(secret, auth::string_to_sign(request, host));
}

http::Request get_list() {
  http::Request request;
  request.method = http::Method::Get;
  request.target = "/v1/dataflows";
  return request;
}

}  // namespace

TEST_CASE("settings of the sign-in do what they say", "[atflow][auth][settings]") {
  const auto err = [](const Json& auth, const std::vector<std::string>& headers) {
    Flow flow{Json{{"auth", auth}}};
    const auto answer = flow.plain("GET", "/v1/dataflows", headers);
    CHECK(answer.status == (answer.err().empty() ? 200 : 401));
    return answer.err();
  };
  const Json usual = Json::object();
  CHECK(err(usual, {}) == "40101");
  CHECK(err({{"enabled", false}}, {}).empty());

  const auto elsewhere = signed_by("ak-test", "sk-test", get_list(), "models.example.com");
  const Json trusted{{"trustedHosts", Json::array({"example.com", "models.example.com"})}};
  CHECK(err(usual, {elsewhere}) == "40104");
  CHECK(err(trusted, {elsewhere}).empty());
  CHECK(err(trusted, {signed_by("ak-test", "sk-test", get_list(), "m.example.com")}) == "40104");

  const auto older =
      "Authorization: QBox ak-test:" + auth::sign("sk-test", auth::qbox_string_to_sign(get_list()));
  CHECK(err(usual, {older}) == "40102");
  CHECK(err({{"acceptQBox", true}}, {older}).empty());

  const auto sent_before = [&](std::chrono::seconds age, const Json& auth) {
    auto date = to_rfc3339(system_clock().now() - age).substr(0, 19) + "Z";
    std::erase_if(date, [](char c) { return c == '-' || c == ':'; });
    Flow flow{Json{{"auth", auth}}};
    auto request = get_list();
    request.headers.add("X-Qiniu-Date", date);
    return flow
        .plain("GET", request.target,
               {"X-Qiniu-Date: " + date, signed_by("ak-test", "sk-test", request, flow.host())})
        .err();
  };
  CHECK(sent_before(std::chrono::minutes{10}, usual).empty());
  CHECK(sent_before(std::chrono::minutes{10}, {{"dateWindow", 60}}) == "40105");
  CHECK(sent_before(std::chrono::minutes{30}, usual) == "40105");
  CHECK(sent_before(std::chrono::minutes{30}, {{"dateWindow", 3600}}).empty());
}

TEST_CASE("E1: requests without a good signature are refused", "[atflow][auth]") {
  Flow flow;
  const auto refused = [&](const std::vector<std::string>& headers) {
    const auto answer = flow.plain("GET", "/v1/dataflows", headers);
    CHECK(answer.status == 401);
    return answer.err();
  };
  CHECK(refused({}) == "40101");
  CHECK(refused({"Authorization: Bearer x"}) == "40102");
  CHECK(refused({"Authorization: Qiniu nobody:AAAAAAAAAAAAAAAAAAAAAAAAAAA="}) == "40103");
  CHECK(refused({"Authorization: Qiniu ak-test:AAAAAAAAAAAAAAAAAAAAAAAAAAA="}) == "40104");
  CHECK(refused({signed_by("ak-test", "another secret", get_list(), flow.host())}) == "40104");
  CHECK(refused({signed_by("ak-test", "sk-test", get_list(), "example.com")}) == "40104");
}

TEST_CASE("a port that was signed twice is the same port, and no other", "[atflow][auth]") {
  Flow flow;
  const std::string port = flow.host().substr(flow.host().find(':'));
  const auto sent = [&](const std::string& host) {
    return flow.plain("GET", "/v1/dataflows", {signed_by("ak-test", "sk-test", get_list(), host)});
  };
  CHECK(sent(flow.host() + port).status == 200);
  CHECK(sent(flow.host() + port + port).err() == "40104");
  CHECK(sent(flow.host() + ":1").err() == "40104");
}

TEST_CASE("the replay guard is about what changes something", "[atflow][auth]") {
  Flow flow{Json{{"auth", {{"replayGuard", true}}}}};
  const auto now = std::time(nullptr);
  std::string date(16, ' ');
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::strftime(date.data(), date.size() + 1, "%Y%m%dT%H%M%SZ", &parts);
  const auto send = [&](http::Method method, const std::string& target) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.headers.add("X-Qiniu-Date", date);
    return flow.plain(
        to_string(method), target,
        {"X-Qiniu-Date: " + date, signed_by("ak-test", "sk-test", request, flow.host())});
  };
  CHECK(send(http::Method::Get, "/v1/dataflows").status == 200);
  CHECK(send(http::Method::Get, "/v1/dataflows").status == 200);
  const std::string abort = "/v1/dataflows/000000000000000000000000/abort";
  CHECK(send(http::Method::Post, abort).err() == "40402");
  CHECK(send(http::Method::Post, abort).err() == "40106");
}

TEST_CASE("the replay guard refuses what it could not remember", "[atflow][auth]") {
  atflow::Settings settings;
  settings.replay_guard = true;
  auto& key = settings.keys["ak"];
  key.access_key = "ak";
  key.secret_key = "sk";
  ManualClock clock{Clock::Wall{std::chrono::seconds{1'700'000'000}}};  // 20231114T221320Z
  const auto window = settings.date_window;
  const atflow::Authenticator authenticator{std::move(settings), clock, 2};
  const auto send = [&](int number, const std::string& date) {
    http::Request request;
    request.method = http::Method::Post;
    request.target = "/v1/dataflows/" + std::to_string(number) + "/abort";
    request.headers.add("Host", "h");
    request.headers.add("X-Qiniu-Date", date);
    request.authority.host = "h";
    request.headers.add("Authorization",
                        "Qiniu ak:" + auth::sign("sk", auth::string_to_sign(request, "h")));
    const auto found = authenticator.authenticate(request, {});
    return found.ok() ? std::string{} : found.error().code;
  };
  const std::string date = "20231114T221320Z";
  CHECK(send(1, date).empty());
  CHECK(send(1, date) == "auth_replay");
  CHECK(send(2, date).empty());
  CHECK(send(3, date) == "queue_full");
  clock.advance(2 * window + std::chrono::seconds{1});  // the two may be forgotten
  CHECK(send(3, "20231114T224321Z").empty());
}

TEST_CASE("E2: a signed list of an empty server", "[atflow][auth]") {
  Flow flow;
  const auto answer = flow.q("GET", "/v1/dataflows?limit=2");
  CHECK(answer.status == 200);
  CHECK(answer.text == R"({"items":[],"marker":""})");
}

TEST_CASE("an unsigned body is refused unless the settings allow it", "[atflow][auth]") {
  const auto send = [](Flow& flow) {
    http::Request request;
    request.method = http::Method::Post;
    request.target = "/v1/dataflows/mix";
    request.headers.add("Content-Type", "application/octet-stream");
    request.body = R"({"ops":[]})";
    return flow.plain("POST", request.target,
                      {"Content-Type: application/octet-stream",
                       signed_by("ak-test", "sk-test", request, flow.host())},
                      request.body);
  };
  Flow strict;
  CHECK(send(strict).err() == "40104");
  Flow lax{Json{{"auth", {{"requireSignedBody", false}}}}};
  CHECK(send(lax).err() == "40020");
}

TEST_CASE("dates are checked when they are sent, and demanded by a setting", "[atflow][auth]") {
  const auto send = [](Flow& flow, const std::string& date) {
    auto request = get_list();
    std::vector<std::string> headers;
    if (!date.empty()) {
      request.headers.add("X-Qiniu-Date", date);
      headers.push_back("X-Qiniu-Date: " + date);
    }
    headers.push_back(signed_by("ak-test", "sk-test", request, flow.host()));
    return flow.plain("GET", request.target, headers);
  };
  Flow flow;
  CHECK(send(flow, "").status == 200);
  CHECK(send(flow, "20200101T000000Z").err() == "40105");
  CHECK(send(flow, "yesterday").err() == "40105");
  Flow demanding{Json{{"auth", {{"requireDate", true}}}}};
  CHECK(send(demanding, "").err() == "40105");
}

TEST_CASE("a key sees its own jobs only, an administrator all", "[atflow][auth]") {
  Flow flow{Json{
      {"keys",
       {{{"accessKey", "ak-test"}, {"secretKey", "sk-test"}, {"logBucket", "qiniu:///z0/logs"}},
        {{"accessKey", "other"}, {"secretKey", "sk-other"}},
        {{"accessKey", "boss"}, {"secretKey", "sk-boss"}, {"admin", true}},
        {{"accessKey", "gone"}, {"secretKey", "sk-gone"}, {"enabled", false}}}}}};
  const auto id = flow.run_mix(mix_e4())["id"].get<std::string>();
  const auto get_as = [&](const std::string& key, const std::string& secret) {
    auto request = get_list();
    request.target += "/" + id;
    return flow.plain("GET", request.target, {signed_by(key, secret, request, flow.host())});
  };
  CHECK(get_as("ak-test", "sk-test").status == 200);
  CHECK(get_as("other", "sk-other").err() == "40402");
  CHECK(get_as("boss", "sk-boss").status == 200);
  CHECK(get_as("gone", "sk-gone").err() == "40103");
}

TEST_CASE("grants bind the addresses of a request and those inside its lists", "[atflow][auth]") {
  Flow flow{Json{{"keys",
                  {{{"accessKey", "ak-test"},
                    {"secretKey", "sk-test"},
                    {"logBucket", "qiniu:///z0/logs"},
                    {"grants", {"z0/lists", "z0/out", "z0/logs"}}}}}}};
  Json mix = mix_e4();
  CHECK(flow.q("POST", "/v1/dataflows/mix", mix.dump()).err() == "40111");
  std::filesystem::create_directories(flow.store() / "z0/lists");
  std::filesystem::copy_file(flow.store() / "z0/in/pulp.jsonlist",
                             flow.store() / "z0/lists/pulp.jsonlist");
  mix["ops"][0]["params"]["file"] = "qiniu:///z0/lists/pulp.jsonlist";
  const Json job = flow.run_mix(mix);
  CHECK(job["status"] == "finished");
  CHECK(job["counts"]["written"] == 0);
  CHECK(job["counts"]["failed"] == 14);
}

TEST_CASE("no key reads or writes files, whatever the roots of the server", "[atflow][auth]") {
  const bool has_grants = GENERATE(false, true);
  Json key{{"accessKey", "ak-test"}, {"secretKey", "sk-test"}, {"logBucket", "qiniu:///z0/logs"}};
  if (has_grants) key["grants"] = {"z0/in", "z0/out", "z0/logs"};
  Flow flow{Json{{"keys", Json::array({key})}}};
  std::filesystem::create_directories(flow.root());
  std::filesystem::copy_file(flow.store() / "z0/in/pulp.jsonlist", flow.root() / "pulp.jsonlist");
  std::filesystem::copy_file(flow.store() / "z0/in/img/a.png", flow.root() / "a.png");
  const auto file = [&](const char* name) { return "file://" + (flow.root() / name).string(); };
  const auto err = [&](auto change) {
    Json mix = mix_e4();
    change(mix);
    const auto answer = flow.q("POST", "/v1/dataflows/mix", mix.dump());
    INFO(answer.text);
    return answer.err();
  };
  CHECK(err([&](Json& mix) { mix["ops"][0]["params"]["file"] = file("pulp.jsonlist"); }) ==
        "40007");
  CHECK(err([&](Json& mix) { mix["ops"][2]["params"]["file"] = file("out.jsonlist"); }) == "40007");
  CHECK(err([&](Json& mix) { mix["ops"][2]["params"]["prefix"] = file("pictures"); }) == "40007");
  CHECK(err([&](Json& mix) { mix["logFile"] = file("log.jsonlist"); }) == "40007");
  CHECK(err([&](Json& mix) {
          mix["ops"][0]["params"]["file"] =
              "file://" + (flow.store() / "z0/other/a.jsonlist").string();
        }) == "40007");
  CHECK(err([&](Json& mix) { mix["ops"][0]["params"]["file"] = "blob:" + std::string(64, 'a'); }) ==
        "40007");
  // Inside a list, a picture that is a file is passed over like one that cannot be fetched.
  std::ofstream{flow.store() / "z0/in/files.jsonlist"} << Json{{"url", file("a.png")}}.dump()
                                                       << "\n";
  Json mix = mix_e4();
  mix["ops"][0]["params"]["file"] = "qiniu:///z0/in/files.jsonlist";
  mix["ops"][1]["params"]["condition"] = Json::array();
  const Json job = flow.run_mix(mix);
  CHECK(job["status"] == "finished");
  CHECK(job["counts"]["written"] == 0);
  CHECK(job["counts"]["failed"] == 1);
}
