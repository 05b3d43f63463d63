// `millrace models gc`: what it finds in a store that is whole, damaged, or has lost a file.
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/data_lock.hpp"
#include "engine/engine.hpp"
#include "engine/store/blobs.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

namespace fs = std::filesystem;

template <class T>
T must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error{result.error().message};
  return *std::move(result);
}

// A registry with three models, of which the first two have one file, and a file that no model has.
class FilledStore {
 public:
  FilledStore() {
    EngineSettings settings;
    settings.data = fixture.path("data");
    settings.workers = 1;
    const auto engine = must(Engine::open(std::move(settings)));
    const auto change = [&](const Json& document) {
      must(engine->catalog().change(document, {.owner = {}, .name = "test"}));
    };
    change(
        {{"entity", "users"}, {"action", "insert"}, {"set", {{"login", "a"}, {"password", "p"}}}});
    change({{"entity", "workspaces"}, {"action", "insert"}, {"set", {{"name", "w"}}}});
    change({{"entity", "projects"},
            {"action", "insert"},
            {"set", {{"name", "p"}, {"workspace_id", 1}}}});
    char last = '1';  // what tells the contents apart
    for (auto* name : {&shared, &single, &lost}) {
      const auto writer = must(engine->store().blobs()->stage());
      const auto written = writer->write(std::string(100'000, 'x') + last++);
      if (!written.ok()) throw std::runtime_error{written.error().message};
      *name = must(writer->finish());
      must(writer->publish());
    }
    for (const auto* file : {&shared, &shared, &single}) {
      change({{"entity", "models"},
              {"action", "insert"},
              {"set",
               {{"user_id", 1},
                {"project_id", 1},
                {"name", "m"},
                {"file_name", "f.bin"},
                {"file_sha256", file->sha256},
                {"file_bytes", file->size_bytes}}}});
    }
  }

  Finished gc(std::vector<std::string> options) const {
    options.insert(options.begin(), {"models", "gc", "--data", "data"});
    return fixture.run(options);
  }

  // The file that holds a content; empty when there is none.
  [[nodiscard]] fs::path file(const BlobName& name) const {
    for (const auto& entry : fs::recursive_directory_iterator{fixture.path("data")}) {
      const auto leaf = entry.path().filename().string();
      if (entry.is_regular_file() && leaf.size() > 32 && name.sha256.ends_with(leaf))
        return entry.path();
    }
    return {};
  }

  ProgramFixture fixture;
  BlobName shared, single, lost;
};

// Writes over one byte in the middle; the size stays.
void damage(const fs::path& file) {
  REQUIRE(fs::exists(file));
  fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
  std::fstream stream{file, std::ios::in | std::ios::out | std::ios::binary};
  stream.seekp(50'000);
  stream.put('y');
  REQUIRE(stream.flush());
}

}  // namespace

TEST_CASE("a whole store passes, and loses what no model refers to", "[tools][models][gc]") {
  const FilledStore store;
  const auto told = store.gc({"--verify", "--dry-run", "--json"});
  INFO(told.errors);
  CHECK(told.exit_code == 0);
  const auto lost =
      Json::array({{{"sha256", store.lost.sha256}, {"bytes", store.lost.size_bytes}}});
  CHECK(Json::parse(told.output) == Json{{"dryRun", true},
                                         {"contents", 3},
                                         {"bytes", 3 * store.lost.size_bytes},
                                         {"unreferred", 1},
                                         {"unreferredBytes", store.lost.size_bytes},
                                         {"missing", 0},
                                         {"damaged", 0},
                                         {"removed", lost}});
  CHECK_FALSE(store.file(store.lost).empty());

  const auto removed = store.gc({"--verify"});
  CHECK(removed.exit_code == 0);
  CHECK(removed.output.find(store.lost.sha256) != std::string::npos);
  CHECK(removed.output.find("3 files, ") != std::string::npos);
  CHECK(removed.errors.empty());
  CHECK(store.file(store.lost).empty());

  const auto again = Json::parse(store.gc({"--verify", "--json"}).output);
  CHECK(again["contents"] == 2);
  CHECK(again["unreferred"] == 0);
  CHECK_FALSE(store.file(store.shared).empty());
  CHECK_FALSE(store.file(store.single).empty());
}

TEST_CASE("a damaged file is told by its name, and stays", "[tools][models][gc]") {
  const FilledStore store;
  const auto& file = store.file(store.single);
  const bool is_short = GENERATE(false, true);
  is_short ? fs::resize_file(file, 99'999) : damage(file);
  // Nothing but the bytes tells it.
  const auto unread = store.gc({"--json"});
  CHECK(unread.exit_code == 0);
  CHECK(Json::parse(unread.output)["damaged"] == 0);

  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--verify", "--json", "--dry-run"}, {"--verify", "--json"}}) {
    const auto told = store.gc(options);
    CHECK(told.exit_code == 1);
    const auto found = Json::parse(told.output);
    CHECK(found["damaged"] == 1);
    CHECK(found["missing"] == 0);
    CHECK(told.errors.find(store.single.sha256) != std::string::npos);
    CHECK(told.errors.find(store.shared.sha256) == std::string::npos);
  }
  CHECK(fs::exists(file));
}

TEST_CASE("models whose file is not in the store are counted", "[tools][models][gc]") {
  const FilledStore store;
  CHECK(store.gc({"--dry-run"}).exit_code == 0);
  fs::remove(store.file(store.shared));
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--dry-run"}, {"--verify", "--dry-run"}}) {
    const auto told = store.gc(options);
    CHECK(told.exit_code == 1);
    CHECK(told.errors.find("2 models have a file that is not in the store") != std::string::npos);
  }
  const auto found = Json::parse(store.gc({"--verify", "--json"}).output);
  CHECK(found["missing"] == 2);
  CHECK(found["damaged"] == 0);
  CHECK(found["contents"] == 2);
  CHECK_FALSE(store.file(store.single).empty());
}

TEST_CASE("files are collected only when nobody else has the data folder", "[tools][models][gc]") {
  const FilledStore store;
  const auto lock = DataLock::take(store.fixture.path("data"));
  REQUIRE(lock.ok());
  const auto refused = store.gc({"--verify"});
  CHECK(refused.exit_code == 5);
  CHECK(refused.errors.find("in use by process") != std::string::npos);
  CHECK_FALSE(store.file(store.lost).empty());
}
