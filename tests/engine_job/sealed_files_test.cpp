#include "engine/job/sealed_files.hpp"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::must;

namespace {

std::unique_ptr<SealedFiles> open_files(const std::filesystem::path& folder) {
  return must(SealedFiles::open(must(open_disk(folder, DiskOwner::Program))));
}

const Json kValues{{"secret", {{"/a", "sesame"}}}, {"file", Json::object()}};

}  // namespace

TEST_CASE("sealed values are read as they were written, until they are erased", "[job][sealed]") {
  const test::TemporaryFolder folder;
  const auto files = open_files(folder.path());
  const std::string name = must(files->write(kValues));
  CHECK(name.starts_with(files->place() + "-"));
  CHECK(must(files->read(name)) == kValues);
  must(files->erase(name));
  must(files->erase(name));
  const auto gone = files->read(name);
  REQUIRE_FALSE(gone.ok());
  CHECK(gone.error().code == Code::NotFound);
}

TEST_CASE("a name that is none of a sealed file reads and erases nothing", "[job][sealed]") {
  const test::TemporaryFolder folder;
  const auto root = folder.path() / "sealed";
  const auto files = open_files(root);
  std::ofstream{folder.path() / "outside"} << "{}";
  for (const char* name : {"", "place", "../outside", "."}) {
    INFO(name);
    CHECK_FALSE(files->read(name).ok());
    must(files->erase(name));
  }
  CHECK(std::filesystem::exists(root / "place"));
  CHECK(std::filesystem::exists(folder.path() / "outside"));
}

TEST_CASE("engines at one folder call it by one name, and a damaged one is told", "[job][sealed]") {
  const test::TemporaryFolder folder;
  const auto first = open_files(folder.path() / "one"), again = open_files(folder.path() / "one");
  CHECK(first->place() == again->place());
  CHECK(first->place() != open_files(folder.path() / "two")->place());
  std::ofstream{folder.path() / "one/place"} << "no digits";
  const auto damaged =
      SealedFiles::open(must(open_disk(folder.path() / "one", DiskOwner::Program)));
  REQUIRE_FALSE(damaged.ok());
  CHECK(damaged.error().message.find("\"place\" is not 16 hexadecimal digits") !=
        std::string::npos);
}

TEST_CASE("a sweep takes no file whose row is under way", "[job][sealed]") {
  const test::TemporaryFolder folder;
  const auto files = open_files(folder.path()), other = open_files(folder.path());
  const std::string name = must(files->write(kValues));
  std::ofstream{folder.path() / "README"} << "not ours";
  std::ofstream{folder.path() / "place.draft"} << "of an engine that died";
  const std::set<std::string> draft{"place.draft"}, both{"place.draft", name};
  CHECK(must(files->sweepable(0, 0)) == draft);
  CHECK(must(other->sweepable(0, 0)) == both);
  CHECK(must(other->sweepable(0, 1)).empty());  // younger than that
  files->release(name);
  CHECK(must(files->sweepable(0, 0)) == both);
}
