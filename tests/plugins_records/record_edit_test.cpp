#include "plugins/records/record_edit.hpp"

#include <catch2/catch.hpp>

using millrace::records::edit_record;

TEST_CASE("present keys are replaced in place and absent ones appended in order",
          "[records][record_edit]") {
  CHECK(edit_record(R"j({"url":"a","x-note":"keep","type":"image"})j",
                    {.url = "b", .source_url = "a", .ops = "augment(flip)"}) ==
        R"j({"url":"b","x-note":"keep","type":"image","source_url":"a","ops":"augment(flip)"})j");
  CHECK(
      edit_record(
          R"j({"ops":"download()","url":"a","label":{},"source_url":"old"})j",
          {.url = "b", .source_url = "a", .ops = "augment(flip)", .label = R"j({"class":{}})j"}) ==
      R"j({"ops":"augment(flip)","url":"b","label":{"class":{}},"source_url":"a"})j");
}

TEST_CASE("what is not edited keeps its bytes", "[records][record_edit]") {
  const std::string_view record =
      R"j({ "n" : 123456789012345678901234567890, "url" : "a" , "人" : "\u00e4\/", "z":1e999 , "url2":{"url":"inner"} })j";
  CHECK(edit_record(record, {}) == record);
  CHECK(
      edit_record(record, {.url = "b"}) ==
      R"j({ "n" : 123456789012345678901234567890, "url" : "b" , "人" : "\u00e4\/", "z":1e999 , "url2":{"url":"inner"} })j");
  CHECK(
      edit_record(record, {.ops = "x"}) ==
      R"j({ "n" : 123456789012345678901234567890, "url" : "a" , "人" : "\u00e4\/", "z":1e999 , "url2":{"url":"inner"},"ops":"x" })j");
}

TEST_CASE("keys are found however they are spelled, the last of equal ones counting",
          "[records][record_edit]") {
  CHECK(edit_record(R"j({"\u0075rl":"a"})j", {.url = "b"}) == R"j({"\u0075rl":"b"})j");
  CHECK(edit_record(R"j({"url":"a","url":"b"})j", {.url = "c"}) == R"j({"url":"a","url":"c"})j");
}

TEST_CASE("values are escaped only where JSON demands it", "[records][record_edit]") {
  CHECK(edit_record(R"j({"url":"a"})j", {.source_url = "人\"\n"}) ==
        R"j({"url":"a","source_url":"人\"\n"})j");
  CHECK(edit_record("{}", {.url = "a", .label = "{}"}) == R"j({"url":"a","label":{}})j");
}
