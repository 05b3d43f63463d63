#include <turbojpeg.h>

#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace plugins_list;
using Catch::Contains;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

constexpr std::string_view kPage = "qiniu:///z0/out/sheet.html";

OperatorHarness sheet(std::string_view more = "") {
  return harness("output.contact_sheet",
                 R"({"file": "qiniu:///z0/out/sheet.html")" + std::string{more} + "}");
}

std::string jpeg(int width, int height) {
  const std::vector<unsigned char> rgb(
      static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * 3, 90);
  void* handle = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(handle, rgb.data(), width, 0, height, TJPF_RGB, &data, &size, TJSAMP_420, 90,
                      0) == 0);
  std::string bytes{reinterpret_cast<const char*>(data), size};
  tjFree(data);
  tjDestroy(handle);
  return bytes;
}

std::size_t count(const std::string& text, std::string_view word) {
  std::size_t found = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

millrace::Batch records(std::vector<millrace::testing::Cell> cells) {
  return batch({{"record", millrace::Type::Utf8, std::move(cells)}});
}

constexpr auto kGenerated =
    R"j({"url":"qiniu:///z0/out/a_1.jpg","source_url":"qiniu:///z0/in/a.jpg","ops":"augment(flip,rotate/16.2016)","label":{"class":{"scene":"a <b>"},"detect":{"d":{"bbox":[{"class":"dog","pts":[[10,20],[30,40]]},{"class":"cat","pts":[[0,0],[5,0],[5,5.5]]}]}}}})j";

}  // namespace

TEST_CASE("the page shows sources and what was made of them", "[output][contact_sheet]") {
  auto page = sheet(R"(, "title": "Fish & <chips>", "columns": 3)");
  page.put_object("qiniu:///z0/in/a.jpg", jpeg(1200, 800));
  page.put_object("qiniu:///z0/out/a_1.jpg", jpeg(1000, 700));
  REQUIRE(page.push(records({kGenerated, null})).ok());
  REQUIRE(page.finish().ok());
  const std::string html = page.staged(kPage).value();
  CHECK_THAT(html, Contains("<title>Fish &amp; &lt;chips&gt;</title>"));
  CHECK_THAT(html, Contains("scene: <b>a &lt;b&gt;</b>"));
  CHECK_THAT(html, Contains(">rotate/16.2016</span>"));
  CHECK_THAT(html, Contains("1000 × 700"));
  CHECK_THAT(html, Contains(R"(points="10,20 30,20 30,40 10,40 ")"));
  CHECK_THAT(html, Contains(R"(points="0,0 5,0 5,5.5 ")"));
  CHECK_THAT(html, Contains(R"(viewBox="0 0 1000 700")"));
  CHECK_THAT(html, Contains("boxes: 1 dog, 1 cat"));
  CHECK_THAT(html, Contains("--columns:3"));
  CHECK(count(html, "data:image/jpeg;base64,") == 2);
  CHECK(count(html, ">source</span>") == 1);
  CHECK(html.size() < 60'000);
  CHECK_THAT(html, !Contains("http://") && !Contains("https://"));  // nothing is fetched
  CHECK(page.counts().at("shown") == 1);
}

TEST_CASE("an original in the list is its own source", "[output][contact_sheet]") {
  auto page = sheet();
  page.put_object("qiniu:///z0/in/a.jpg", jpeg(64, 48));
  page.put_object("qiniu:///z0/out/a_1.jpg", jpeg(64, 48));
  REQUIRE(
      page
          .push(records(
              {R"({"url":"qiniu:///z0/in/a.jpg","label":{"detect":{"d":{"bbox":[{"class":"x","pts":[[1,2],[3,4]]}]}}}})",
               kGenerated}))
          .ok());
  REQUIRE(page.finish().ok());
  const std::string html = page.staged(kPage).value();
  CHECK(count(html, "<section") == 1);
  CHECK(count(html, "<figure>") == 2);
  CHECK(count(html, "<polygon") == 3);
}

TEST_CASE("labels of the sources come from their lists", "[output][contact_sheet]") {
  auto page = sheet(R"(, "sources": ["qiniu:///z0/in/l.jsonlist"])");
  page.put_object(
      "qiniu:///z0/in/l.jsonlist",
      "bad\n{\"url\":\"other\"}\n"
      R"({"url":"qiniu:///z0/in/a.jpg","label":{"detect":{"d":{"bbox":[{"class":"x","pts":[[1,2],[3,4]]}]}}}})"
      "\n");
  page.put_object("qiniu:///z0/in/a.jpg", jpeg(64, 48));
  REQUIRE(page.push(records({kGenerated})).ok());
  REQUIRE(page.finish().ok());
  CHECK(count(page.staged(kPage).value(), "<polygon") ==
        1);  // the generated picture is not there to draw on
}

TEST_CASE("a picture that cannot be read leaves its place with the reason",
          "[output][contact_sheet]") {
  auto page = sheet();
  page.put_object("qiniu:///z0/in/a.jpg", "no picture");
  REQUIRE(page.push(records({kGenerated})).ok());
  REQUIRE(page.finish().ok());
  const std::string html = page.staged(kPage).value();
  CHECK(count(html, "class=\"missing\"") == 2);
  CHECK_THAT(html, Contains("cannot be read"));
  CHECK(page.events().size() == 2);
}

TEST_CASE("records beyond the limit are counted, not shown", "[output][contact_sheet]") {
  auto page = sheet(R"(, "limit": 2)");
  REQUIRE(page.push(records({R"({"url":"a"})", R"({"url":"b"})", R"({"url":"c"})"})).ok());
  REQUIRE(page.finish().ok());
  const std::string html = page.staged(kPage).value();
  CHECK(count(html, "<section") == 2);
  CHECK_THAT(html, Contains("the first 2 of 3 records"));
}

TEST_CASE("an empty list makes a page too", "[output][contact_sheet]") {
  auto page = sheet();
  REQUIRE(page.finish().ok());
  CHECK_THAT(page.staged(kPage).value(), Contains("0 source pictures") && Contains("</html>"));
}

TEST_CASE("a restored sheet shows what it had seen", "[output][contact_sheet]") {
  auto page = sheet(R"(, "limit": 2)");
  REQUIRE(page.push(records({R"({"url":"a"})"})).ok());
  const std::string state = page.snapshot();
  REQUIRE(page.restore(state, 1).ok());
  REQUIRE(page.push(records({R"({"url":"b"})", R"({"url":"c"})"})).ok());
  REQUIRE(page.finish().ok());
  CHECK_THAT(page.staged(kPage).value(),
             Contains("<h2>a</h2>") && Contains("<h2>b</h2>") && Contains("of 3 records"));
}
