#include "plugins/records/record.hpp"

#include <string>

#include <catch2/catch.hpp>

using millrace::records::Record;
using millrace::records::RecordReader;

namespace {

std::string fault(std::string_view line, millrace::records::RecordRules rules = {}) {
  RecordReader reader{rules};
  Record record;
  return reader.read(line, record).value_or("");
}

std::string nested(int levels) {  // the record is the first level
  return R"({"url":"u","x":)" + std::string(static_cast<std::size_t>(levels - 1), '[') +
         std::string(static_cast<std::size_t>(levels - 1), ']') + "}";
}

}  // namespace

TEST_CASE("a record gives its address, type and label", "[records][record]") {
  RecordReader reader;
  Record record;
  REQUIRE_FALSE(reader.read(
      R"(  {"x-note":"keep","label" : {"class":{"pulp":"sexy"}} ,"url":"http:\/\/h\/\u00e4"}  )",
      record));
  CHECK(record.url == "http://h/\xc3\xa4");
  CHECK(record.type == "image");
  CHECK(record.label == R"({"class":{"pulp":"sexy"}})");
  CHECK(record.line ==
        R"({"x-note":"keep","label" : {"class":{"pulp":"sexy"}} ,"url":"http:\/\/h\/\u00e4"})");
  REQUIRE_FALSE(reader.read(R"({"url":"u","type":"video"})", record));
  CHECK(record.type == "video");
  CHECK(record.label.empty());
}

TEST_CASE("numbers of any size and unknown keys are accepted as they are", "[records][record]") {
  CHECK(
      fault(
          R"({"url":"u","n":123456789012345678901234567890,"m":1e999,"z":-0.0,"k":[1,{"a":null,"b":true}]})")
          .empty());
}

TEST_CASE("the last of two equal keys counts", "[records][record]") {
  RecordReader reader;
  Record record;
  REQUIRE_FALSE(reader.read(R"({"url":"a","url":"b"})", record));
  CHECK(record.url == "b");
}

TEST_CASE("the malformed sample lines of the document are bad lines", "[records][record]") {
  const std::string sample =
      R"({"url": "http://any_url", "type": "image", "label": {"facecluster": "人脸1", "detect": {"general_d": {"bbox": )"
      R"([[[10, 20], [21, 31], [81, 91]], "class": "dog"}]}}, "class": {"terror": "terror", "pulp": "sexy", "general": "dog"}}})";
  CHECK_FALSE(fault(sample).empty());
}

TEST_CASE("text that is not strict JSON is refused", "[records][record]") {
  for (const std::string_view line : {"",
                                      "not a url",
                                      "[]",
                                      "\"x\"",
                                      "{",
                                      R"({"url":"u")",
                                      R"({"url":"u",})",
                                      R"({"url":"u"} {})",
                                      R"({"url":"u"}x)",
                                      R"({"url":"u","a":[1,]})",
                                      R"({"url":"u","a":[1 2]})",
                                      R"({"url" "u"})",
                                      R"({"url":"u","a":01})",
                                      R"({"url":"u","a":1.})",
                                      R"({"url":"u","a":.5})",
                                      R"({"url":"u","a":+1})",
                                      R"({"url":"u","a":1e})",
                                      R"({"url":"u","a":NaN})",
                                      R"({"url":"u","a":tru})",
                                      R"({"url":"u","a":truex})",
                                      R"({"url":"u","a":nul})",
                                      R"({"url":"u","a":"\x"})",
                                      R"({"url":"u","a":"\u12"})",
                                      R"({"url":"u" /* c */})",
                                      R"({'url':'u'})",
                                      R"({"url":"u","\q":1})",
                                      R"({"url":"u","a":{"b":}})",
                                      R"({"url":"u","a":{1:2}})",
                                      R"({"url":"u","a":[}]})",
                                      R"({"url":"u","a":[1}})",
                                      R"({"url":"u","a":{"b":1]})"}) {
    INFO(line);
    CHECK_FALSE(fault(line).empty());
  }
  CHECK_FALSE(fault("{\"url\":\"u\",\"a\":\"\x01\"}").empty());
  CHECK_FALSE(fault("{\"url\":\"u\",\"a\":\"\xff\"}").empty());
  CHECK_FALSE(fault(std::string_view{"{\"url\":\"u\",\"a\":\0}", 17}).empty());
}

TEST_CASE("a known key of the wrong type makes a bad line, and the message names it",
          "[records][record]") {
  using Catch::Contains;
  CHECK_THAT(fault(R"({"type":"image"})"), Contains("url"));
  CHECK_THAT(fault(R"({"url":""})"), Contains("url"));
  CHECK_THAT(fault(R"({"url":7})"), Contains("url"));
  CHECK_THAT(fault(R"({"url":"u","type":1})"), Contains("type"));
  CHECK_THAT(fault(R"({"url":"u","source_url":{}})"), Contains("source_url"));
  CHECK_THAT(fault(R"({"url":"u","ops":[]})"), Contains("ops"));
  CHECK_THAT(fault(R"({"url":"u","label":"x"})"), Contains("label"));
  CHECK_THAT(fault(R"({"url":"u","label":null})"), Contains("label"));
  CHECK_THAT(fault(R"({"url":"u","label":{"class":{"p":1}}})"), Contains("label.class.p"));
  CHECK_THAT(fault(R"({"url":"u","label":{"class":[]}})"), Contains("label.class"));
  CHECK_THAT(fault(R"({"url":"u","label":{"detect":{"d":{"bbox":[{"pts":[[1,2],[3]]}]}}}})"),
             Contains("label.detect.d.bbox[0].pts"));
  CHECK_THAT(fault(R"({"url":"u","label":{"detect":{"d":{"bbox":[{"pts":[[1,2]]}]}}}})"),
             Contains("pts"));
  CHECK_THAT(fault(R"({"url":"u","label":{"detect":{"d":{"bbox":[{"pts":[["1",2],[3,4]]}]}}}})"),
             Contains("pts"));
  CHECK_THAT(fault(R"({"url":"u","label":{"detect":{"d":{"bbox":[{"class":3}]}}}})"),
             Contains("bbox[0].class"));
  CHECK_THAT(fault(R"({"url":"u","label":{"detect":{"d":{"bbox":{}}}}})"), Contains("bbox"));
  CHECK_THAT(fault(R"({"url":"u","label":{"detect":{"d":[]}}})"), Contains("label.detect.d"));
  CHECK_THAT(fault(R"({"url":"u","label":{"facecluster":1.5}})"), Contains("facecluster"));
  CHECK(
      fault(
          R"({"url":"u","label":{"facecluster":12,"x":[null],"detect":{"d":{},"e":{"bbox":[{"x":1}]}}}})")
          .empty());
}

TEST_CASE("the later shape of labels is accepted unless switched off", "[records][record]") {
  const std::string line =
      R"({"url":"u","label":[{"name":"pulp","type":"classification","version":"1","data":[{"class":"x"}]}]})";
  CHECK(fault(line).empty());
  CHECK_FALSE(fault(line, {.accept_label_array = false}).empty());
  CHECK_FALSE(
      fault(
          R"({"url":"u","label":[{"name":"d","type":"detection","data":[{"bbox":[[1,2],[3,"4"]]}]}]})")
          .empty());
  CHECK_FALSE(fault(R"({"url":"u","label":[7]})").empty());
  CHECK_FALSE(
      fault(
          R"({"url":"u","label":[{"name":"f","type":"face","data":[{"landmarks":[{"pt":[1]}]}]}]})")
          .empty());
}

TEST_CASE("a line may be 64 levels deep and 4 MiB long, not more", "[records][record]") {
  CHECK(fault(nested(64)).empty());
  CHECK(fault(nested(65)).find("64 levels") != std::string::npos);
  const std::string head = R"({"url":")", tail = R"("})";
  const std::size_t limit = std::size_t{4} << 20;
  CHECK(fault(head + std::string(limit - head.size() - tail.size(), 'x') + tail).empty());
  CHECK_FALSE(fault(head + std::string(limit - head.size() - tail.size() + 1, 'x') + tail).empty());
  RecordReader reader;
  Record record;
  REQUIRE_FALSE(reader.read(head + "small" + tail, record));  // the reader survives a refusal
  REQUIRE(reader.read(nested(1000), record));
  REQUIRE_FALSE(reader.read(head + "small" + tail, record));
  CHECK(record.url == "small");
}

TEST_CASE("a line inside a larger buffer is read without a copy", "[records][record]") {
  const std::string text = R"({"url":"a"})"
                           "\n"
                           R"({"url":"b"})" +
                           std::string(RecordReader::kPadding, ' ');
  RecordReader reader;
  Record record;
  REQUIRE_FALSE(reader.read_padded(std::string_view{text}.substr(0, 11), record));
  CHECK(record.url == "a");
  CHECK(record.line.data() == text.data());
  REQUIRE_FALSE(reader.read_padded(std::string_view{text}.substr(12, 11), record));
  CHECK(record.url == "b");
}

TEST_CASE("a bare address becomes a record", "[records][record]") {
  CHECK(millrace::records::bare_record("http://h/a\"b") ==
        R"({"url":"http://h/a\"b","type":"image"})");
}
