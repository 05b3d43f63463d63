// The program that writes the workload, as a process.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "engine/base/sha1.hpp"
#include "engine/base/spawn.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace;

namespace {

Finished run(std::vector<std::string> words) {
  Command command;
  command.program = MILLRACE_WORKLOAD;
  command.arguments = std::move(words);
  auto finished = system_spawn().run(command);
  REQUIRE(finished.ok());
  return *std::move(finished);
}

std::string sha256_text(const std::string& text) { return to_hex(sha256(text)); }

}  // namespace

TEST_CASE("rows and rules go to the standard output or a file", "[workload][program]") {
  const auto rows = run({"gen", "--rows", "1000", "--seed", "1", "--start", "2020-01-01",
                         "--content", "off", "--threads", "8"});
  CHECK(rows.exit_code == 0);
  CHECK(rows.errors.empty());
  CHECK(sha256_text(rows.output) ==
        "1fa61fbe72272029529fb13a30edeed75cca038443b1d38e1b9728d652e66a38");
  const test::TemporaryFolder folder;
  const auto file = (folder / "keywords.tsv").string();
  const auto keywords = run({"gen-keywords", "--count", "100", "--output", file});
  CHECK(keywords.exit_code == 0);
  CHECK(keywords.output.empty());
  std::ifstream written{file, std::ios::binary};
  std::stringstream text;
  text << written.rdbuf();
  CHECK(sha256_text(text.str()) ==
        "5685ef1be30a5134bdec46ffa8a86aeff5f7a6a4a6be9f7bb817a630e5116c8d");
  CHECK(run({"gen-patterns", "--count", "3"}).output.starts_with("男性\t"));
  CHECK(run({"gen-patterns", "--count", "3", "--format", "json"}).output.starts_with("{\"男性\""));
}

TEST_CASE("days are as many as the rows need, or as asked for", "[workload][program]") {
  const auto last_day = [](const Finished& finished) {
    const auto line = finished.output.rfind('\t');
    return finished.output.substr(line + 1, 10);
  };
  CHECK(last_day(run({"gen", "--rows", "9", "--content", "off"})) == "2020-01-01");
  CHECK(last_day(run({"gen", "--rows", "99", "--content", "off", "--start", "2023-12-31", "--days",
                      "61"})) == "2024-02-29");
}

TEST_CASE("a wrong command line is told, and writes nothing", "[workload][program]") {
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {},
           {"gen"},
           {"gen", "--rows", "0"},
           {"gen", "--rows", "-1"},
           {"gen", "--rows", "1000000001"},
           {"gen", "--rows", "9", "--seed", "-1"},
           {"gen", "--rows", "9", "--seed", "18446744073709551616"},
           {"gen", "--rows", "9", "--start", "2021-02-29"},
           {"gen", "--rows", "9", "--start", "2021-2-1"},
           {"gen", "--rows", "9", "--start", "9999-12-31", "--days", "2"},
           {"gen", "--rows", "9", "--days", "36601"},
           {"gen", "--rows", "9", "--content", "yes"},
           {"gen", "--rows", "9", "--threads", "0"},
           {"gen-keywords", "--count", "0"},
           {"gen-patterns", "--count", "2001"},
           {"gen-patterns", "--format", "xml"}}) {
    const auto finished = run(words);
    CHECK(finished.exit_code == 2);
    CHECK(finished.output.empty());
    CHECK_FALSE(finished.errors.empty());
  }
}

TEST_CASE("a file that cannot be written is told", "[workload][program]") {
  const test::TemporaryFolder folder;
  const auto absent = run({"gen", "--rows", "9", "--output", (folder / "no/rows.tsv").string()});
  CHECK(absent.exit_code == 1);
  CHECK(absent.errors.find("no/rows.tsv") != std::string::npos);
  CHECK(run({"gen", "--rows", "20000", "--output", "/dev/full"}).exit_code == 1);
  CHECK(run({"gen-keywords", "--output", "/dev/full"}).exit_code == 1);
}
