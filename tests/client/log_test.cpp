#include <catch2/catch.hpp>

#include <millrace/client/log.hpp>

#include "tests/client/surroundings.hpp"

using namespace millrace::client;
using millrace::test::LogLines;
using millrace::test::Surroundings;

TEST_CASE("the threshold is ERROR, or that of the environment, until it is configured",
          "[client][log]") {
  Surroundings here;
  LogLines lines;
  const auto sink = [&](LogLevel level, const std::string& line) {
    lines.push_back(std::string{to_string(level)} + " " + line);
  };
  Log log{sink};
  log.write(LogLevel::Warning, "a");
  log.write(LogLevel::Error, "b");
  CHECK(lines == LogLines{"ERROR b"});
  here.set("MAISIE_LOGGING_LEVEL", "debug");
  Log other{sink};
  other.write(LogLevel::Debug, "c");
  CHECK(lines.back() == "DEBUG c");
  other.configure(true, LogLevel::Critical, {});
  other.write(LogLevel::Error, "d");
  other.configure(false, LogLevel::Debug, {});
  other.write(LogLevel::Critical, "e");
  CHECK(lines.size() == 2);
}

TEST_CASE("a line of the log cannot steer the terminal or begin another line", "[client][log]") {
  LogLines lines;
  Log log{[&](LogLevel, const std::string& line) { lines.push_back(line); }};
  log.write(LogLevel::Error, "a\x1b[2J\nERROR b\x7f");
  CHECK(lines == LogLines{"a [2J ERROR b "});
}

TEST_CASE("lines go to the end of the file that is named", "[client][log]") {
  const Surroundings here;
  Log log;
  log.configure(true, LogLevel::Info, here.write("log.txt", "before\n"));
  log.write(LogLevel::Info, "one");
  log.write(LogLevel::Debug, "two");
  const auto text = here.read("log.txt");
  CHECK(text.starts_with("before\n20"));
  CHECK(text.ends_with("Z INFO one\n"));
}

TEST_CASE("levels are read by word and number", "[client][log]") {
  CHECK(read_log_level("warning") == LogLevel::Warning);
  CHECK(read_log_level("WARN") == LogLevel::Warning);
  CHECK(read_log_level("50") == LogLevel::Critical);
  CHECK(read_log_level("15") == std::nullopt);
  CHECK(read_log_level("") == std::nullopt);
}
