#include <algorithm>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "fixture.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace plugins_list;
using Strings = std::vector<std::string>;

namespace {

millrace::testing::OperatorHarness folder(std::string_view more = "") {
  auto made = harness("input.folder", R"({"folder": "qiniu:///z0/in/p")" + std::string{more} + "}",
                      0, "source");
  for (const std::string_view name : {"cat/a.jpg", "cat/deep/b.PNG", "dog/c.webp", "notes.txt",
                                      "top.jpeg", "noext", "x\"y/q.jpg"}) {
    made.put_object("qiniu:///z0/in/p/" + std::string{name}, "");
  }
  made.put_object("qiniu:///z0/in/pictures/other.jpg", "");
  return made;
}

}  // namespace

TEST_CASE("a folder gives its pictures in the order of their addresses", "[input][folder]") {
  auto input = folder();
  REQUIRE(input.run().ok());
  CHECK(input.column<std::string>("url") ==
        Strings{"qiniu:///z0/in/p/cat/a.jpg", "qiniu:///z0/in/p/cat/deep/b.PNG",
                "qiniu:///z0/in/p/dog/c.webp", "qiniu:///z0/in/p/top.jpeg",
                "qiniu:///z0/in/p/x\"y/q.jpg"});
  CHECK(input.column<std::string>("record")[0] ==
        R"({"url":"qiniu:///z0/in/p/cat/a.jpg","type":"image"})");
  CHECK(input.column<std::string>("identity")[1] == "qiniu:///z0/in/p/cat/deep/b.PNG#source:2");
  CHECK(input.column<std::int64_t>("@root") == std::vector<std::int64_t>{1, 2, 3, 4, 5});
  CHECK_FALSE(input.optional_column<std::string>("label")[0]);
  CHECK(input.counts().at("read") == 5);
}

TEST_CASE("the first subfolder becomes the class", "[input][folder]") {
  auto input = folder(R"(, "label_from": "folder", "class_name": "animal")");
  REQUIRE(input.run().ok());
  const auto labels = input.optional_column<std::string>("label");
  CHECK(labels[1] == R"({"class":{"animal":"cat"}})");
  CHECK(labels[2] == R"({"class":{"animal":"dog"}})");
  CHECK_FALSE(labels[3]);
  CHECK(labels[4] == R"({"class":{"animal":"x\"y"}})");
  CHECK(
      input.column<std::string>("record")[2] ==
      R"({"url":"qiniu:///z0/in/p/dog/c.webp","type":"image","label":{"class":{"animal":"dog"}}})");
}

TEST_CASE("extensions choose the files", "[input][folder]") {
  auto text = folder(R"(, "extensions": [".TXT"])");
  REQUIRE(text.run().ok());
  CHECK(text.column<std::string>("url") == Strings{"qiniu:///z0/in/p/notes.txt"});
  auto all = folder(R"(, "extensions": ["*"])");
  REQUIRE(all.run().ok());
  CHECK(all.rows() == 7);
}

TEST_CASE("a resumed folder goes on behind its last file", "[input][folder]") {
  auto input = harness("input.folder", R"({"folder": "qiniu:///z0/in/many"})", 0, "source");
  for (int i = 10000; i < 12500; ++i)
    input.put_object("qiniu:///z0/in/many/" + std::to_string(i) + ".jpg", "");
  REQUIRE(input.run(1).ok());
  CHECK(input.rows() == 1024);
  const std::string state = input.snapshot();
  REQUIRE(input.restore(state, 1).ok());
  REQUIRE(input.run().ok());
  CHECK(input.rows() == 2500);
  CHECK(input.emitted() == 3);
  CHECK(input.column<std::int64_t>("line").back() == 2500);
  CHECK(input.column<std::string>("url")[1024] == "qiniu:///z0/in/many/11024.jpg");
}

namespace {

namespace fs = std::filesystem;

void write_picture(const fs::path& path) {
  fs::create_directories(path.parent_path());
  std::ofstream{path} << "x";
}

millrace::testing::OperatorHarness real_folder(const fs::path& top, const std::string& spelled,
                                               std::string_view more = "") {
  return harness("input.folder",
                 R"({"folder": "file:)" + top.string() + spelled + '"' + std::string{more} + "}", 0,
                 "source", top.string());
}

}  // namespace

TEST_CASE("a folder is found under each of its spellings", "[input][folder]") {
  const millrace::test::TemporaryFolder temporary;
  const auto top = fs::canonical(temporary.path());
  write_picture(top / "my pets/cat/a.jpg");
  fs::create_directory_symlink("my pets", top / "link");
  for (const std::string spelled :
       {"/link", "/link/", "/./my%20pets", "//my pets", "/link/../my%20pets//"}) {
    INFO(spelled);
    auto input = real_folder(top, spelled, R"(, "label_from": "folder")");
    REQUIRE(input.run().ok());
    REQUIRE(input.rows() == 1);
    CHECK(input.column<std::string>("url")[0] == "file://" + top.string() + "/my%20pets/cat/a.jpg");
    CHECK(input.optional_column<std::string>("label")[0] == R"({"class":{"class":"cat"}})");
    CHECK(input.counts().count("passedOver") == 0);
    CHECK(input.logs().empty());
  }
}

TEST_CASE("what a folder passes over is told and counted", "[input][folder]") {
  const millrace::test::TemporaryFolder temporary;
  const auto top = fs::canonical(temporary.path());
  write_picture(top / "p/cat/a.jpg");
  write_picture(top / "p/caf\xe9/b.jpg");
  fs::create_symlink("a.jpg", top / "p/cat/linked.jpg");
  auto labelled = real_folder(top, "/p", R"(, "label_from": "folder")");
  REQUIRE(labelled.run().ok());
  CHECK(labelled.rows() == 1);
  CHECK(labelled.counts().at("passedOver") == 2);
  REQUIRE(labelled.logs().size() == 1);  // once, however many there are
  CHECK(labelled.logs()[0].starts_with("warn: 2 entries of the folder passed over, first "));
  Strings told;
  for (const auto& event : labelled.events()) told.push_back(event.code + " " + event.message);
  std::sort(told.begin(), told.end());
  CHECK(told ==
        Strings{"passed_over caf\xef\xbf\xbd/b.jpg: the name of its class folder is not UTF-8",
                "passed_over cat/linked.jpg: a symbolic link"});

  // Without labels the address of the picture is all that is needed.
  auto plain = real_folder(top, "/p");
  REQUIRE(plain.run().ok());
  CHECK(plain.column<std::string>("url") == Strings{"file://" + top.string() + "/p/caf%E9/b.jpg",
                                                    "file://" + top.string() + "/p/cat/a.jpg"});
  CHECK(plain.counts().at("passedOver") == 1);
  CHECK(plain.logs() == Strings{"warn: 1 entry of the folder passed over, first cat/linked.jpg (a "
                                "symbolic link): file:" +
                                top.string() + "/p"});
}

TEST_CASE("a folder without a picture is said", "[input][folder]") {
  auto input = folder(R"(, "extensions": ["heic"])");
  REQUIRE(input.run().ok());
  CHECK(input.rows() == 0);
  CHECK(input.events().empty());
  CHECK(input.logs() ==
        Strings{
            "warn: no file below the folder has one of the extensions heic; it has 7 other files, "
            "and 0 were passed over: qiniu:///z0/in/p"});
}
