#include "plugins/records/naming.hpp"

#include <string>

#include <catch2/catch.hpp>

#include "plugins/records/identity.hpp"

namespace records = millrace::records;

TEST_CASE("generated pictures get the documented names", "[records][naming]") {
  const std::string root = "qiniu:///z0/in/img/a.png";
  const auto name = [&root](int copy) {
    return records::generated_url(
        "qiniu:///z0/out/e4", root,
        records::identity(records::identity(root, "source", 1), "flip1", copy), "flip", ".png");
  };
  CHECK(name(0) == "qiniu:///z0/out/e4/a_551f8b2ece965266.png");
  CHECK(name(1) == "qiniu:///z0/out/e4/a_31a26b7852a374dc.png");
  CHECK(name(2) == "qiniu:///z0/out/e4/a_eecf5975f07cf8d6.png");
}

TEST_CASE("a downloaded picture is named by its address alone", "[records][naming]") {
  CHECK(records::name_digits("http://127.0.0.1:9000/src.png#download:0", "download") ==
        "9967478b9f81ddd3");
}

TEST_CASE("a stem is the last segment made safe", "[records][naming]") {
  CHECK(records::file_stem("http://h/p/photo.final.jpg?x=1/2.png#top") == "photo.final");
  CHECK(records::file_stem("qiniu:///z0/b/\xe4\xba\xba 1.png") == "____1");
  CHECK(records::file_stem("http://any_url") == "image");
  CHECK(records::file_stem("http://h/folder/") == "image");
  CHECK(records::file_stem("http://h/.png") == "image");
  CHECK(records::file_stem("") == "image");
  CHECK(records::file_stem("plain.bmp") == "plain");
  CHECK(records::file_stem("qiniu:///z0/b/a#1.png") == "a_1");
  CHECK(records::file_stem("http://h/" + std::string(100, 'x') + ".jpg") == std::string(64, 'x'));
}

TEST_CASE("a slash at the end of the prefix makes no empty segment", "[records][naming]") {
  CHECK(records::generated_url("file:///out/", "file:///in/a.jpg", "i", "flip", ".jpg")
            .starts_with("file:///out/a_"));
}
