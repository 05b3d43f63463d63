#include "engine/data_folder.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/fixtures/temporary_folder.hpp"

#include <sys/stat.h>

using namespace millrace;
namespace fs = std::filesystem;

namespace {

// A folder of the given mode, with files in it.
fs::path folder_of(const test::TemporaryFolder& place, mode_t mode,
                   const std::vector<std::pair<std::string, mode_t>>& files = {}) {
  const auto folder = place / "data";
  fs::create_directory(folder);
  for (const auto& [name, file_mode] : files) {
    std::ofstream{folder / name} << "x";
    REQUIRE(::chmod((folder / name).c_str(), file_mode) == 0);
  }
  REQUIRE(::chmod(folder.c_str(), mode) == 0);
  return folder;
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

}  // namespace

TEST_CASE("a data folder that is missing is made for nobody but its user, with those above it",
          "[engine][data_folder]") {
  const auto before = ::umask(0);
  const test::TemporaryFolder place;
  CHECK(open_data_folder(place / "a/b/data/").ok());
  ::umask(before);
  for (const char* name : {"a", "a/b", "a/b/data"}) CHECK(mode_of(place / name) == 0700);
  CHECK(open_data_folder(place / "a/b/data").ok());
}

TEST_CASE("a folder that is not used yet is closed", "[engine][data_folder]") {
  const test::TemporaryFolder place;
  const auto folder =
      folder_of(place, GENERATE(mode_t{0755}, mode_t{0777}, mode_t{0750}), {{"atflow.json", 0600}});
  CHECK(open_data_folder(folder).ok());
  CHECK(mode_of(folder) == 0700);
}

TEST_CASE("an older data folder that others can read or write is refused with what mends it",
          "[engine][data_folder]") {
  const test::TemporaryFolder place;
  const auto [mode, file, file_mode] =
      GENERATE(table<mode_t, std::string, mode_t>({{0755, "lock", 0644},
                                                   {0755, "catalog.sqlite", 0644},
                                                   {0770, "catalog.sqlite", 0660},
                                                   {0777, "lock", 0600},
                                                   {0730, "catalog.sqlite", 0600}}));
  const auto folder = folder_of(place, mode, {{file, file_mode}});
  const auto refused = open_data_folder(folder);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::PermissionDenied);
  const std::string mend = "chmod -R go-rwx " + folder.string();
  CHECK(refused.error().message.find("run " + mend) != std::string::npos);
  CHECK(mode_of(folder) == mode);
  REQUIRE(std::system(mend.c_str()) == 0);
  CHECK(open_data_folder(folder).ok());
}

TEST_CASE("a folder that all share is not taken for the data folder", "[engine][data_folder]") {
  const test::TemporaryFolder place;
  const auto folder = folder_of(place, 01777);
  CHECK(open_data_folder(folder).error().code == Code::PermissionDenied);
  CHECK(mode_of(folder) == 01777);
}

TEST_CASE("a file is no data folder", "[engine][data_folder]") {
  const test::TemporaryFolder place;
  std::ofstream{place / "data"} << "x";
  CHECK_FALSE(open_data_folder(place / "data").ok());
}
