#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "engine/plugin/library_identity.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace;
using millrace::test::TemporaryFolder;

namespace {

std::filesystem::path library(const std::string& name) {
  return std::filesystem::path{MR_TEST_PLUGINS} / name / (name + ".so");
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path, std::ios::binary} << text;
}

}  // namespace

TEST_CASE("a library is known by its build id, two builds by different ones",
          "[plugin][identity]") {
  const auto sample = library_identity(library("sample"));
  const auto thrower = library_identity(library("thrower"));
  REQUIRE(sample.ok());
  REQUIRE(thrower.ok());
  CHECK(sample->starts_with("build-id:"));
  CHECK(sample->size() == std::string{"build-id:"}.size() + 40);
  CHECK(*sample != *thrower);
}

TEST_CASE("a file without a build id is known by its contents", "[plugin][identity]") {
  const TemporaryFolder folder;
  write(folder / "a", "abc");
  CHECK(library_identity(folder / "a").value_or("") ==
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write(folder / "b", "");
  CHECK(library_identity(folder / "b").ok());
}

TEST_CASE("a truncated or lying ELF head breaks nothing", "[plugin][identity]") {
  const TemporaryFolder folder;
  std::string head(64, '\0');
  head.replace(0, 5,
               "\x7f"
               "ELF\x02",
               5);
  SECTION("head only") { write(folder / "x", head); }
  SECTION("segments beyond the file") {
    head[54] = 56;   // e_phentsize
    head[56] = 100;  // e_phnum
    write(folder / "x", head);
  }
  SECTION("cut in the middle of the head") { write(folder / "x", head.substr(0, 30)); }
  const auto identity = library_identity(folder / "x");
  REQUIRE(identity.ok());
  CHECK(identity->starts_with("sha256:"));
}

TEST_CASE("a file that is not there is NotFound", "[plugin][identity]") {
  const auto identity = library_identity("/nonexistent/p.so");
  REQUIRE_FALSE(identity.ok());
  CHECK(identity.error().code == Code::NotFound);
}
