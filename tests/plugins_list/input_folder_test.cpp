#include <catch2/catch.hpp>

#include "fixture.hpp"

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
