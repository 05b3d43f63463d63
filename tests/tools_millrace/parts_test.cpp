// The parts of the program that need no process: texts, names, streams.
#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "tests/fixtures/temporary_folder.hpp"
#include "tools/millrace/configuration.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/job_view.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/pipeline_file.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/progress_line.hpp"
#include "tools/millrace/reply_rows.hpp"
#include "tools/millrace/server_client.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::tool;

TEST_CASE("a name of a file becomes an address, an address stays", "[tools][address]") {
  CHECK(address_of("a.txt", "/home") == "file:///home/a.txt");
  CHECK(address_of("./x/../b.txt", "/home/y") == "file:///home/y/b.txt");
  CHECK(address_of("/abs/a b.txt", "/home") == "file:///abs/a%20b.txt");
  CHECK(address_of("out/", "/home") == "file:///home/out");
  CHECK(address_of("qiniu:///z0/b/k", "/home") == "qiniu:///z0/b/k");
  CHECK(address_of("https://h/x", "/home") == "https://h/x");
  CHECK(address_of("c:x", "/home") == "file:///home/c:x");
}

TEST_CASE("numbers and times are written for people", "[tools][text]") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(-1234567) == "-1,234,567");
  CHECK(clock_text(0.4) == "0:00");
  CHECK(clock_text(185) == "3:05");
  CHECK(clock_text(3723) == "1:02:03");
  CHECK(clock_text(-5) == "0:00");
  CHECK(table({{"A", "LONG"}, {"wide", ""}, {"é", "x"}}) == "A     LONG\nwide\né     x\n");
  // What is too wide goes on below, broken at blanks; narrow columns keep their width.
  CHECK(table({{"ID", "WHAT"}, {"1", "a b c d e f g h i"}, {"2", "ééééééééééé"}}, 14) ==
        "ID  WHAT\n1   a b c d e\n    f g h i\n2   éééééééééé\n    é\n");
}

TEST_CASE("rows become JSON, whatever the types of their columns", "[tools][rows]") {
  const std::string bytes{"\xff\x00\x01", 3};
  Builder<std::int64_t> root, time{Type::Timestamp}, number;
  Builder<std::string_view> text, binary{Type::Binary}, tag;
  Builder<double> item;
  Builder<bool> flag;
  for (const std::int64_t row : {0, 1}) {
    root.append(row);
    number.append(row);
    tag.append("t");
  }
  time.append(1'500'000);
  time.append_null();
  text.append("\"ä\"");
  text.append_null();
  binary.append(bytes);
  binary.append("");
  flag.append(true);
  flag.append_null();
  item.append(1.5);
  item.append(2);
  const auto batch =
      Batch{}
          .with(kRootColumn, std::move(root))
          .with("time", std::move(time))
          .with("text", std::move(text))
          .with("binary", std::move(binary))
          .with("flag", std::move(flag))
          .with_list("list", std::vector<std::int64_t>{2, 0}, Batch{}.with("item", std::move(item)))
          .with_list("tags", std::vector<std::int64_t>{1, 1}, Batch{}.with("name", std::move(tag)))
          .with_struct("inner", Batch{}.with("number", std::move(number)));
  CHECK(rows_json(batch) ==
        std::vector<Json>{
            Json::parse(R"({"time": "1970-01-01T00:00:01.500Z", "text": "\"ä\"", "binary": "/wAB",
                            "flag": true, "list": [1.5, 2.0], "tags": [{"name": "t"}],
                            "inner": {"number": 0}})"),
            Json::parse(R"({"time": null, "text": null, "binary": "", "flag": null, "list": [],
                            "tags": [{"name": "t"}], "inner": {"number": 1}})")});
}

TEST_CASE("progress has a bar, a rate and the time left as far as they are known",
          "[tools][progress]") {
  const Json known{{"done", 1040},
                   {"total", 2000},
                   {"unit", "rows"},
                   {"per_second", 270.4},
                   {"seconds_left", 3.6}};
  CHECK(progress_text(known, 80) ==
        "[==================>                 ]  52%  1,040/2,000 rows  270/s  0:04 left");
  CHECK(progress_text(known, 45) == " 52%  1,040/2,000 rows  270/s  0:04 left");
  CHECK(progress_text(known, 10).size() == 10);
  Json by_node = known;
  by_node["nodes"] = {
      {{"node", "read"}, {"done", 0.99}}, {{"node", "render"}, {"done", 0.52}}, {{"node", "copy"}}};
  CHECK(progress_text(by_node, 60) == " 52%  1,040/2,000 rows  270/s  0:04 left  at render");
  CHECK(progress_text({{"done", 7}, {"total", 0}, {"unit", "rows"}, {"per_second", 1.25}}, 80) ==
        "7 rows  1.2/s");
  CHECK(
      progress_text({{"done", 5}, {"total", 5}, {"unit", "b"}, {"per_second", 0}}, 80).find('>') ==
      std::string::npos);
  CHECK(progress_text(nullptr, 80).empty());
}

TEST_CASE("a stream of events is read however it is cut", "[tools][events]") {
  const std::string stream =
      "id: 1\nevent: queued\ndata: {\"a\":1}\n\n: comment\n\nevent: progress\r\ndata: x\r\ndata: "
      "y\r\n\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    EventReader reader;
    std::vector<std::string> seen;
    const EventReader::Each each = [&](const ServerClient::Event& event) {
      seen.push_back(event.id + "|" + event.name + "|" + event.data);
      return true;
    };
    REQUIRE(reader.feed(std::string_view{stream}.substr(0, cut), each));
    REQUIRE(reader.feed(std::string_view{stream}.substr(cut), each));
    REQUIRE(seen == std::vector<std::string>{"1|queued|{\"a\":1}", "|progress|x\ny"});
  }
  EventReader reader;
  CHECK_FALSE(reader.feed("data: stop\n\ndata: more\n\n",
                          [](const ServerClient::Event&) { return false; }));
}

TEST_CASE("each kind of error has an exit code", "[tools][exit]") {
  CHECK(exit_code(Code::InvalidArgument) == 3);
  CHECK(exit_code(Code::DataInvalid) == 3);
  CHECK(exit_code(Code::NotFound) == 4);
  CHECK(exit_code(Code::Exhausted) == 5);
  CHECK(exit_code(Code::Unavailable) == 5);
  CHECK(exit_code(Code::Conflict) == 1);
  CHECK(exit_code(Code::Cancelled) == 130);
}

TEST_CASE("the environment variable of an option has its name", "[tools][configuration]") {
  CHECK(environment_name("data") == "MILLRACE_DATA");
  CHECK(environment_name("catalog-password-file") == "MILLRACE_CATALOG_PASSWORD_FILE");
}

TEST_CASE("connections come with their passwords from files or the environment",
          "[tools][connection]") {
  const test::TemporaryFolder folder;
  const auto file = (folder.path() / "password").string();
  std::ofstream{file} << "sesame\r\nmore\n";
  Program program;
  program.connections = {"in-1=mysql://me@db/x?socket=/run/s", "file=sqlite:/x=y"};
  ::setenv(connection_password_variable("in-1").c_str(), "from outside", 1);
  CHECK(program.read_connections()->at("in-1").password == "from outside");
  program.connection_password_files = {"in-1=" + file};
  const auto loose = program.read_connections();
  REQUIRE_FALSE(loose.ok());
  CHECK(loose.error().message.find("chmod 600 " + file) != std::string::npos);
  REQUIRE(::chmod(file.c_str(), 0600) == 0);
  const auto read = program.read_connections();
  ::unsetenv(connection_password_variable("in-1").c_str());
  REQUIRE(read.ok());
  CHECK(*read == NamedConnections{{"in-1", {"mysql://me@db/x?socket=/run/s", "sesame"}},
                                  {"file", {"sqlite:/x=y", ""}}});
  CHECK(connection_password_variable("in-1") == "MILLRACE_PASSWORD_OF_IN_1");

  program.connection_password_files = {"other=" + file};
  CHECK_FALSE(program.read_connections().ok());
  program.connection_password_files.clear();
  for (const char* wrong : {"", "=sqlite:/x", "a=", "a", "a b=sqlite:/x", "a=mysql://me:p@db/x"}) {
    program.connections = {wrong};
    INFO(wrong);
    CHECK_FALSE(program.read_connections().ok());
  }
  program.connections = {"a=sqlite:/x", "a=sqlite:/y"};
  CHECK_FALSE(program.read_connections().ok());
}

TEST_CASE("a job that ended is summed up", "[tools][jobs]") {
  const auto job = Json::parse(R"({"id": 7, "state": "finished", "stopReason": "none", "name": "n",
    "started": "2026-08-01T12:00:00.500Z", "finished": "2026-08-01T12:00:03.000Z",
    "counts": {"read": 1200, "generated": 5000}, "error": null,
    "result": {"sheet": "file:///s", "targetFileStatistics": {"fileCount": 6,
      "class": [{"name": "pulp", "total": 5, "count": {"normal": 2, "sexy": 3}}],
      "detect": [{"name": "d", "total": 1, "count": {"dog": 1}}], "facecluster": {"total": 4}}}})");
  CHECK(summary_text(job) ==
        "job 7 finished after 2.5 s\n"
        "read       1,200\n"
        "generated  5,000\n"
        "throughput  2,000 generated a second\n"
        "\n"
        "LABEL        VALUE    COUNT\n"
        "records               6\n"
        "class.pulp   normal   2\n"
        "class.pulp   sexy     3\n"
        "class.pulp   (total)  5\n"
        "detect.d     dog      1\n"
        "detect.d     (total)  1\n"
        "facecluster  (total)  4\n"
        "sheet  file:///s\n");
  CHECK(ended_code(job) == kOk);
  CHECK(tool::is_final(job));
}

TEST_CASE("attempts are told beside those that may fail", "[tools][jobs]") {
  // Six of the seven were ended by restarts, which count as none that failed.
  const auto job = Json::parse(R"({"id": 7, "state": "running", "attempt": 7, "maxAttempts": 3})");
  CHECK(details_text(job) == "job 7 running\n\nattempts  7 (3 may fail)\n");
}

TEST_CASE("the end of a job is the exit code", "[tools][jobs]") {
  const auto code = [](const char* state, const char* reason) {
    return ended_code({{"state", state}, {"stopReason", reason}});
  };
  CHECK(code("failed", "none") == kFailed);
  CHECK(code("aborted", "user") == kInterrupted);
  CHECK(code("aborted", "deadline") == kFailed);
  CHECK_FALSE(tool::is_final({{"state", "running"}}));
  CHECK(error_text({{"error", {{"message", "no such file"}, {"node", "in"}}}}) ==
        "no such file (node in)");
  CHECK(error_text({{"error", nullptr}}).empty());
}
