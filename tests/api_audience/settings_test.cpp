#include "api/audience/settings.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "api/app/app.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace;
using namespace millrace::test;
using audience::Profile;
using audience::read_settings;
using audience::Settings;

namespace {

Settings settings_of(const Environment& variables) {
  auto read = read_settings(variables);
  if (!read.ok()) FAIL(read.error().message);
  return *std::move(read);
}

std::string why(const std::string& name, const std::string& value) {
  const auto read = read_settings({{name, value}});
  if (read.ok()) return {};
  CHECK(read.error().code == Code::InvalidArgument);
  return read.error().message;
}

void write_file(const std::filesystem::path& file, std::string_view text, bool is_private = true) {
  std::ofstream{file} << text;
  using std::filesystem::perms;
  std::filesystem::permissions(file, perms::owner_read | perms::owner_write |
                                         (is_private ? perms::none : perms::others_read));
}

}  // namespace

TEST_CASE("without variables the settings are those of the document", "[audience][settings]") {
  const auto settings = settings_of({});
  CHECK(settings.profile == Profile::Document);
  CHECK(settings.input_table == "ts_page_content");
  CHECK(settings.title == "Audience API");
  CHECK(settings.version == "2.1");
  CHECK(settings.prefix.empty());
  CHECK(settings.listen_address.empty());
  CHECK(settings.listen_port == 8000);
  CHECK(settings.max_body_bytes == 64u << 20);
  CHECK(settings.time_interval == std::chrono::hours{6});
  CHECK(settings.worker_queues.empty());
  CHECK(settings.max_jobs == 0);
  CHECK(settings.regex_match_limit == 10'000'000);
  CHECK(settings.author_memory_bytes == 64u << 20);
  CHECK(settings.site_hosts.empty());
  CHECK(settings.model_folder == std::filesystem::absolute("model_files"));
  CHECK(settings.rule_folder.empty());
  CHECK(settings.connections.empty());
}

TEST_CASE("each variable is read", "[audience][settings]") {
  const auto settings = settings_of({{"AUDIENCE_PROFILE", "ref"},
                                     {"INPUT_SCHEMA", "wh_fb"},
                                     {"INPUT_TABLE", "posts"},
                                     {"OUTPUT_SCHEMA", "audience_result"},
                                     {"DUMP_FROM_SCHEMA", "old"},
                                     {"DUMP_TO_SCHEMA", "new"},
                                     {"API_TITLE", "Labels"},
                                     {"API_VERSION", "9"},
                                     {"API_PREFIX", "api/"},
                                     {"MAX_BODY_MB", "8"},
                                     {"TIME_INTERVAL_HOURS", "24"},
                                     {"WORKER_QUEUES", "queue1, queue2,,slow"},
                                     {"MAX_JOBS", "3"},
                                     {"REGEX_MATCH_LIMIT", "1000"},
                                     {"AUTHOR_MEMORY_MB", "512"},
                                     {"SITE_HOSTS", "db1,10.0.0.5"},
                                     {"DUMP_ZIP", "False"},
                                     {"MODEL_PATH_FIELD_DIRECTORY", "/srv/models"},
                                     {"RULE_FOLDER", "/srv/rules"},
                                     {"UNKNOWN", "passed over"}});
  CHECK(settings.profile == Profile::Reference);
  CHECK(settings.input_schema == "wh_fb");
  CHECK(settings.input_table == "posts");
  CHECK(settings.output_schema == "audience_result");
  CHECK(settings.dump_from_schema == "old");
  CHECK(settings.dump_to_schema == "new");
  CHECK(settings.title == "Labels");
  CHECK(settings.version == "9");
  CHECK(settings.prefix == "/api");
  CHECK(settings.max_body_bytes == 8u << 20);
  CHECK(settings.time_interval == std::chrono::hours{24});
  CHECK(settings.worker_queues == std::vector<std::string>{"queue1", "queue2", "slow"});
  CHECK(settings.max_jobs == 3);
  CHECK(settings.regex_match_limit == 1'000);
  CHECK(settings.author_memory_bytes == 512u << 20);
  CHECK(settings.site_hosts == std::vector<std::string>{"db1", "10.0.0.5"});
  CHECK(settings.model_folder == "/srv/models");
  CHECK(settings.rule_folder == "/srv/rules");
}

TEST_CASE("two servers become connections of pipelines", "[audience][settings]") {
  const auto settings = settings_of({{"INPUT_HOST", "in.example"},
                                     {"INPUT_PORT", "3307"},
                                     {"INPUT_USER", "reader@x"},
                                     {"INPUT_PASSWORD", "p#1"},
                                     {"OUTPUT_USER", "writer"},
                                     {"OUTPUT_SCHEMA", "audience_result"}});
  CHECK(settings.connections ==
        NamedConnections{
            {audience::kInputConnection,
             {"mysql://reader%40x@in.example:3307/audience_result", "p#1"}},
            {audience::kOutputConnection, {"mysql://writer@localhost:3306/audience_result", ""}}});
  CHECK(settings_of({{"OUTPUT_HOST", "db"}, {"OUTPUT_SCHEMA", "s"}}).connections.empty());
}

TEST_CASE("a port of its own is asked for by its host or its number", "[audience][settings]") {
  const auto address = [](const Environment& variables) {
    const auto settings = settings_of(variables);
    return settings.listen_address + ":" + std::to_string(settings.listen_port);
  };
  CHECK(address({{"ENV", "production"}}) == ":8000");
  CHECK(address({{"API_PORT", "9000"}}) == "127.0.0.1:9000");
  CHECK(address({{"API_PORT", "9000"}, {"ENV", "development"}}) == "127.0.0.1:9000");
  CHECK(address({{"API_PORT", "9000"}, {"ENV", "production"}}) == "0.0.0.0:9000");
  CHECK(address({{"API_HOST", "::1"}, {"ENV", "production"}}) == "::1:8000");
}

TEST_CASE("a value that is none is refused by its name", "[audience][settings]") {
  CHECK(why("AUDIENCE_PROFILE", "both") == "AUDIENCE_PROFILE must be doc or ref: both");
  CHECK(why("TIME_INTERVAL_HOURS", "25") ==
        "TIME_INTERVAL_HOURS must be a number of hours from 1 to 24: 25");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"TIME_INTERVAL_HOURS", "0"},
                                                        {"TIME_INTERVAL_HOURS", "6h"},
                                                        {"INPUT_PORT", "0"},
                                                        {"OUTPUT_PORT", "65536"},
                                                        {"OUTPUT_PORT", "-1"},
                                                        {"MAX_BODY_MB", "0"},
                                                        {"MAX_BODY_MB", "1025"},
                                                        {"MAX_BODY_MB", "18446744073709551616"},
                                                        {"MAX_JOBS", "-1"},
                                                        {"REGEX_MATCH_LIMIT", "999"},
                                                        {"AUTHOR_MEMORY_MB", "65537"},
                                                        {"DUMP_ZIP", "maybe"},
                                                        {"API_PREFIX", "/a b"},
                                                        {"API_PREFIX", "/{x}"},
                                                        {"API_PREFIX", "a//b"},
                                                        {"API_PORT", "http"},
                                                        {"INPUT_SCHEMA", "a\nb"},
                                                        {"API_TITLE", "\xFF"},
                                                        {"WORKER_QUEUES", "queue1,no queue\x01"}}) {
    CAPTURE(name, value);
    CHECK(why(name, value).starts_with(name));
  }
  CHECK(why("DUMP_ZIP", "True") == "DUMP_ZIP must be false, since dumps are not zipped here: True");
  const auto secret = why("INPUT_PASSWORD", std::string(5'000, 's'));
  CHECK(secret == "INPUT_PASSWORD must be at most 4096 bytes");
  // What is empty counts as absent.
  CHECK(why("TIME_INTERVAL_HOURS", "").empty());
}

TEST_CASE("the environment goes before the file, which is its owner's alone",
          "[audience][settings]") {
  const TemporaryFolder folder;
  const auto file = folder / "audience.env";
  CHECK(audience::load_settings(file, {})->input_table == "ts_page_content");
  write_file(file, "export INPUT_TABLE='posts'\nINPUT_SCHEMA=in # where\nTIME_INTERVAL_HOURS=1\n");
  const auto both = audience::load_settings(file, {{"INPUT_SCHEMA", "outside"}});
  REQUIRE(both.ok());
  CHECK(both->input_table == "posts");
  CHECK(both->input_schema == "outside");
  CHECK(both->time_interval == std::chrono::hours{1});
  write_file(file, "TIME_INTERVAL_HOURS=x");
  CHECK(audience::load_settings(file, {}).error().message ==
        "audience settings: TIME_INTERVAL_HOURS must be a number of hours from 1 to 24: x");
  write_file(file, "INPUT_TABLE=posts", false);
  CHECK_FALSE(audience::load_settings(file, {}).ok());
}

TEST_CASE("settings read anew leave what stands in routes", "[audience][settings]") {
  audience::SharedSettings shared{settings_of({{"API_TITLE", "First"}, {"INPUT_TABLE", "a"}})};
  const auto held = shared.get();
  shared.exchange(settings_of({{"API_TITLE", "Second"},
                               {"API_PREFIX", "/x"},
                               {"AUDIENCE_PROFILE", "ref"},
                               {"MAX_BODY_MB", "1"},
                               {"INPUT_TABLE", "b"}}));
  CHECK(held->input_table == "a");
  CHECK(shared.get()->input_table == "b");
  CHECK(shared.get()->title == "First");
  CHECK(shared.get()->prefix.empty());
  CHECK(shared.get()->profile == Profile::Document);
  CHECK(shared.get()->max_body_bytes == 64u << 20);
}

namespace {

api::AppSettings app_settings(const TemporaryFolder& folder) {
  api::AppSettings settings;
  settings.engine.data = folder / "data";
  settings.engine.workers = 1;
  settings.engine.plugins = {std::filesystem::path{MR_BINARY_DIR} / "lib/millrace/plugins"};
  settings.share = std::filesystem::path{MR_BINARY_DIR} / "share/millrace";
  settings.port = 0;
  return settings;
}

}  // namespace

TEST_CASE("the server takes its settings at the start and when it is told to",
          "[audience][settings]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "data");
  const auto file = folder / "data/audience.env";
  write_file(file, "OUTPUT_USER=writer\nOUTPUT_SCHEMA=first\n");
  auto settings = app_settings(folder);
  settings.environment = {{"WORKER_QUEUES", "queue1"}, {"MAX_JOBS", "3"}};
  auto app = api::App::open(std::move(settings));
  REQUIRE(app.ok());
  auto& engine = (*app)->engine();
  CHECK(engine.settings().jobs.max_jobs == 3);
  CHECK(engine.settings().jobs.served == std::set<std::string>{"default", "queue1"});
  // A name that two sources have is refused: so the dialect's are there.
  const NamedConnections twice{{audience::kOutputConnection, {"mysql://a@b/c", ""}}};
  CHECK(engine.set_connections("test", twice).error().code == Code::Conflict);
  write_file(file, "OUTPUT_USER=writer\n");
  REQUIRE((*app)->reload().ok());
  CHECK(engine.set_connections("test", twice).ok());
  CHECK(engine.set_connections("test", {}).ok());
  // A file that is wrong leaves all as it was.
  write_file(file, "OUTPUT_USER=writer\nOUTPUT_SCHEMA=second\nMAX_BODY_MB=x\n");
  CHECK_FALSE((*app)->reload().ok());
  CHECK(engine.set_connections("test", twice).ok());
}

TEST_CASE("a port for everybody is opened only where that is meant", "[audience][settings]") {
  const TemporaryFolder folder;
  auto settings = app_settings(folder);
  settings.environment = {{"API_PORT", "8000"}, {"ENV", "production"}};
  const auto refused = api::App::open(std::move(settings));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::PermissionDenied);
  CHECK(refused.error().message.find("audience") != std::string::npos);
}
