// Dumps of tasks, from the request to the tables, over a real MariaDB.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/engine.hpp"
#include "tests/api_audience/audience_server.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fixtures/server_process.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using audience::Profile;

namespace {

constexpr const char* kDumpPrefix = "wh_panel_mapping_";

// A server with an older dump, tasks that are done, and a schema for the new dump.
class DumpPlace : public AudienceServer {
 public:
  explicit DumpPlace(Profile profile = Profile::Document) : AudienceServer{profile} {
    make_state_table();
  }

  void add_task(const std::string& id, const Json& prod_stat, const std::string& result,
                const std::string& made = "2021-01-01 00:00:00") {
    insert("state", {{"task_id", id},
                     {"stat", "SUCCESS"},
                     {"prod_stat", prod_stat},
                     {"model_type", "keyword_model"},
                     {"predict_type", "author"},
                     {"date_range", "2021-01-01 - 2021-01-02"},
                     {"target_schema", "wh"},
                     {"result", result},
                     {"create_time", made}});
  }
  void add_production(const std::string& table, const std::string& task,
                      const std::vector<std::pair<std::string, std::string>>& rows) {
    const auto name = kDumpPrefix + table;
    output().run(fmt::format(
        "CREATE TABLE IF NOT EXISTS {} (id VARCHAR(32) NOT NULL, task_id VARCHAR(32) NOT NULL, "
        "source_author TEXT NOT NULL, panel VARCHAR(200) NOT NULL, create_time DATETIME NOT NULL, "
        "field_content TEXT NOT NULL, match_content LONGTEXT NOT NULL) DEFAULT CHARSET=utf8mb4",
        output().quote(name)));
    for (const auto& [author, panel] : rows) {
      insert(name, {{"id", "x"},
                    {"task_id", task},
                    {"source_author", author},
                    {"panel", panel},
                    {"create_time", "2021-01-01 01:00:00"},
                    {"field_content", ""},
                    {"match_content", ""}});
    }
  }
  void add_old(const std::string& platform,
               const std::vector<std::pair<std::string, std::string>>& rows,
               const std::string& schema) {
    const auto name = output().quote(sql::TableName{schema, kDumpPrefix + platform});
    output().run(
        fmt::format("CREATE TABLE IF NOT EXISTS {} (source_author TEXT NOT NULL, panel "
                    "VARCHAR(200) NOT NULL, create_time DATETIME NOT NULL) DEFAULT "
                    "CHARSET=utf8mb4",
                    name));
    for (const auto& [author, panel] : rows) {
      output().execute(fmt::format("INSERT INTO {} VALUES (?, ?, '2020-01-01')", name),
                       {author, panel});
    }
  }

  [[nodiscard]] Json request(const Json& ids) const {
    return {{"ID_LIST", ids},
            {"OLD_TABLE_DATABASE", old_},
            {"NEW_TABLE_DATABASE", output_schema()},
            {"DUMP_DATABASE", dump_}};
  }
  /// Runs a dump and returns the state of its job, and what it failed with.
  std::string dump(const Json& ids) {
    const auto answer = post("/tasks/dump/", request(ids));
    INFO(answer.text);
    REQUIRE(answer.body.value("error_code", 0) == 200);
    for (int i = 0; i < 1'200; ++i) {
      const auto jobs = *engine().job_store().list({.limit = 1});
      REQUIRE(jobs.size() == 1);
      const auto& job = jobs.front();
      if (is_final(job.state)) {
        return std::string{to_string(job.state)} +
               (job.error.is_null() ? "" : " " + job.error.value("cause", job.error.dump()));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    return "not ended";
  }
  /// Rows of the dump, "author panel year": years but 2020 are "now".
  Json dumped(const std::string& platform) {
    return rows(fmt::format(
        "SELECT source_author, panel, IF(YEAR(create_time) = 2020, '2020', 'now') FROM {} "
        "ORDER BY source_author, panel",
        output().quote(sql::TableName{dump_, kDumpPrefix + platform})));
  }
  [[nodiscard]] const std::string& old_schema() const { return old_; }
  [[nodiscard]] const std::string& dump_schema() const { return dump_; }

 private:
  const std::string old_ = another_schema(), dump_ = another_schema();
};

const std::string kFirstDumped(32, 'a'), kSecondDumped(32, 'b'), kThirdDumped(32, 'c');

}  // namespace

TEST_CASE("E24: a dump is told of at once, and one of nothing is refused",
          "[audience][dump][acceptance]") {
  AudienceServer server{GENERATE(Profile::Document, Profile::Reference)};
  CHECK(server.post("/tasks/dump/", {{"ID_LIST", Json::array()}}).text ==
        R"({"error_code":404,"error_message":"task_ids cannot be null or empty in dump_tasks"})");
  CHECK(server.post("/tasks/dump/", Json::object()).body["error_code"] == 404);
  CHECK(
      server
          .post("/tasks/dump/", {{"ID_LIST", {14}},
                                 {"OLD_TABLE_DATABASE", "a"},
                                 {"NEW_TABLE_DATABASE", "b"},
                                 {"DUMP_DATABASE", "c"}})
          .text ==
      R"({"error_code":200,"error_message":{"ID_LIST":[14],"OLD_TABLE_DATABASE":"a","NEW_TABLE_DATABASE":"b","DUMP_DATABASE":"c","QUEUE":"queue1"}})");
}

TEST_CASE("a dump has a schema of its own", "[audience][dump]") {
  AudienceServer server;
  const auto told = [&](const std::string& dump, const std::string& old = "a") {
    return server
        .post("/tasks/dump/", {{"ID_LIST", {14}},
                               {"OLD_TABLE_DATABASE", old},
                               {"NEW_TABLE_DATABASE", "b"},
                               {"DUMP_DATABASE", dump}})
        .text;
  };
  const std::string refused =
      R"({"error_code":500,"error_message":"dump flow is failed since of DUMP_DATABASE must be a schema of its own"})";
  for (const auto& dump : {server.input_schema(), server.output_schema(), std::string{"a"},
                           std::string{"B"}, std::string{}})
    CHECK(told(dump) == refused);
  auto upper = server.output_schema();
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  CHECK(told(upper) == refused);
  CHECK_THAT(told("c", ""), Catch::Contains("OLD_TABLE_DATABASE must be given"));
}

TEST_CASE("E25: production rows are merged with an older dump", "[audience][dump][acceptance]") {
  DumpPlace place;
  place.add_task(kFirstDumped, "finish", "Ptt,video,fbfans");
  place.add_old("bbs", {{"A", "/male"}, {"B", "/female"}, {"C", "/young"}}, place.old_schema());
  place.add_production(
      "Ptt", kFirstDumped,
      {{"A", "/female"}, {"B", "/female"}, {"D", "/male"}, {"C", "/young"}, {"E", "/student"}});
  place.add_production("Ptt", kThirdDumped, {{"A", "/married"}});
  place.add_production("video", kFirstDumped, {{"V", "/male"}});
  place.add_production("fbfans", kFirstDumped, {{"F", "/male"}});
  place.add_old("news", {{"untouched", "/male"}}, place.dump_schema());
  place.add_old("bbs", {{"before", "/male"}}, place.dump_schema());
  REQUIRE(place.dump({kFirstDumped}) == "finished");
  CHECK(place.dumped("bbs") == Json::parse(R"([["A", "/female", "now"], ["B", "/female", "2020"],
    ["C", "/young", "now"], ["D", "/male", "now"], ["E", "/student", "now"]])"));
  CHECK(place.dumped("fb") == Json::parse(R"([["F", "/male", "now"]])"));
  CHECK(place.dumped("news") == Json::parse(R"([["untouched", "/male", "2020"]])"));
  CHECK(place.rows(fmt::format("SELECT table_name FROM information_schema.tables WHERE "
                               "table_schema = '{}' ORDER BY table_name",
                               place.dump_schema())) ==
        Json::parse(
            R"([["wh_panel_mapping_bbs"], ["wh_panel_mapping_fb"], ["wh_panel_mapping_news"]])"));
}

TEST_CASE("the original puts all tables of a task where its first one belongs",
          "[audience][dump]") {
  DumpPlace place{Profile::Reference};
  place.add_task(kFirstDumped, "finish", "fbfans,Ptt");
  place.add_task(kSecondDumped, "finish", "video,Ptt");
  place.add_production("fbfans", kFirstDumped, {{"A", "/male"}});
  place.add_production("Ptt", kFirstDumped, {{"B", "/male"}});
  place.add_production("Ptt", kSecondDumped, {{"C", "/male"}});
  place.add_production("video", kSecondDumped, {{"D", "/male"}});
  REQUIRE(place.dump({kFirstDumped, kSecondDumped}) == "finished");
  CHECK(place.dumped("fb") == Json::parse(R"([["A", "/male", "now"], ["B", "/male", "now"]])"));
  CHECK(place.rows(fmt::format("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema "
                               "= '{}'",
                               place.dump_schema())) == Json::parse("[[1]]"));
}

TEST_CASE("a dump takes predicting jobs, and of two tasks the later one", "[audience][dump]") {
  DumpPlace place;
  place.add_task(kFirstDumped, "finish", "Ptt", "2021-02-01 00:00:00");
  place.add_task(kSecondDumped, "finish", "Ptt", "2021-01-01 00:00:00");
  place.add_task(kThirdDumped, "no_data", "");
  place.add_production("Ptt", kFirstDumped, {{"A", "/male"}, {"B", "/young"}});
  place.add_production("Ptt", kSecondDumped, {{"A", "/female"}, {"B", "/student"}, {"C", "/male"}});
  const auto jobs = fmt::format("CREATE DATABASE IF NOT EXISTS {}",
                                place.output().quote("audience-toolkit-django"));
  place.output().run(jobs);
  const auto targets = place.output().quote(
      sql::TableName{"audience-toolkit-django", "predicting_jobs_predictingtarget"});
  place.output().run("DROP TABLE IF EXISTS " + targets);
  place.output().run("CREATE TABLE " + targets + " (predicting_job_id INT, task_id VARCHAR(32))");
  for (const auto& [job, task] :
       {std::pair{14, kFirstDumped}, {14, kThirdDumped}, {15, kSecondDumped}})
    place.output().execute("INSERT INTO " + targets + " VALUES (?, ?)", {std::int64_t{job}, task});
  const Json expected = Json::parse(R"([["A", "/male", "now"], ["B", "/student", "now"],
    ["B", "/young", "now"], ["C", "/male", "now"]])");
  REQUIRE(place.dump({14, 15}) == "finished");
  CHECK(place.dumped("bbs") == expected);
  REQUIRE(place.dump({14, kSecondDumped}) == "finished");
  CHECK(place.dumped("bbs") == expected);
  REQUIRE(place.dump({14}) == "finished");
  CHECK(place.dumped("bbs") == Json::parse(R"([["A", "/male", "now"], ["B", "/young", "now"]])"));
  place.output().run("DROP TABLE " + targets);
}

TEST_CASE("a task that is not done stops the dump, and the last one stays", "[audience][dump]") {
  DumpPlace place;
  place.add_task(kFirstDumped, "finish", "Ptt");
  place.add_task(kSecondDumped, nullptr, "Ptt");
  place.add_production("Ptt", kFirstDumped, {{"A", "/male"}});
  place.add_old("bbs", {{"before", "/male"}}, place.dump_schema());
  CHECK(place.dump({kFirstDumped, kSecondDumped}) ==
        fmt::format("failed task {} is unfinished", kSecondDumped));
  CHECK(place.dump({kFirstDumped, kThirdDumped}) ==
        fmt::format("failed task {} is unfinished", kThirdDumped));
  CHECK(place.dumped("bbs") == Json::parse(R"([["before", "/male", "2020"]])"));
}

TEST_CASE("a server that is killed between the writing and the swap leaves the last dump",
          "[audience][dump][fault]") {
  DumpPlace place;
  place.add_task(kFirstDumped, "finish", "Ptt");
  place.add_production("Ptt", kFirstDumped, {{"A", "/male"}});
  place.add_old("bbs", {{"before", "/male"}}, place.dump_schema());
  const TemporaryFolder folder;
  const auto settings = folder / "audience.env";
  {
    std::ofstream file{settings};
    const auto at = MariaDb::shared().fresh_schema();
    for (const char* side : {"INPUT", "OUTPUT"}) {
      file << fmt::format("{0}_HOST={1}\n{0}_PORT={2}\n{0}_USER={3}\n{0}_PASSWORD={4}\n", side,
                          at.address.host, at.address.port, at.address.user, at.password);
    }
    file << fmt::format("INPUT_SCHEMA={}\nOUTPUT_SCHEMA={}\n", place.input_schema(),
                        place.output_schema());
  }
  std::filesystem::permissions(
      settings, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const std::vector<std::string> options{"--audience-settings", settings.string()};
  const auto reads_table =
      fmt::format("SELECT COUNT(*) FROM {}",
                  place.input().quote(sql::TableName{place.dump_schema(), "wh_panel_mapping_bbs"}));
  {
    ServerProcess server{folder / "data", options};
    // Whoever reads the table within a transaction holds its name.
    place.input().begin();
    place.input().query(reads_table);
    Client client{server.port()};
    const auto body = place.request({kFirstDumped}).dump();
    client.send(
        fmt::format("POST /audience/tasks/dump/ HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                    "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                    server.port(), body.size(), body));
    CHECK(client.read_reply(false).status == 200);
    bool is_waiting = false;
    for (int i = 0; i < 600 && !is_waiting; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
      is_waiting = !place
                        .rows(
                            "SELECT 1 FROM information_schema.processlist WHERE info LIKE "
                            "'RENAME TABLE%' AND state LIKE 'Waiting%'")
                        .empty();
    }
    CHECK(is_waiting);
    server.kill();
  }
  CHECK(place.dumped("bbs") == Json::parse(R"([["before", "/male", "2020"]])"));
  place.input().rollback();
  ServerProcess server{folder / "data", options};
  const Json merged = Json::parse(R"([["A", "/male", "now"]])");
  for (int i = 0; i < 1'800 && place.dumped("bbs") != merged; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  CHECK(place.dumped("bbs") == merged);
}
