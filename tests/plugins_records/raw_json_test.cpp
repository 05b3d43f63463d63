#include "plugins/records/raw_json.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace raw = millrace::records::raw;

namespace {

std::string unquoted(std::string_view quoted) {
  std::string scratch;
  return std::string{raw::unquote(quoted, scratch)};
}

}  // namespace

TEST_CASE("members and elements come as they are written", "[records][raw_json]") {
  std::vector<std::string> seen;
  for (raw::Members member{R"( { "a" : 1e400 ,"b\u0062":{"c":[1,"}"]}, "d":"x,\"}" } )"};
       member.next();) {
    seen.push_back(unquoted(member.key()) + "=" + std::string{member.value()});
  }
  CHECK(seen == std::vector<std::string>{"a=1e400", R"(bb={"c":[1,"}"]})", R"(d="x,\"}")"});
  seen.clear();
  for (raw::Elements element{R"([1, [2,"]"] ,null])"}; element.next();)
    seen.emplace_back(element.value());
  CHECK(seen == std::vector<std::string>{"1", R"([2,"]"])", "null"});
}

TEST_CASE("text that is not JSON ends the walk instead of leaving the text",
          "[records][raw_json]") {
  for (const std::string_view text :
       {"", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":\"\\", "{\"a\":[{", "x", "{,,"}) {
    int members = 0;
    for (raw::Members member{text}; member.next();) ++members;
    CHECK(members <= 1);
    for (raw::Elements element{text}; element.next();) FAIL("no array begins with " << text);
  }
  raw::Elements open{"[1,"};
  CHECK(open.next());
  CHECK_FALSE(open.next());
}

TEST_CASE("strings are unquoted and quoted", "[records][raw_json]") {
  CHECK(unquoted(R"("plain")") == "plain");
  CHECK(unquoted(R"("\"\\\/\b\f\n\r\t\u00e4")") == "\"\\/\b\f\n\r\t\xc3\xa4");
  CHECK(unquoted(R"("\ud83d\ude00")") == "\xf0\x9f\x98\x80");
  CHECK(unquoted(R"("\ud83d")") == "\xef\xbf\xbd");
  CHECK(unquoted(R"("\ude00x")") == "\xef\xbf\xbdx");
  CHECK(unquoted("7").empty());
  std::string out;
  raw::append_quoted(out, "a\"\\\n\x01\xe4\xba\xba");
  CHECK(out == "\"a\\\"\\\\\\n\\u0001\xe4\xba\xba\"");
}

TEST_CASE("of a member given twice the last one is found", "[records][raw_json]") {
  CHECK(raw::find_member(R"({"a":1,"a":2})", "a") == "2");
  CHECK(raw::find_member(R"({"\u0061":3})", "a") == "3");
  CHECK(raw::find_member(R"({"a":1})", "b").empty());
}
