#include "api/http/request_reader.hpp"

#include <catch2/catch.hpp>

#include "api/http/server.hpp"

using namespace millrace::http;
using State = RequestReader::State;

namespace {

const RequestReader::BodyLimit kNoBodyLimit;

/// Feeds `text` as a whole and returns the status of the refusal, 0 when it was not refused.
int refusal(std::string_view text, Limits limits = {}) {
  RequestReader reader{limits, kNoBodyLimit};
  return reader.feed(text) == State::Refused ? reader.status() : 0;
}

std::string with_headers(std::string_view headers, std::string_view body = {}) {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + std::string{headers} + "\r\n" + std::string{body};
}

}  // namespace

TEST_CASE("a request is read the same in one piece and byte by byte", "[http][reader]") {
  const std::string text =
      "POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-A:  v \r\nTransfer-Encoding: chunked\r\n\r\n"
      "4;ext=1\r\nWiki\r\n5\r\npedia\r\n0\r\nTrailer: t\r\n\r\n";
  const Limits limits;
  for (const std::size_t piece : {text.size(), std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    RequestReader reader{limits, kNoBodyLimit};
    for (std::size_t at = 0; at < text.size(); at += piece)
      reader.feed(std::string_view{text}.substr(at, piece));
    REQUIRE(reader.state() == State::Complete);
    CHECK(reader.keeps_alive());
    const auto request = reader.take();
    CHECK(request->method == Method::Post);
    CHECK(request->target == "/a%20b?x=1");
    CHECK(request->path == "/a b");
    CHECK(request->query_value("x") == "1");
    CHECK(request->headers.get("x-a") == "v");
    CHECK(request->headers.all().size() == 3);
    CHECK(request->body == "Wikipedia");
    CHECK_FALSE(reader.has_begun());
  }
}

TEST_CASE("bytes beyond a request are kept for the next one", "[http][reader]") {
  const Limits limits;
  RequestReader reader{limits, kNoBodyLimit};
  const auto two =
      with_headers("Content-Length: 2\r\n", "ab") + "GET /y HTTP/1.1\r\nHost: h\r\n\r\nGET /z";
  REQUIRE(reader.feed(two) == State::Complete);
  CHECK(reader.take()->body == "ab");
  REQUIRE(reader.feed({}) == State::Complete);
  CHECK(reader.take()->path == "/y");
  REQUIRE(reader.feed({}) == State::Head);
  CHECK(reader.has_begun());
  REQUIRE(reader.feed(" HTTP/1.1\r\nHost: h\r\n\r\n") == State::Complete);
  CHECK(reader.take()->path == "/z");
}

TEST_CASE("keep-alive follows version and Connection", "[http][reader]") {
  const Limits limits;
  const auto keeps = [&](std::string_view text) {
    RequestReader reader{limits, kNoBodyLimit};
    REQUIRE(reader.feed(text) == State::Complete);
    return reader.keeps_alive();
  };
  CHECK(keeps("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  CHECK(keeps("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"));
}

TEST_CASE("a body length told in two ways is refused", "[http][reader][smuggling]") {
  CHECK(refusal(with_headers("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n")) == 400);
  CHECK(refusal(with_headers("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n")) == 400);
  CHECK(refusal(with_headers("Content-Length: 3\r\nContent-Length: 4\r\n")) == 400);
  CHECK(refusal(with_headers("Content-Length: 3\r\nContent-Length: 3\r\n")) == 400);
  CHECK(refusal(with_headers("Content-Length: 3, 3\r\n")) == 400);
  for (const auto* length : {"+3", "-3", "0x3", "3 ", "3a", "", "99999999999999999999"}) {
    const auto status =
        refusal(with_headers(std::string{"Content-Length: "} + length + "\r\n", "abc"));
    CHECK(status == (std::string_view{length} == "3 " ? 0 : 400));
  }
}

TEST_CASE("transfer codings other than one chunked are refused", "[http][reader][smuggling]") {
  for (const auto* coding :
       {"gzip", "gzip, chunked", "chunked, chunked", "chunked, identity", "xchunked", "identity"})
    CHECK(refusal(with_headers(std::string{"Transfer-Encoding: "} + coding + "\r\n")) == 501);
  CHECK(refusal(with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) ==
        400);
  CHECK(refusal(with_headers("Transfer-Encoding : chunked\r\n")) == 400);
  CHECK(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(refusal(with_headers("Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n")) == 0);
}

TEST_CASE("malformed heads are refused at once", "[http][reader]") {
  for (const auto* text :
       {"GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\tfolded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\nHost h\r\n\r\n",
        "GET / HTTP/1.1\r\n: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n",
        "\x16\x03\x01\x02", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET relative HTTP/1.1\r\nHost: h\r\n\r\n", "GET / HTTQ/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"})
    CHECK(refusal(text) == 400);
  CHECK(refusal("GET / HTTP/2.0\r\nHost: h\r\n\r\n") == 505);
  CHECK(refusal("BREW / HTTP/1.1\r\nHost: h\r\n\r\n") == 501);
  CHECK(refusal("TRACE / HTTP/1.1\r\nHost: h\r\n\r\n") == 501);
  CHECK(refusal("get / HTTP/1.1\r\nHost: h\r\n\r\n") == 501);
  CHECK(refusal(with_headers("Expect: the-unexpected\r\n")) == 417);
}

TEST_CASE("malformed chunks are refused", "[http][reader]") {
  const auto chunked = [](std::string_view body) {
    return with_headers("Transfer-Encoding: chunked\r\n", body);
  };
  for (const auto* body :
       {"x\r\nabcdef", "-1\r\nabcdef", "3\r\nabcd\r\n0\r\n\r\n", "3\nabc\n0\r\n\r\n",
        "ffffffffffffffffff\r\nabc", " 3\r\nabc\r\n0\r\n\r\n", "3;\r\nabc\r\n0\r\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\n"}) {
    INFO(body);
    CHECK(refusal(chunked(body)) == 400);
  }
  CHECK(refusal(chunked("1;" + std::string(10'000, 'x'))) == 400);
  CHECK(refusal(chunked("0\r\nX: " + std::string(10'000, 'x'))) == 400);
}

TEST_CASE("limits on head, header count and body have statuses of their own", "[http][reader]") {
  Limits limits{.head_bytes = 200, .header_count = 5, .body_bytes = 10};
  CHECK(refusal(with_headers("X: " + std::string(200, 'x') + "\r\n"), limits) == 431);
  CHECK(refusal("GET /" + std::string(300, 'x'), limits) == 431);
  CHECK(refusal(with_headers("A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n"), limits) == 0);
  CHECK(refusal(with_headers("A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\nE: 1\r\n"), limits) == 431);
  CHECK(refusal(with_headers("Content-Length: 10\r\n", "0123456789"), limits) == 0);
  CHECK(refusal(with_headers("Content-Length: 11\r\n"), limits) == 413);
  CHECK(refusal(with_headers("Transfer-Encoding: chunked\r\n", "6\r\n012345\r\n6\r\n01"), limits) ==
        413);
}

TEST_CASE("the site's body limit knows the request line, and the refusal knows the headers",
          "[http][reader]") {
  const Limits limits;
  std::string asked;
  const RequestReader::BodyLimit body_limit = [&](const Request& head) -> std::size_t {
    asked = std::string{to_string(head.method)} + head.path;
    return 3;
  };
  RequestReader reader{limits, body_limit};
  REQUIRE(reader.feed(with_headers("Authorization: a\r\nContent-Length: 4\r\n")) == State::Refused);
  CHECK(asked == "POST/x");
  CHECK(reader.status() == 413);
  CHECK(reader.request().headers.get("authorization") == "a");
}

TEST_CASE("an expectation is reported once", "[http][reader]") {
  const Limits limits;
  RequestReader reader{limits, kNoBodyLimit};
  REQUIRE(reader.feed(with_headers("Expect: 100-continue\r\nContent-Length: 2\r\n")) ==
          State::Body);
  CHECK(reader.take_expectation());
  CHECK_FALSE(reader.take_expectation());
  CHECK(reader.feed("ab") == State::Complete);
}

TEST_CASE("a malformed head still tells its target", "[http][reader]") {
  const Limits limits;
  RequestReader reader{limits, kNoBodyLimit};
  REQUIRE(reader.feed("GET /atflow/v1 HTTP/1.1\r\nX: \x01\r\n") == State::Refused);
  CHECK(reader.request().path == "/atflow/v1");
}
