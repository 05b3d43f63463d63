// Where files of models lie, and which files are none.
#include "plugins/learn/model_file.hpp"

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

using millrace::Failure;
using millrace::learn::address_below;

namespace {

std::string refused_path(std::string_view path, std::string_view folder = "qiniu:///z0/models") {
  try {
    return "nothing failed: " + address_below(folder, path, "f");
  } catch (const Failure& failure) {
    CHECK(failure.code() == MR_INVALID_ARGUMENT);
    return failure.what();
  }
}

struct ModelFolder {
  ModelFolder() { std::filesystem::create_directories(path / "real"); }
  ~ModelFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path = std::filesystem::temp_directory_path() /
                               ("millrace model_file%test " + std::to_string(::getpid()));
};

}  // namespace

TEST_CASE("a model lies at one plain relative path below its folder", "[learn][model_file]") {
  CHECK(address_below("qiniu:///z0/models", "24_rule_model", "f") ==
        "qiniu:///z0/models/24_rule_model/f");
  CHECK(address_below("qiniu:///z0/models/", "a/b c/貸款", "f") ==
        "qiniu:///z0/models/a/b c/貸款/f");
  CHECK(address_below("qiniu:///z0/models", "..a/b../...", "f") ==
        "qiniu:///z0/models/..a/b../.../f");
  CHECK(address_below("qiniu:///z0/models", "a%2e%2e", "f") == "qiniu:///z0/models/a%2e%2e/f");
  CHECK(address_below("file:///none/x", "%2e%2e/a?b#c", "f") ==
        "file:///none/x/%252e%252e/a%3Fb%23c/f");
  CHECK(refused_path(std::string(1024, 'a')).starts_with("nothing failed"));
}

TEST_CASE("a path that could lead elsewhere is refused", "[learn][model_file]") {
  for (const std::string path : {"",
                                 "/",
                                 "/etc",
                                 "..",
                                 "../x",
                                 "a/..",
                                 "a/../b",
                                 "../../x",
                                 ".",
                                 "./a",
                                 "a/.",
                                 "a//b",
                                 "a/",
                                 "a\\b",
                                 "..\\x",
                                 "a\nb",
                                 "a\x7F",
                                 "\x80",
                                 "a\xC0\xAE\xC0\xAE/b",
                                 "\xED\xA0\x80"})
    CHECK_THAT(refused_path(path), Catch::StartsWith("path is not allowed"));
  CHECK_THAT(refused_path(std::string{"a\0b", 3}), Catch::StartsWith("path is not allowed"));
  CHECK_THAT(refused_path(std::string{"\0", 1}), Catch::StartsWith("path is not allowed"));
  CHECK_THAT(refused_path(std::string(1025, 'a')), Catch::Contains("1024 bytes"));
  CHECK_THAT(refused_path("a\nb"), !Catch::Contains("\n"));
}

TEST_CASE("no link is on the way to a model", "[learn][model_file]") {
  const ModelFolder folder;
  std::string address = "file://";
  for (const char c : folder.path.string())
    address += c == '%' ? "%25" : c == ' ' ? "%20" : std::string(1, c);
  std::filesystem::create_directory_symlink("/etc", folder.path / "link");
  std::filesystem::create_directory_symlink("real", folder.path / "inside");
  std::ofstream{folder.path / "real" / "other"} << "x";
  std::filesystem::create_symlink("other", folder.path / "real" / "f");
  CHECK_THAT(refused_path("link", address), Catch::Contains("symbolic link"));
  CHECK_THAT(refused_path("inside", address), Catch::Contains("symbolic link"));
  CHECK_THAT(refused_path("real", address), Catch::Contains("symbolic link"));  // the file itself
  CHECK(address_below(address, "real", "g") == address + "/real/g");
  CHECK(address_below(address, "new/real", "f") == address + "/new/real/f");
}
