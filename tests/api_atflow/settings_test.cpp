#include "api/atflow/settings.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace;

namespace {

std::string problem(const char* text) {
  const auto settings = atflow::read_settings(Json::parse(text));
  return settings.ok() ? "" : settings.error().message;
}

}  // namespace

TEST_CASE("settings are read", "[atflow][settings]") {
  const auto settings = atflow::read_settings(Json::parse(R"({
    "http": {"acceptedStatus": 200}, "defaults": {"logBucket": "qiniu:///z0/logs"}, "mix": {"relaxed": true},
    "auth": {"dateWindow": 60, "replayGuard": true, "trustedHosts": ["example.com"]},
    "keys": [{"accessKey": "a", "secretKey": "s", "admin": true, "grants": ["z0/*"]}]})"));
  REQUIRE(settings.ok());
  CHECK(settings->accepted_status == 200);
  CHECK(settings->log_bucket == "qiniu:///z0/logs");
  CHECK(settings->mix_relaxed);
  CHECK(settings->date_window == std::chrono::seconds{60});
  CHECK(settings->trusted_hosts == std::vector<std::string>{"example.com"});
  REQUIRE(settings->keys.count("a") == 1);
  CHECK(settings->keys.at("a").is_admin);
  CHECK(settings->keys.at("a").grants == std::vector<std::string>{"z0/*"});
}

TEST_CASE("limits become parameters of the operators that keep them", "[atflow][settings]") {
  const auto settings = atflow::read_settings(Json::parse(R"({
    "limits": {"maxRecords": 9, "maxBadLines": 2, "maxSide": 500, "maxPixels": 1000},
    "labels": {"minVisibility": 0.5, "boxMode": "aabb"}, "records": {"acceptLabelArray": false},
    "fetch": {"maxBytes": 77}})"));
  REQUIRE(settings.ok());
  CHECK(settings->max_records == 9);
  CHECK(settings->node_defaults == Json::parse(R"({
    "input.list": {"max_bad_lines": 2, "accept_label_array": false},
    "augment.render": {"max_side": 500, "max_pixels": 1000, "min_visibility": 0.5, "box_mode": "aabb", "max_bytes": 77}})"));
  CHECK(problem(R"({"limits": {"maxSide": 0}})").find("limits.maxSide") != std::string::npos);
  CHECK(problem(R"({"limits": {"maxRecords": "9"}})").find("limits.maxRecords") !=
        std::string::npos);
  CHECK(problem(R"({"labels": {"boxMode": "box"}})").find("polygon or aabb: labels.boxMode") !=
        std::string::npos);
  CHECK(problem(R"({"labels": {"minVisibility": 2}})").find("labels.minVisibility") !=
        std::string::npos);
}

TEST_CASE("records get http addresses when the zone has a public base", "[atflow][settings]") {
  const auto settings = atflow::read_settings(Json::parse(R"({
    "records": {"urlStyle": "http"}, "zones": {"z0": {"publicBase": "https://p.example.com"}}})"));
  REQUIRE(settings.ok());
  CHECK(settings->node_defaults == Json::parse(R"({
    "augment.render": {"url_style": "http", "public_bases": {"z0": "https://p.example.com"}}})"));
  CHECK(problem(R"({"records": {"urlStyle": "http"}})").find("publicBase") != std::string::npos);
  CHECK(problem(R"({"records": {"urlStyle": "s3"}})").find("qiniu or http: records.urlStyle") !=
        std::string::npos);
  CHECK(problem(R"({"zones": {"z0": {"publicBase": "p.example.com"}}})")
            .find("zones.z0.publicBase") != std::string::npos);
  CHECK(problem(R"({"zones": {"z0": {"driver": "local"}}})").empty());
  CHECK(problem(R"({"zones": {"z1": {"driver": "kodo"}}})") ==
        "atflow settings: must be local: kodo and s3 are not served yet: zones.z1.driver");
  CHECK(problem(R"({"zones": {"z1": {"driver": "s3"}}})").find("zones.z1.driver") !=
        std::string::npos);
  CHECK(problem(R"({"zones": ["z0"]})").find("settings.zones") != std::string::npos);
}

TEST_CASE("what the settings say of the server around the dialect is done", "[atflow][settings]") {
  const auto settings = atflow::read_settings(Json::parse(R"({
    "listen": "127.0.0.1:8081", "workers": 3, "queue": {"max": 7}, "store": "/srv/store",
    "zones": {"z0": {"driver": "local"}, "cn-1": {}}, "local": {"createBuckets": false},
    "fetch": {"allowPrivate": true, "tries": 2, "connectSeconds": 4, "totalSeconds": 9, "maxBytes": 77, "maxRedirects": 0},
    "limits": {"maxBody": 1000, "maxLine": 500}, "defaults": {"targetBase": "source"}})"));
  REQUIRE(settings.ok());
  CHECK(settings->server.listen_address == "127.0.0.1");
  CHECK(settings->server.listen_port == 8081);
  CHECK(settings->max_body_bytes == std::optional<std::int64_t>{1000});
  CHECK(settings->node_defaults["input.list"]["max_line_bytes"] == 500);
  EngineSettings engine;
  settings->server.apply(engine);
  CHECK(engine.workers == 3);
  CHECK(engine.jobs.max_queued == 7);
  CHECK(engine.store.folder == "/srv/store");
  CHECK(engine.store.zones == std::vector<std::string>{"z0", "cn-1"});
  CHECK_FALSE(engine.store.create_buckets);
  CHECK(engine.store.fetch.allow_private);
  CHECK(engine.store.fetch.tries == 2);
  CHECK(engine.store.fetch.connect == std::chrono::seconds{4});
  CHECK(engine.store.fetch.total == std::chrono::seconds{9});
  CHECK(engine.store.fetch.max_bytes == 77);
  CHECK(engine.store.fetch.max_redirects == 0);
  EngineSettings untouched;
  atflow::Settings{}.server.apply(untouched);
  CHECK(untouched.store.zones == std::vector<std::string>{"z0"});
  CHECK(problem(R"({"listen": "8080"})").find("settings.listen") != std::string::npos);
  CHECK(problem(R"({"workers": 0})").find("settings.workers") != std::string::npos);
  CHECK(problem(R"({"store": "store"})").find("settings.store") != std::string::npos);
  CHECK(problem(R"({"defaults": {"targetBase": "prefix"}})").find("defaults.targetBase") !=
        std::string::npos);
}

TEST_CASE("wrong settings name the member", "[atflow][settings]") {
  CHECK(problem(R"({"auht": {}})").find("settings.auht") != std::string::npos);
  CHECK(problem(R"({"auth": {"enabld": true}})").find("auth.enabld") != std::string::npos);
  CHECK(problem(R"({"auth": {"enabled": 1}})").find("true or false: auth.enabled") !=
        std::string::npos);
  CHECK(problem(R"({"http": {"acceptedStatus": 201}})").find("200 or 202") != std::string::npos);
  CHECK(problem(R"({"keys": [{"accessKey": "a"}]})").find("keys[0]") != std::string::npos);
  CHECK(problem(R"({"keys": [{"accessKey": "a:b", "secretKey": "s"}]})").find("colon") !=
        std::string::npos);
  CHECK(
      problem(
          R"({"keys": [{"accessKey": "a", "secretKey": "s"}, {"accessKey": "a", "secretKey": "t"}]})")
          .find("twice: a") != std::string::npos);
}

TEST_CASE("a file with secrets that others may read is refused", "[atflow][settings]") {
  const test::TemporaryFolder folder;
  const auto file = folder / "atflow.json";
  CHECK(atflow::load_settings(file).ok());
  std::ofstream{file} << R"({"keys": [{"accessKey": "a", "secretKey": "s"}]})";
  std::filesystem::permissions(file, std::filesystem::perms{0644});
  const auto open = atflow::load_settings(file);
  REQUIRE(!open.ok());
  CHECK(open.error().code == Code::PermissionDenied);
  std::filesystem::permissions(file, std::filesystem::perms{0600});
  CHECK(atflow::load_settings(file).ok());
}
