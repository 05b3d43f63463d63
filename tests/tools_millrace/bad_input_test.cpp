// What a person sees who gives the program bad input: each message names the thing and the way out.
#include <filesystem>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr auto kFlip = R"({"ops": [
  {"name": "in", "type": "input.list", "params": {"file": "in.jsonlist"}},
  {"name": "flip", "type": "augment", "preOps": ["in"], "params": {"condition": [], "ops": "flip"}},
  {"name": "out", "type": "output", "preOps": ["flip"], "params": {"file": "out.jsonlist", "prefix": "pictures"}}]})";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A folder below the fixture's that holds nothing but one of the plugins made for tests.
std::string plugin_folder(const ProgramFixture& fixture, const std::string& name) {
  const auto folder = fixture.path("plugins");
  std::filesystem::create_directory(folder);
  std::filesystem::copy_file(fmt::format("{}/test_plugins/{}/{}.so", MR_BINARY_DIR, name, name),
                             fmt::format("{}/{}.so", folder, name));
  return folder;
}

}  // namespace

TEST_CASE("broken lines and unreadable pictures are told with their place, and the rest goes on",
          "[tools][bad_input]") {
  const ProgramFixture fixture;
  fixture.write("text.png", "no picture");
  fixture.write("cut.png", "\x89PNG\r\n\x1a\n");
  const auto address = [&fixture](const std::string& name) {
    return Json{{"url", "file://" + fixture.path(name)}}.dump() + "\n";
  };
  fixture.write("in.jsonlist",
                address("text.png") + "{broken\n" + address("cut.png") + address("none.png"));
  fixture.write("flip.json", kFlip);
  const auto ran = fixture.run({"run", "flip.json", "--data", "data", "--json"});
  INFO(ran.errors);
  CHECK(ran.exit_code == 0);
  const auto counts = Json::parse(ran.output)["counts"];
  CHECK(counts["badLines"] == 1);
  CHECK(counts["failed"] == 3);
  const auto list = "file=file://" + fixture.path("in.jsonlist");
  CHECK(contains(ran.errors, "bad_line: not JSON"));
  CHECK(contains(ran.errors, list + " line=2 "));
  CHECK(contains(ran.errors, list + " line=1 url=file://" + fixture.path("text.png")));
  CHECK(contains(ran.errors, "not_an_image: "));
  CHECK(contains(ran.errors, "decode_failed: "));
  CHECK(contains(ran.errors, "fetch_failed: "));
  CHECK(contains(ran.errors, "nothing is there"));
  CHECK(fixture.read("out.jsonlist").empty());
}

TEST_CASE("an output never takes the place of its input, however the address is spelled",
          "[tools][bad_input]") {
  const ProgramFixture fixture;
  const std::string line = "{\"url\":\"http://h/a\"}\n";
  const auto input = fixture.write("dir/in.jsonlist", line);
  fixture.write("dir/inner/other", "");
  std::filesystem::create_symlink(input, fixture.path("symbolic"));
  std::filesystem::create_hard_link(input, fixture.path("hard"));
  std::filesystem::create_directory_symlink(fixture.path("dir"), fixture.path("link"));
  const auto run = [&fixture](const std::string& out, const std::string& log) {
    Json document{
        {"ops",
         {{{"name", "in"},
           {"type", "input.list"},
           {"params", {{"file", "file://" + fixture.path("dir/in.jsonlist")}}}},
          {{"name", "out"},
           {"type", "output.list"},
           {"preOps", {"in"}},
           {"params", {{"file", out}, {"prefix", "file://" + fixture.path("pictures")}}}}}}};
    if (!log.empty()) document["logFile"] = log;
    fixture.write("copy.json", document.dump());
    return fixture.run({"run", "copy.json", "--data", "data"});
  };
  for (const auto* same : {"dir/in.jsonlist", "dir/./in.jsonlist", "dir//in.jsonlist",
                           "dir/inner/../in.jsonlist", "link/in.jsonlist", "symbolic", "hard"}) {
    const auto address = "file://" + fixture.path(same);
    INFO(address);
    const auto as_output = run(address, "");
    CHECK(as_output.exit_code != 0);
    CHECK(contains(as_output.errors, "must be different objects"));
    const auto as_log = run("file://" + fixture.path("out.jsonlist"), address);
    CHECK(as_log.exit_code != 0);
    CHECK(contains(as_log.errors, "must be different objects"));
    CHECK(fixture.read("dir/in.jsonlist") == line);
  }
  const auto log_is_output = run("file://" + fixture.path("dir/out.jsonlist"),
                                 "file://" + fixture.path("link/out.jsonlist"));
  CHECK(contains(log_is_output.errors, "must be different objects"));
  CHECK_FALSE(fixture.exists("dir/out.jsonlist"));
  CHECK(run("file://" + fixture.path("dir/out.jsonlist"), "").exit_code == 0);
  CHECK(fixture.read("dir/out.jsonlist") == line);
}

TEST_CASE("a plugin of another ABI is refused with path, both ABIs and the remedy",
          "[tools][bad_input]") {
  const ProgramFixture fixture;
  const auto folder = plugin_folder(fixture, "raw_other_abi");
  fixture.write("flip.json", kFlip);
  fixture.write("in.jsonlist", "");
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"operators", "list", "--plugins", folder},
           {"validate", "flip.json", "--plugins", folder},
           {"run", "flip.json", "--data", "data", "--plugins", folder},
           {"serve", "--data", "data", "--listen", "127.0.0.1:0", "--plugins", folder}}) {
    const auto refused = fixture.run(words);
    INFO(words[0] << ": " << refused.errors);
    CHECK(refused.exit_code != 0);
    CHECK(contains(refused.errors, folder + "/raw_other_abi.so"));
    CHECK(contains(refused.errors, "ABI wanted: 1, found: 7"));
    CHECK(contains(refused.errors, "Build it against the SDK of this engine"));
  }
  CHECK_FALSE(fixture.exists("out.jsonlist"));
}

TEST_CASE("a plugin that throws fails its job, naming the node, and leaves no output",
          "[tools][bad_input]") {
  const ProgramFixture fixture;
  const auto folder = plugin_folder(fixture, "thrower");
  fixture.write("in.jsonlist", R"({"url":"http://h/a"})"
                               "\n");
  fixture.write("throw.json", R"({"ops": [
    {"name": "in", "type": "input.list", "params": {"file": "in.jsonlist"}},
    {"name": "bad", "type": "filter.thrower", "preOps": ["in"], "params": {"where": "process"}},
    {"name": "out", "type": "output.list", "preOps": ["bad"],
     "params": {"file": "out.jsonlist", "prefix": "pictures"}}]})");
  const auto ran = fixture.run({"run", "throw.json", "--data", "data", "--plugins", folder});
  INFO(ran.errors);
  CHECK(ran.exit_code == 1);
  CHECK(contains(ran.errors, "job 1 failed: bad: "));
  CHECK(contains(ran.errors, "(node bad)"));
  CHECK_FALSE(fixture.exists("out.jsonlist"));
  for (const auto& entry : std::filesystem::directory_iterator{fixture.path(".")})
    CHECK(entry.path().extension() != ".partial");
  const auto job = Json::parse(
      fixture.run({"jobs", "show", "1", "--data", "data", "--plugins", folder, "--json"}).output);
  CHECK(job["state"] == "failed");
  CHECK(job["error"]["code"] == "internal");
}

TEST_CASE("a wrong word of the command line is told with what may stand there",
          "[tools][bad_input]") {
  const ProgramFixture fixture;
  const auto told = [&fixture](const std::vector<std::string>& words) {
    const auto ran = fixture.run(words);
    CHECK(ran.exit_code == 2);
    return ran.errors;
  };
  const auto from = [](int least) {
    return fmt::format("takes a whole number from {} to 9223372036854775807: ", least);
  };
  for (const std::string id : {"abc", "0", "1.5", "99999999999999999999"})
    CHECK(contains(told({"jobs", "wait", id}), "ID: " + from(1) + id + " ("));
  CHECK(contains(told({"models", "compare", "1", "x"}), "ID: " + from(1) + "x ("));
  CHECK(contains(told({"serve", "--connections", "0"}), "--connections: " + from(1) + "0 ("));
  CHECK(contains(told({"run", "a.json", "--deadline", "-1"}), "--deadline: " + from(0) + "-1 ("));
  CHECK(contains(told({"jobs", "lst"}),
                 R"(there is no command "jobs lst"; did you mean "jobs list"?)"));
  CHECK(contains(told({"user", "ad"}),
                 R"(there is no command "users ad"; did you mean "users add"?)"));
  CHECK(contains(told({"user"}), "subcommand is required"));
}
