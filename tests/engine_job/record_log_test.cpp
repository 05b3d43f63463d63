#include "engine/job/record_log.hpp"

#include <limits>

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

class MemoryWriter final : public ObjectWriter {
 public:
  Result<void> write(std::string_view bytes) override {
    if (text.size() + bytes.size() > room) {
      text += bytes.substr(0, room - text.size());
      return Error{Code::Exhausted, "full"};
    }
    text += bytes;
    return {};
  }
  Result<void> truncate(std::uint64_t size) override {
    if (size > text.size()) return Error{Code::DataInvalid, "shorter than that"};
    text.resize(size);
    return {};
  }
  [[nodiscard]] std::uint64_t size() const override { return text.size(); }

  std::string text;
  std::size_t room = std::numeric_limits<std::size_t>::max();
};

RecordLogEvent bad_line(std::int64_t line, std::string_view message = "no JSON") {
  RecordLogEvent event;
  event.code = "bad_line";
  event.message = message;
  event.file = "qiniu:///z0/in/list";
  event.line = line;
  return event;
}

std::vector<std::int64_t> lines_of(const std::string& text) {
  std::vector<std::int64_t> lines;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    lines.push_back(Json::parse(line).value("line", std::int64_t{-1}));
  return lines;
}

}  // namespace

TEST_CASE("the record log is written in the form of the document", "[job][record_log]") {
  MemoryWriter staged;
  const ManualClock clock;
  RecordLog log{staged, clock};
  REQUIRE(log.resume(Json{}).ok());
  log.add(0, bad_line(5));
  RecordLogEvent failed;
  failed.level = MR_LOG_INFO;
  failed.code = "box_dropped";
  failed.url = "http://h/x.jpg";
  failed.op = "flip1";
  log.add(1, failed);
  REQUIRE(
      log.finish("finished",
                 {{"read", 6}, {"badLines", 1}, {"written", 14}, {"generated", 14}, {"other", 9}})
          .ok());
  CHECK(
      staged.text ==
      R"({"time":"2023-11-14T22:13:20.000Z","level":"error","file":"qiniu:///z0/in/list","line":5,"code":"bad_line","message":"no JSON"})"
      "\n"
      R"({"time":"2023-11-14T22:13:20.000Z","level":"info","url":"http://h/x.jpg","op":"flip1","code":"box_dropped"})"
      "\n"
      R"({"time":"2023-11-14T22:13:20.000Z","level":"summary","status":"finished","read":6,"badLines":1,"written":14,"generated":14,"failed":0})"
      "\n");
  SECTION("and a later end replaces the summary") {
    REQUIRE(log.finish("aborted", {}).ok());
    CHECK(lines_of(staged.text) == std::vector<std::int64_t>{5, -1, -1});
    CHECK(staged.text.find("aborted") != std::string::npos);
    CHECK(staged.text.find("finished") == std::string::npos);
  }
}

TEST_CASE("lines stand in the order of batches, whoever comes first", "[job][record_log]") {
  MemoryWriter staged;
  const ManualClock clock;
  RecordLog log{staged, clock};
  REQUIRE(log.resume(Json{}).ok());
  RecordLogEvent picture;  // speaks of no line
  picture.code = "no_picture";
  picture.url = "http://h/x.jpg";
  log.add(2, bad_line(30));
  log.add(1, bad_line(12));
  log.add(0, bad_line(2));
  log.add(1, picture);
  log.add(0, bad_line(10));
  log.add(1, bad_line(11));
  CHECK(staged.text.empty());  // not before their batch is done everywhere
  log.settle(1);
  CHECK(lines_of(staged.text) == std::vector<std::int64_t>{2, 10, 11, 12, -1});
  log.add(3, bad_line(40));
  REQUIRE(log.checkpoint(2).ok());
  CHECK(lines_of(staged.text) == std::vector<std::int64_t>{2, 10, 11, 12, -1, 30});
  REQUIRE(log.finish("finished", {}).ok());
  CHECK(lines_of(staged.text) == std::vector<std::int64_t>{2, 10, 11, 12, -1, 30, 40, -1});
}

TEST_CASE("an attempt that resumes tells each event once", "[job][record_log]") {
  MemoryWriter staged;
  const ManualClock clock;
  Json noted;
  {
    RecordLog log{staged, clock};
    REQUIRE(log.resume(Json{}).ok());
    log.add(0, bad_line(1));
    log.add(2, bad_line(3));  // ahead of the checkpoint
    log.add(1, bad_line(2));
    const auto taken = log.checkpoint(1);
    REQUIRE(taken.ok());
    noted = *taken;
    log.add(3, bad_line(4));
    REQUIRE(log.checkpoint(9).ok());  // written out, but that checkpoint never reached the catalog
    CHECK(lines_of(staged.text) == std::vector<std::int64_t>{1, 2, 3, 4});
  }
  RecordLog log{staged, clock};
  REQUIRE(log.resume(noted).ok());
  CHECK(lines_of(staged.text) == std::vector<std::int64_t>{1, 2});
  log.add(3, bad_line(4));
  log.add(2, bad_line(3));
  REQUIRE(log.finish("finished", {}).ok());
  CHECK(lines_of(staged.text) == std::vector<std::int64_t>{1, 2, 3, 4, -1});
}

TEST_CASE("a log that holds much asks to be written, and is empty then", "[job][record_log]") {
  MemoryWriter staged;
  const ManualClock clock;
  RecordLog log{staged, clock};
  REQUIRE(log.resume(Json{}).ok());
  const std::string message(1'000, 'x');
  int added = 0;
  for (; !log.is_full(); ++added) {
    REQUIRE(added < 10'000);
    log.add(added, bad_line(added + 1, message));
  }
  CHECK(added > 1'000);
  log.settle(added);
  CHECK_FALSE(log.is_full());
  CHECK(lines_of(staged.text).size() == static_cast<std::size_t>(added));
}

TEST_CASE("a log in which too much waits for one batch fails, and holds no more",
          "[job][record_log]") {
  MemoryWriter staged;
  const ManualClock clock;
  RecordLog log{staged, clock, 1'000};
  REQUIRE(log.resume(Json{}).ok());
  for (int i = 1; i <= 100; ++i) log.add(0, bad_line(i));
  const auto taken = log.checkpoint(0);
  REQUIRE_FALSE(taken.ok());
  CHECK(taken.error().code == Code::Exhausted);
  CHECK(lines_of(staged.text).size() < 10);
}

TEST_CASE("a log that cannot be written fails at its end and leaves no half line",
          "[job][record_log]") {
  MemoryWriter staged;
  staged.room = 300;
  const ManualClock clock;
  RecordLog log{staged, clock};
  REQUIRE(log.resume(Json{}).ok());
  for (int i = 1; i <= 5; ++i) log.add(0, bad_line(i));
  const auto ended = log.finish("finished", {});
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().code == Code::Exhausted);
  CHECK((staged.text.empty() || staged.text.back() == '\n'));
}

TEST_CASE("a checkpoint that cannot be read is refused", "[job][record_log]") {
  MemoryWriter staged;
  const ManualClock clock;
  for (const char* noted : {"{}", R"({"size": -1})", R"({"size": "0"})"}) {
    RecordLog log{staged, clock};
    CHECK_FALSE(log.resume(Json::parse(noted)).ok());
  }
}
