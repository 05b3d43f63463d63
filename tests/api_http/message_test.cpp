#include <catch2/catch.hpp>

#include "api/http/event_stream.hpp"
#include "api/http/range.hpp"
#include "api/http/response_head.hpp"
#include "api/http/target.hpp"

using namespace millrace::http;

TEST_CASE("header names compare without case and the first value counts", "[http][message]") {
  Headers headers;
  headers.add("X-Id", "1");
  headers.add("x-id", "2");
  CHECK(headers.find("X-ID") == "1");
  CHECK_FALSE(headers.find("X-I"));
  CHECK(headers.get("absent", "other") == "other");
  CHECK(headers.all().size() == 2);
}

TEST_CASE("every method is read from its own word and from no other", "[http][message]") {
  for (const auto method : {Method::Get, Method::Head, Method::Post, Method::Put, Method::Patch,
                            Method::Delete, Method::Options})
    CHECK(read_method(to_string(method)) == method);
  CHECK_FALSE(read_method("get"));
  CHECK_FALSE(read_method("TRACE"));
  CHECK_FALSE(read_method(""));
}

TEST_CASE("links begin with scheme, host and mount prefix", "[http][message]") {
  Request request;
  request.authority = *read_authority("example.org:8080");
  request.prefix = "/atflow";
  CHECK(request.base_url() == "http://example.org:8080/atflow");
  request.is_tls = true;
  CHECK(request.base_url() == "https://example.org:8080/atflow");
}

TEST_CASE("percent escapes are resolved strictly", "[http][target]") {
  CHECK(percent_decode("a%2Fb%20c") == "a/b c");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(percent_decode("a+b", true) == "a b");
  CHECK(percent_decode("").value() == "");
  for (const auto* broken : {"%", "%2", "%zz", "%%41", "a%00b"})
    CHECK_FALSE(percent_decode(broken));
  CHECK(percent_encode("a/b c\xc3\xa4", "/") == "a/b%20c%C3%A4");
}

TEST_CASE("targets are read in origin, absolute and asterisk form", "[http][target]") {
  CHECK(read_target("/a%20b?x=1&y=two+words&z&=e")->path == "/a b");
  CHECK(read_target("/a?x=1&y=two+words&&z")->query ==
        Query{{"x", "1"}, {"y", "two words"}, {"z", ""}});
  CHECK(read_target("http://host:80/p?q=1")->path == "/p");
  CHECK(read_target("http://host")->path == "/");
  CHECK(read_target("http://host?q=1") == std::nullopt);
  CHECK(read_target("*")->path == "*");
  for (const auto* broken : {"", "a", "host:443", "/a#b", "/%zz", "/?a=%0"})
    CHECK_FALSE(read_target(broken));
}

TEST_CASE("a range is whole, a part or unsatisfiable", "[http][range]") {
  const auto part = [](std::string_view text, std::uint64_t size) {
    const auto range = read_range(text, size);
    return std::tuple{range.kind, range.first, range.count};
  };
  using Kind = ByteRange::Kind;
  CHECK(part("bytes=0-0", 10) == std::tuple{Kind::Part, 0u, 1u});
  CHECK(part("bytes=2-", 10) == std::tuple{Kind::Part, 2u, 8u});
  CHECK(part("bytes=2-100", 10) == std::tuple{Kind::Part, 2u, 8u});
  CHECK(part("bytes=-3", 10) == std::tuple{Kind::Part, 7u, 3u});
  CHECK(part("bytes=-30", 10) == std::tuple{Kind::Part, 0u, 10u});
  for (const auto* beyond : {"bytes=10-", "bytes=10-20", "bytes=-0"})
    CHECK(read_range(beyond, 10).kind == Kind::Unsatisfiable);
  CHECK(read_range("bytes=0-", 0).kind == Kind::Unsatisfiable);
  for (const auto* whole : {"", "bytes", "bytes=", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4",
                            "lines=0-1", "bytes=1", "bytes=--1", "bytes=99999999999999999999-"})
    CHECK(read_range(whole, 10).kind == Kind::Whole);
}

TEST_CASE("If-Range names a version by strong tag or by date", "[http][range]") {
  CHECK(is_same_version("\"a\"", "\"a\"", ""));
  CHECK_FALSE(is_same_version("\"a\"", "\"b\"", ""));
  CHECK_FALSE(is_same_version("W/\"a\"", "W/\"a\"", ""));
  CHECK(is_same_version("Sun, 06 Nov 1994 08:49:37 GMT", "", "Sun, 06 Nov 1994 08:49:37 GMT"));
  CHECK_FALSE(is_same_version("Sun, 06 Nov 1994 08:49:37 GMT", "\"a\"", ""));
}

TEST_CASE("a header value cannot start a header of its own", "[http][response]") {
  std::string out;
  Response response{
      .status = 299,
      .reason = "a\r\nb",
      .headers = {
          {"X", "1\r\nSet-Cookie: x"}, {"Bad\r\nName", "1"}, {"Content-Length", "7"}, {"", "x"}}};
  append_head(out, response, {.length = 3, .date = "now"});
  CHECK(out ==
        "HTTP/1.1 299 a  b\r\nDate: now\r\nX: 1  Set-Cookie: x\r\nContent-Length: 3\r\n\r\n");
}

TEST_CASE("the date is that of RFC 9110", "[http][response]") {
  CHECK(date_header(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date_header(951782400) == "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST_CASE("an event has a data line for each line and no line break elsewhere", "[http][events]") {
  std::string out;
  append_event(out, "7\n", "progress\r\nx", "a\nb\r\n");
  CHECK(out == "id: 7\nevent: progressx\ndata: a\ndata: b\ndata: \n\n");
  out.clear();
  append_event(out, "", "", "");
  CHECK(out == "data: \n\n");
}

TEST_CASE("an event stream wakes once until it is read, and is cut when it overflows",
          "[http][events]") {
  int woken = 0;
  EventStream stream{[&] { ++woken; }, 40};
  CHECK(stream.send("1", "", "a"));
  CHECK(stream.send("2", "", "b"));
  CHECK(woken == 1);
  CHECK(stream.take().text == "id: 1\ndata: a\n\nid: 2\ndata: b\n\n");
  CHECK_FALSE(stream.send("3", "", std::string(50, 'x')));
  CHECK(woken == 2);
  CHECK(stream.take().is_cut);
  CHECK_FALSE(stream.send("4", "", "c"));
}

TEST_CASE("an ended or closed event stream takes nothing more", "[http][events]") {
  EventStream ended{[] {}};
  ended.send("", "", "a");
  ended.end();
  CHECK_FALSE(ended.send("", "", "b"));
  const auto taken = ended.take();
  CHECK(taken.text == "data: a\n\n");
  CHECK(taken.is_last);
  EventStream closed{[] {}};
  closed.close();
  CHECK_FALSE(closed.send("", "", "b"));
}

TEST_CASE("a log does not show what lets in", "[http][target]") {
  CHECK(shown_target("/a?limit=2") == "/a?limit=2");
  CHECK(shown_target("/a?ticket=abc") == "/a?ticket=***");
  CHECK(shown_target("/a?x=1&ticket=abc&y=2&ticket=d") == "/a?x=1&ticket=***&y=2&ticket=***");
  CHECK(shown_target("/a?ticket=") == "/a?ticket=***");
}
