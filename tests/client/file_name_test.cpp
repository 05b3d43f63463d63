#include "client/src/file_name.hpp"

#include <filesystem>

#include <catch2/catch.hpp>

using namespace millrace::client::detail;

TEST_CASE("a name of somebody else's choice stays in its folder", "[client][file_name]") {
  CHECK(safe_file_name("net v2.bin") == "net v2.bin");
  CHECK(safe_file_name("..") == "_.");
  CHECK(safe_file_name(".") == "_");
  CHECK(safe_file_name("../../etc/passwd") == "_._.._etc_passwd");
  CHECK(safe_file_name("/etc/passwd") == "_etc_passwd");
  CHECK(safe_file_name("..\\..\\boot.ini") == "_._.._boot.ini");
  CHECK(safe_file_name(".bashrc") == "_bashrc");
  CHECK(safe_file_name("-rf") == "_rf");
  CHECK(safe_file_name(std::string_view{"a\0b", 3}) == "a_b");
  CHECK(safe_file_name("a\nb\x1b[1m\x7f") == "a_b_[1m_");
  CHECK(safe_file_name("a\xc2\x9b"
                       "31m") == "a_31m");  // U+009B begins a command of a terminal
  CHECK(safe_file_name("\xc5\xbc\xc3\xb3\xc5\x82w") == "\xc5\xbc\xc3\xb3\xc5\x82w");
  CHECK(safe_file_name("").empty());
}

TEST_CASE("whatever the name, the path is one step below the folder", "[client][file_name]") {
  for (const auto* name : {"..", "../x", "a/../../x", "/", "//", "/etc/passwd", "a/"}) {
    INFO(name);
    const auto path = std::filesystem::path{"/folder"} / safe_file_name(name);
    CHECK(path.parent_path() == "/folder");
    CHECK(path.lexically_normal().parent_path() == "/folder");
    // The bare name leads elsewhere.
    CHECK((std::filesystem::path{"/folder"} / name).lexically_normal().parent_path() != "/folder");
  }
}

TEST_CASE("a long name is cut between characters", "[client][file_name]") {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "\xe2\x82\xac";
  const auto cut = safe_file_name(name);
  CHECK(cut == name.substr(0, 198));
  CHECK(safe_file_name(std::string(300, 'a')).size() == 200);
}

TEST_CASE("a file name is read from Content-Disposition", "[client][file_name]") {
  CHECK(disposition_file_name("attachment; filename=5f.bin") == "5f.bin");
  CHECK(disposition_file_name("attachment; FileName=\"a \\\"b\\\".bin\"; x=y") == "a \"b\".bin");
  CHECK(disposition_file_name("attachment; filename=a.bin ; x=y") == "a.bin");
  CHECK(disposition_file_name("attachment; xfilename=a.bin").empty());
  CHECK(disposition_file_name("inline").empty());
  CHECK(disposition_file_name("").empty());
}
