// The program beside other processes: signals, a server, a folder in use.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/data_lock.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr auto kCopy = R"({"name": "copy", "ops": [
  {"name": "in", "type": "input.list", "params": {"file": "in.jsonlist"}},
  {"name": "keep", "type": "filter.label", "preOps": ["in"], "params": {"label": "class.x", "values": ["*"]}},
  {"name": "out", "type": "output.list", "preOps": ["keep"], "params": {"file": "out.jsonlist", "prefix": "pictures"}}]})";

void write_list(const ProgramFixture& fixture, int records) {
  std::ofstream list{fixture.path("in.jsonlist")};
  for (int i = 0; i < records; ++i) {
    list << R"({"url":"http://host/picture-)" << i
         << R"(.jpg","type":"image","label":{"class":{"x":"y"}}})"
         << "\n";
  }
}

// Waits until a file whose name holds `part` lies in the fixture's folder.
bool appears(const ProgramFixture& fixture, const std::string& part) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (std::chrono::steady_clock::now() < deadline) {
    for (const auto& entry : std::filesystem::directory_iterator{fixture.path(".")}) {
      if (entry.path().filename().string().find(part) != std::string::npos) return true;
    }
    std::this_thread::yield();
  }
  return false;
}

constexpr int kMany = 100'000;  // records, which take a while to be copied

// Leaves a job 1 that a killed run had begun.
void start_and_kill(const ProgramFixture& fixture) {
  fixture.write("copy.json", kCopy);
  write_list(fixture, kMany);
  auto program = fixture.start({"run", "copy.json", "--data", "data"});
  REQUIRE(appears(fixture, "out.jsonlist"));
  program.kill();
}

}  // namespace

TEST_CASE("an interrupt aborts the job cleanly", "[tools][run][signal]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  write_list(fixture, 400'000);
  auto program = fixture.start({"run", "copy.json", "--data", "data"});
  REQUIRE(appears(fixture, "out.jsonlist"));  // its stage, which has a longer name
  program.signal(SIGINT);
  CHECK(program.wait() == 130);
  INFO(fixture.read("stderr"));
  CHECK_FALSE(fixture.exists("out.jsonlist"));
  const auto job =
      Json::parse(fixture.run({"jobs", "show", "1", "--data", "data", "--json"}).output);
  CHECK(job["state"] == "aborted");
  CHECK(job["stopReason"] == "user");
}

TEST_CASE("a run says which jobs an earlier one has left", "[tools][run]") {
  const ProgramFixture fixture;
  start_and_kill(fixture);
  fixture.write("other.json", R"({"ops": [
    {"name": "in", "type": "input.values", "params": {"columns": {"n": [1]}}},
    {"name": "out", "type": "output.reply", "preOps": ["in"]}]})");
  const auto other = fixture.run({"run", "other.json", "--data", "data", "--deadline", "60"});
  CHECK(other.errors.find("job 1 of an earlier run goes on beside this one; Ctrl-C and \"millrace "
                          "jobs wait 1\" let it end first") != std::string::npos);
  CHECK(fixture.run({"run", "other.json", "--data", "data", "-q"}).errors.find("earlier run") ==
        std::string::npos);
}

TEST_CASE("a run says which of its files an earlier job is about", "[tools][run]") {
  const ProgramFixture fixture;
  start_and_kill(fixture);
  // What was killed goes on with this run only, which says so however quiet it is.
  const auto again =
      fixture.run({"run", "copy.json", "--data", "data", "--deadline", "60", "--quiet"});
  INFO(again.errors);
  CHECK(again.errors.find("job 1 of an earlier run goes on beside this one, on the same files: "
                          "file://" +
                          fixture.path("in.jsonlist") + ", file://" +
                          fixture.path("out.jsonlist")) != std::string::npos);
}

TEST_CASE("jobs wait goes on with the job of a killed run, and waits for its end",
          "[tools][jobs]") {
  const ProgramFixture fixture;
  start_and_kill(fixture);
  REQUIRE_FALSE(fixture.exists("out.jsonlist"));
  const auto waited = fixture.run({"jobs", "wait", "1", "--data", "data"});
  INFO(waited.errors);
  CHECK(waited.exit_code == 0);
  CHECK(waited.output.starts_with("job 1 finished"));
  const auto list = fixture.read("out.jsonlist");
  CHECK(std::count(list.begin(), list.end(), '\n') == kMany);
}

TEST_CASE("rows that a pipeline replies are lines of JSON on the standard output", "[tools][run]") {
  const ProgramFixture fixture;
  fixture.write("rows.json", R"({"ops": [
    {"name": "in", "type": "input.values", "params": {"columns": {"id": [1, 2], "name": ["a", null]}}},
    {"name": "out", "type": "output.reply", "preOps": ["in"]}]})");
  const auto shown = fixture.run({"run", "rows.json", "--data", "data"});
  INFO(shown.errors);
  CHECK(shown.exit_code == 0);
  CHECK(shown.output == "{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":null}\n");
  CHECK(shown.errors.find("job 1 finished") != std::string::npos);
  CHECK(fixture.run({"run", "rows.json", "--data", "data", "-q"}).output == shown.output);
  const auto whole =
      Json::parse(fixture.run({"run", "rows.json", "--data", "data", "--json"}).output);
  CHECK(whole["state"] == "finished");
  CHECK(whole["rows"] == Json{{{"id", 1}, {"name", "a"}}, {{"id", 2}, {"name", nullptr}}});
}

TEST_CASE("a job that failed is told once", "[tools][run]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  const auto failed = fixture.run({"run", "copy.json", "--data", "data", "--max-attempts", "1"});
  CHECK(failed.exit_code != 0);
  INFO(failed.errors);
  CHECK(failed.errors.find("detail=") == std::string::npos);
  const auto first = failed.errors.find("in.jsonlist");
  REQUIRE(first != std::string::npos);
  CHECK(failed.errors.find("in.jsonlist", first + 1) == std::string::npos);
}

TEST_CASE("a data folder in use is told with its holder, exit code 5", "[tools][lock]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  fixture.write("data/empty", "");
  write_list(fixture, 1);
  const auto lock = DataLock::take(fixture.path("data"));
  REQUIRE(lock.ok());
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"run", "copy.json", "--data", "data"},
                                             {"serve", "--data", "data"},
                                             {"jobs", "list", "--data", "data"}}) {
    const auto refused = fixture.run(words);
    CHECK(refused.exit_code == 5);
    CHECK(refused.errors.find("in use by process") != std::string::npos);
  }
}

TEST_CASE("jobs of a folder that a server holds are those of the server", "[tools][serve][jobs]") {
  const ProgramFixture fixture;
  fixture.write("copy.json", kCopy);
  write_list(fixture, 3);
  REQUIRE(fixture.run({"run", "copy.json", "--data", "data"}).exit_code == 0);
  auto server = fixture.start({"serve", "--data", "data", "--listen", "127.0.0.1:0"});
  CHECK(server.first_line().find("millrace serves http://127.0.0.1:") == 0);

  const auto list = fixture.run({"jobs", "list", "--data", "data", "--json"});
  INFO(list.errors);
  REQUIRE(list.exit_code == 0);
  CHECK(Json::parse(list.output)["items"][0]["state"] == "finished");
  const auto logs = fixture.run({"jobs", "logs", "1", "--data", "data"});
  CHECK(logs.output.find("queued") != std::string::npos);
  CHECK(fixture.run({"jobs", "show", "9", "--data", "data"}).exit_code == 4);
  CHECK(fixture.run({"jobs", "abort", "1", "--data", "data"}).exit_code == 1);
  const auto again = fixture.run({"jobs", "rerun", "1", "--data", "data"});
  INFO(again.errors);
  CHECK(again.exit_code == 0);
  CHECK(again.output.find("job 2 finished") != std::string::npos);
  fixture.write("rows.json", R"({"ops": [
    {"name": "in", "type": "input.values", "params": {"columns": {"n": [1]}}},
    {"name": "out", "type": "output.reply", "preOps": ["in"]}]})");
  const auto behind = fixture.run({"jobs", "submit", "rows.json", "--after", "2", "--when", "ended",
                                   "--queue", "late", "--data", "data", "--json"});
  INFO(behind.errors);
  REQUIRE(behind.exit_code == 0);
  CHECK(Json::parse(behind.output)["id"] == 3);
  CHECK(Json::parse(behind.output)["queue"] == "late");
  CHECK(Json::parse(behind.output)["after"] == Json{{"job", 2}, {"delay_s", 0}, {"when", "ended"}});
  CHECK(fixture.run({"jobs", "wait", "3", "--data", "data"}).exit_code == 0);
  fixture.write("bad.json", R"({"ops": [{"name": "in", "type": "input.valuez"}]})");
  const auto bad = fixture.run({"jobs", "submit", "bad.json", "--data", "data"});
  CHECK(bad.exit_code == 3);
  CHECK(bad.errors.find("/ops/0/type") != std::string::npos);

  server.signal(SIGTERM);
  CHECK(server.wait() == 0);
  CHECK(fixture.run({"jobs", "show", "2", "--data", "data"}).exit_code == 0);
}

TEST_CASE("a wrong address or mount is a usage error, an unknown dialect is named",
          "[tools][serve]") {
  const ProgramFixture fixture;
  CHECK(fixture.run({"serve", "--data", "data", "--listen", "nowhere"}).exit_code == 2);
  CHECK(fixture.run({"serve", "--data", "data", "--listen", "127.0.0.1:99999"}).exit_code == 2);
  CHECK(fixture.run({"serve", "--data", "data", "--mount", "atflow"}).exit_code == 2);
  CHECK(fixture.run({"serve", "--data", "data", "--queue", "slow"}).exit_code == 2);
  CHECK(fixture.run({"serve", "--data", "data", "--tls-key", "k.pem"}).exit_code == 2);
  const auto unknown = fixture.run({"serve", "--data", "data", "--listen", "127.0.0.1:0", "--root",
                                    "absent", "--mount", "atflw@127.0.0.1:0"});
  CHECK(unknown.exit_code == 4);
  CHECK(unknown.errors.find("atflow") != std::string::npos);
  CHECK(unknown.errors.find("root=" + fixture.path("absent")) != std::string::npos);
}
