#include "engine/base/private_files.hpp"

#include <fstream>

#include <catch2/catch.hpp>

#include "engine/base/environment_file.hpp"
#include "tests/engine_base/temporary_folder.hpp"

#include <sys/stat.h>

using namespace millrace;

namespace {

std::filesystem::path write(const test::TemporaryFolder& folder, const std::string& text,
                            mode_t mode) {
  const auto file = folder.path() / "secrets";
  std::ofstream{file} << text;
  REQUIRE(::chmod(file.c_str(), mode) == 0);
  return file;
}

Code code_of(const Result<Environment>& read) {
  REQUIRE_FALSE(read.ok());
  return read.error().code;
}

}  // namespace

TEST_CASE("a file with secrets is read when it is its owner's alone", "[base][secrets]") {
  const test::TemporaryFolder folder;
  CHECK(*read_private_file(write(folder, "sesame\n", 0600), 7) == "sesame\n");
  CHECK(*read_private_file(write(folder, "", 0400), 7) == "");
  const auto longer = read_private_file(write(folder, "sesame\n", 0600), 6);
  REQUIRE_FALSE(longer.ok());
  CHECK(longer.error().code == Code::Exhausted);
  CHECK(longer.error().message.find("sesame") == std::string::npos);
  for (const mode_t mode : {0604, 0640, 0620, 0601, 0660, 0777}) {
    const auto file = write(folder, "sesame\n", mode);
    const auto refused = read_private_file(file, 100);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == Code::PermissionDenied);
    CHECK(refused.error().message.find("chmod 600 " + file.string()) != std::string::npos);
  }
  CHECK(read_private_file(folder.path(), 100).error().code == Code::InvalidArgument);
  CHECK(read_private_file(folder.path() / "none", 100).error().code == Code::NotFound);
  REQUIRE(::mkfifo((folder.path() / "pipe").c_str(), 0600) == 0);
  CHECK(read_private_file(folder.path() / "pipe", 100).error().code == Code::InvalidArgument);
}

TEST_CASE("settings are read as a shell would write them", "[base][secrets]") {
  const auto read = parse_environment(
      "# who\n\nA=1\nexport B = two words # and a remark\r\nC='as $it \\ is #1' # here\n"
      "D=\"a \\\"b\\\" \\\\ \\n\\$x \\d\"\nE=\nA=3\nF=x#y=z\n_g9=''\nH=表");
  REQUIRE(read.ok());
  CHECK(*read == Environment{{"A", "3"},
                             {"B", "two words"},
                             {"C", "as $it \\ is #1"},
                             {"D", "a \"b\" \\ \n$x \\d"},
                             {"E", ""},
                             {"F", "x#y=z"},
                             {"_g9", ""},
                             {"H", "表"}});
  CHECK(parse_environment("")->empty());
}

TEST_CASE("a line that is no setting is named without what it holds", "[base][secrets]") {
  const std::string line =
      GENERATE(as<std::string>{}, "sesame", "=sesame", "1A=sesame", "A B=sesame", "A='sesame",
               "A=\"sesame", "A=\"sesame\\", "A='sesame' sesame", "A=\"sesame\"sesame",
               std::string{"A=sesame\0"} + std::string(1, '\0'));
  INFO(line);
  const auto read = parse_environment("A=1\n" + line);
  CHECK(code_of(read) == Code::InvalidArgument);
  CHECK(read.error().message.find("line 2") != std::string::npos);
  CHECK(read.error().message.find("sesame") == std::string::npos);
}

TEST_CASE("a file of settings that is missing has none, and a loose one is refused",
          "[base][secrets]") {
  const test::TemporaryFolder folder;
  CHECK(read_environment_file(folder.path() / "none")->empty());
  CHECK(read_environment_file(write(folder, "A=1", 0600))->at("A") == "1");
  CHECK(code_of(read_environment_file(write(folder, "A=1", 0644))) == Code::PermissionDenied);
  CHECK(code_of(read_environment_file(write(folder, std::string((1u << 20) + 1, '#'), 0600))) ==
        Code::Exhausted);
}
