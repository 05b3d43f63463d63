#include <catch2/catch.hpp>

#include <fstream>

#include "api/atflow/settings.hpp"
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
  CHECK(problem(R"({"limits": {"maxRecords": "9"}})").find("limits.maxRecords") != std::string::npos);
  CHECK(problem(R"({"labels": {"boxMode": "box"}})").find("polygon or aabb: labels.boxMode") != std::string::npos);
  CHECK(problem(R"({"labels": {"minVisibility": 2}})").find("labels.minVisibility") != std::string::npos);
}

TEST_CASE("records get http addresses when the zone has a public base", "[atflow][settings]") {
  const auto settings = atflow::read_settings(Json::parse(R"({
    "records": {"urlStyle": "http"}, "zones": {"z0": {"publicBase": "https://p.example.com"}}})"));
  REQUIRE(settings.ok());
  CHECK(settings->node_defaults == Json::parse(R"({
    "augment.render": {"url_style": "http", "public_bases": {"z0": "https://p.example.com"}}})"));
  CHECK(problem(R"({"records": {"urlStyle": "http"}})").find("publicBase") != std::string::npos);
  CHECK(problem(R"({"records": {"urlStyle": "s3"}})").find("qiniu or http: records.urlStyle") != std::string::npos);
  CHECK(problem(R"({"zones": {"z0": {"publicBase": "p.example.com"}}})").find("zones.z0.publicBase") !=
        std::string::npos);
  CHECK(problem(R"({"zones": {"z0": {"driver": "local"}}})").find("zones.z0.driver") != std::string::npos);
  CHECK(problem(R"({"zones": ["z0"]})").find("settings.zones") != std::string::npos);
}

TEST_CASE("wrong settings name the member", "[atflow][settings]") {
  CHECK(problem(R"({"auht": {}})").find("settings.auht") != std::string::npos);
  CHECK(problem(R"({"auth": {"enabld": true}})").find("auth.enabld") != std::string::npos);
  CHECK(problem(R"({"auth": {"enabled": 1}})").find("true or false: auth.enabled") != std::string::npos);
  CHECK(problem(R"({"http": {"acceptedStatus": 201}})").find("200 or 202") != std::string::npos);
  CHECK(problem(R"({"keys": [{"accessKey": "a"}]})").find("keys[0]") != std::string::npos);
  CHECK(problem(R"({"keys": [{"accessKey": "a:b", "secretKey": "s"}]})").find("colon") != std::string::npos);
  CHECK(problem(R"({"keys": [{"accessKey": "a", "secretKey": "s"}, {"accessKey": "a", "secretKey": "t"}]})")
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
