#include "engine/plugin/registry.hpp"

#include <atomic>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/spawn.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace;
using millrace::test::TemporaryFolder;

namespace {

std::filesystem::path library(const std::string& name) {
  return std::filesystem::path{MR_TEST_PLUGINS} / name / (name + ".so");
}

// Copies a test plugin, so that each test has a library of its own which nobody has loaded.
std::filesystem::path copy_into(const TemporaryFolder& folder, const std::string& name,
                                const std::string& as = "") {
  const auto to = folder / ((as.empty() ? name : as) + ".so");
  std::filesystem::copy_file(library(name), to);
  return to;
}

bool is_loaded(const std::filesystem::path& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOLOAD | RTLD_NOW);
  if (handle != nullptr) ::dlclose(handle);
  return handle != nullptr;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path, std::ios::binary} << text;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return std::string{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

Result<Finished> run_manifest(std::vector<std::string> arguments) {
  Command command;
  command.program = MR_MANIFEST_PROGRAM;
  command.arguments = std::move(arguments);
  return system_spawn().run(command);
}

Error open_error(const TemporaryFolder& folder) {
  auto opened = Registry::open({folder.path()});
  REQUIRE_FALSE(opened.ok());
  return std::move(opened).error();
}

}  // namespace

TEST_CASE("a manifest tells of the operators, and nothing is loaded until one is used",
          "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto path = copy_into(folder, "sample");
  const auto made = run_manifest({path.string()});
  REQUIRE(made.ok());
  INFO(made->errors);
  REQUIRE(made->exit_code == 0);
  REQUIRE(std::filesystem::exists(folder / "sample.json"));

  const auto registry = *Registry::open({folder.path()});
  CHECK(registry->all().size() == 5);
  const auto* info = registry->find("filter.sample_min");
  REQUIRE(info != nullptr);
  CHECK(info->plugin == "test.sample");
  CHECK(info->version == "1.2.3");
  CHECK(info->replicable);
  CHECK(info->rules != nullptr);
  CHECK_FALSE(is_loaded(path));
  CHECK(registry->table(*info).ok());
  CHECK(is_loaded(path));
}

TEST_CASE("a library without a manifest is asked itself", "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto path = copy_into(folder, "sample");
  const auto registry = *Registry::open({folder.path()});
  CHECK(registry->find("filter.sample_min") != nullptr);
  CHECK(is_loaded(path));
}

TEST_CASE("a manifest of another build, or a broken one, is not believed", "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto path = copy_into(folder, "sample");
  REQUIRE(write_manifest(path).ok());
  SECTION("another build") {
    auto manifest = *parse_json(read(folder / "sample.json"));
    manifest["identity"] = "build-id:00";
    manifest["operators"].clear();
    write(folder / "sample.json", manifest.dump());
  }
  SECTION("no JSON") { write(folder / "sample.json", "{\"manifest\": 1, "); }
  SECTION("another format") { write(folder / "sample.json", "{\"manifest\": 2}"); }
  SECTION("an operator that cannot be read") {
    auto manifest = *parse_json(read(folder / "sample.json"));
    manifest["operators"][0]["no_such_member"] = 1;
    write(folder / "sample.json", manifest.dump());
  }
  CHECK((*Registry::open({folder.path()}))->all().size() == 5);
}

TEST_CASE("a manifest stays true when its library is copied with another date",
          "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto path = copy_into(folder, "sample", "copied");
  REQUIRE(write_manifest(path).ok());
  std::filesystem::last_write_time(
      path, std::filesystem::file_time_type::clock::now() + std::chrono::hours{5});
  const auto again = folder / "again";
  std::filesystem::create_directory(again);
  std::filesystem::copy(folder / "copied.so", again / "copied.so");
  std::filesystem::copy(folder / "copied.json", again / "copied.json");
  const auto registry = *Registry::open({again});
  CHECK(registry->all().size() == 5);
  CHECK_FALSE(is_loaded(again / "copied.so"));
}

TEST_CASE("a library that does not load is told with path, ABI wanted, ABI found and remedy",
          "[plugin][registry]") {
  const TemporaryFolder folder;
  std::string reason;
  std::string found;
  SECTION("no ELF file") {
    write(folder / "p.so", "this is a text, no library");
    reason = "the system cannot load it";
    found = "unknown";
  }
  SECTION("an empty file") {
    write(folder / "p.so", "");
    reason = "the system cannot load it";
    found = "unknown";
  }
  SECTION("no symbol") {
    copy_into(folder, "no_symbol", "p");
    reason = "it does not export mr_plugin_v1";
    found = "none";
  }
  SECTION("a later symbol") {
    copy_into(folder, "later_symbol", "p");
    reason = "it does not export mr_plugin_v1";
    found = "2";
  }
  SECTION("another ABI") {
    copy_into(folder, "raw_other_abi", "p");
    reason = "another ABI";
    found = "7";
  }
  SECTION("a plugin table that is too small") {
    copy_into(folder, "raw_small_plugin", "p");
    reason = "struct mr_plugin is too small: 24 bytes";
    found = "1";
  }
  SECTION("a plugin table without a version") {
    copy_into(folder, "raw_tiny_plugin", "p");
    reason = "struct mr_plugin is too small: 4 bytes";
    found = "unknown";
  }
  SECTION("an operator table that is too small") {
    copy_into(folder, "raw_small_operator", "p");
    reason = "struct mr_operator is too small: 40 bytes";
    found = "1";
  }
  SECTION("an operator without process") {
    copy_into(folder, "raw_no_process", "p");
    reason = "must have process";
    found = "1";
  }
  SECTION("snapshot without restore") {
    copy_into(folder, "raw_one_hook", "p");
    reason = "both of snapshot and restore";
    found = "1";
  }
  SECTION("no table at all") {
    copy_into(folder, "raw_null", "p");
    reason = "refused to describe itself";
    found = "unknown";
  }
  const auto error = open_error(folder);
  CHECK(error.code == Code::DataInvalid);
  CHECK_THAT(error.message, Catch::Contains((folder / "p.so").filename().string()) &&
                                Catch::Contains(reason) &&
                                Catch::Contains("ABI wanted: 1, found: " + found) &&
                                Catch::Contains("Build it against"));
}

TEST_CASE("the ABI in a manifest is believed without loading the library", "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto path = copy_into(folder, "sample", "other");
  REQUIRE(write_manifest(path).ok());
  auto manifest = *parse_json(read(folder / "other.json"));
  manifest["abi_version"] = 3;
  write(folder / "other.json", manifest.dump());
  const TemporaryFolder fresh;
  std::filesystem::copy(path, fresh / "other.so");
  std::filesystem::copy(folder / "other.json", fresh / "other.json");
  CHECK_THAT(open_error(fresh).message, Catch::Contains("ABI wanted: 1, found: 3"));
  CHECK_FALSE(is_loaded(fresh / "other.so"));
}

TEST_CASE("a bad declaration is an error that names the library and the parameter",
          "[plugin][registry]") {
  const TemporaryFolder folder;
  copy_into(folder, "bad_declaration");
  CHECK_THAT(open_error(folder).message, Catch::Contains("bad_declaration.so") &&
                                             Catch::Contains("filter.bad_declaration") &&
                                             Catch::Contains("\"limit\""));
}

TEST_CASE("an operator in two plugins is an error that names both files", "[plugin][registry]") {
  const TemporaryFolder folder;
  copy_into(folder, "sample");
  copy_into(folder, "twin");
  const auto error = open_error(folder);
  CHECK(error.code == Code::Conflict);
  CHECK_THAT(error.message, Catch::Contains("filter.sample_min") && Catch::Contains("sample.so") &&
                                Catch::Contains("twin.so"));
}

TEST_CASE("a folder named twice, or a library added twice, is there once", "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto path = copy_into(folder, "sample");
  const auto registry = *Registry::open({folder.path(), folder.path()});
  CHECK(registry->all().size() == 5);
  const auto added = registry->add(path);
  REQUIRE(added.ok());
  CHECK(added->size() == 5);
}

TEST_CASE("a folder or a library that is not there is NotFound", "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto opened = Registry::open({folder / "none"});
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == Code::NotFound);
  CHECK_THAT(opened.error().message, Catch::Contains("none"));
  const auto registry = *Registry::open({folder.path()});
  CHECK(registry->all().empty());
  CHECK(registry->add(folder / "none.so").error().code == Code::NotFound);
}

TEST_CASE("unknown operators have a nearest name", "[plugin][registry]") {
  const auto registry = *Registry::open({});
  REQUIRE(registry->add(library("sample")).ok());
  CHECK(registry->find("filter.sample_mim") == nullptr);
  CHECK(registry->nearest("filter.sample_mim") == "filter.sample_min");
  CHECK(registry->nearest("fitler.sample_min") == "filter.sample_min");
  CHECK(registry->nearest("sample_min") == "filter.sample_min");
  CHECK(registry->nearest("something.else").empty());
  CHECK(registry->find("filter") == nullptr);  // short for filter.label, which is not here
}

TEST_CASE("a library that changes between opening and use is told", "[plugin][registry]") {
  const TemporaryFolder folder;
  const auto path = copy_into(folder, "sample", "changing");
  REQUIRE(write_manifest(path).ok());
  const TemporaryFolder fresh;
  std::filesystem::copy(path, fresh / "changing.so");
  std::filesystem::copy(folder / "changing.json", fresh / "changing.json");
  const auto registry = *Registry::open({fresh.path()});
  std::filesystem::remove(fresh / "changing.so");
  SECTION("gone") {
    CHECK(registry->table(*registry->find("filter.sample_min")).error().code == Code::NotFound);
  }
  SECTION("another plugin") {
    std::filesystem::copy(library("thrower"), fresh / "changing.so");
    CHECK(registry->table(*registry->find("filter.sample_min")).error().code == Code::Conflict);
  }
}

TEST_CASE("many threads may ask for tables at once", "[plugin][registry]") {
  const TemporaryFolder folder;
  copy_into(folder, "sample");
  REQUIRE(write_manifest(folder / "sample.so").ok());
  const auto registry = *Registry::open({folder.path()});
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (const auto* info : registry->all()) {
          if (registry->table(*info).ok()) ++good;
        }
      });
    }
  }
  CHECK(good == 40);
}

TEST_CASE("the manifest program says what is wrong and how", "[plugin][registry]") {
  const auto none = run_manifest({});
  REQUIRE(none.ok());
  CHECK(none->exit_code == 2);
  const auto bad = run_manifest({library("no_symbol").string()});
  REQUIRE(bad.ok());
  CHECK(bad->exit_code == 1);
  CHECK_THAT(bad->errors, Catch::Contains("mr_plugin_v1"));
}
