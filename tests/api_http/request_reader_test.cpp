#include "api/http/request_reader.hpp"

#include <catch2/catch.hpp>

#include "api/http/server.hpp"

using namespace millrace::http;
using State = RequestReader::State;

namespace {

using BodyUse = RequestReader::BodyUse;

/// Feeds `text` and has the body of each request kept.
State feed(RequestReader& reader, std::string_view text, std::size_t most_body = 1u << 20) {
  auto state = reader.feed(text);
  if (state != State::HeadDone) return state;
  state = reader.begin_body(BodyUse::Keep, most_body);
  return state == State::Refused ? state : reader.feed({});
}

/// Feeds `text` as a whole and returns the status of the refusal, 0 when it was not refused.
int refusal(std::string_view text, Limits limits = {}) {
  RequestReader reader{limits};
  return feed(reader, text, limits.body_bytes) == State::Refused ? reader.status() : 0;
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
    RequestReader reader{limits};
    for (std::size_t at = 0; at < text.size(); at += piece)
      feed(reader, std::string_view{text}.substr(at, piece));
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
  RequestReader reader{limits};
  const auto two =
      with_headers("Content-Length: 2\r\n", "ab") + "GET /y HTTP/1.1\r\nHost: h\r\n\r\nGET /z";
  REQUIRE(feed(reader, two) == State::Complete);
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
    RequestReader reader{limits};
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

TEST_CASE("nothing of a body is looked at before it is said what becomes of it",
          "[http][reader][body]") {
  const Limits limits;
  RequestReader reader{limits};
  REQUIRE(reader.feed(with_headers("Authorization: a\r\nContent-Length: 4\r\n", "abcdGET")) ==
          State::HeadDone);
  CHECK(reader.request().headers.get("authorization") == "a");
  CHECK(reader.announced_size() == 4u);
  CHECK(reader.received() == 0);
  CHECK(reader.feed(" / HTTP/1.1\r\nHost: h\r\n\r\n") == State::HeadDone);

  SECTION("it is kept") {
    CHECK(reader.begin_body(BodyUse::Keep, 4) == State::Body);
    REQUIRE(reader.feed({}) == State::Complete);
    CHECK(reader.received() == 4);
    CHECK(reader.take()->body == "abcd");
  }
  SECTION("it is discarded") {
    CHECK(reader.begin_body(BodyUse::Discard, 4) == State::Body);
    REQUIRE(reader.feed({}) == State::Complete);
    CHECK(reader.received() == 4);
    CHECK(reader.take()->body.empty());
  }
  SECTION("it is too large") {
    CHECK(reader.begin_body(BodyUse::Keep, 3) == State::Refused);
    CHECK(reader.status() == 413);
    CHECK(reader.request().path == "/x");
    return;
  }
  REQUIRE(reader.feed({}) == State::Complete);
  CHECK(reader.received() == 0);
  CHECK(reader.take()->path == "/");
}

TEST_CASE("a body in chunks counts what it brings, not what it announces", "[http][reader][body]") {
  const Limits limits;
  RequestReader reader{limits};
  REQUIRE(reader.feed(with_headers("Transfer-Encoding: chunked\r\n", "4\r\nabcd\r\n")) ==
          State::HeadDone);
  CHECK_FALSE(reader.announced_size());
  CHECK(reader.begin_body(BodyUse::Discard, 6) == State::Body);
  CHECK(reader.feed({}) == State::Body);
  CHECK(reader.received() == 4);
  CHECK(reader.body_size() == 0);
  REQUIRE(reader.feed("3\r\nefg\r\n0\r\n\r\n") == State::Refused);
  CHECK(reader.status() == 413);
}

TEST_CASE("a request without a body asks for no plan", "[http][reader][body]") {
  const Limits limits;
  RequestReader reader{limits};
  CHECK(reader.feed(with_headers("Content-Length: 0\r\n")) == State::Complete);
  reader.take();
  CHECK(reader.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n") == State::Complete);
}

TEST_CASE("a request that is given up tells what has come of it", "[http][reader]") {
  const Limits limits;
  RequestReader reader{limits};
  REQUIRE(reader.feed("\r\nGET /maisie/x HTTP/1.1\r\nHost") == State::Head);
  reader.refuse(408, "too slow");
  CHECK(reader.state() == State::Refused);
  CHECK(reader.status() == 408);
  CHECK(reader.request().path == "/maisie/x");
  CHECK_FALSE(reader.request().id.empty());
}

TEST_CASE("the host of a request is read once, and that of the target counts",
          "[http][reader][host]") {
  const Limits limits;
  const auto host_of = [&](std::string_view text) {
    RequestReader reader{limits};
    if (reader.feed(text) != State::Complete) return "refused " + std::to_string(reader.status());
    const auto request = reader.take();
    CHECK(request->headers.get("Host") == request->authority.text());
    return request->authority.text();
  };
  CHECK(host_of("GET / HTTP/1.1\r\nHost: models.example.org:8443\r\n\r\n") ==
        "models.example.org:8443");
  CHECK(host_of("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n") == "[::1]:80");
  CHECK(host_of("GET http://a.example:81/p HTTP/1.1\r\nHost: b.example\r\n\r\n") == "a.example:81");
  CHECK(host_of("GET http://a.example HTTP/1.0\r\n\r\n") == "a.example");
  CHECK(host_of("GET / HTTP/1.0\r\n\r\n").empty());
  CHECK(host_of("GET / HTTP/1.1\r\n\r\n") == "refused 400");
  CHECK(host_of("GET http://a.example/ HTTP/1.1\r\n\r\n") == "refused 400");
  for (const auto* version : {"1.0", "1.1"}) {
    CHECK(host_of(std::string{"GET / HTTP/"} + version + "\r\nHost: a\r\nHost: b\r\n\r\n") ==
          "refused 400");
    CHECK(host_of(std::string{"GET / HTTP/"} + version + "\r\nHost: a\r\nhOST: a\r\n\r\n") ==
          "refused 400");
  }
  for (const auto* host :
       {"", "a,b", "x:y:z", "h:65536", "h:-1", "a b", "h:80 ", "[::1", "::1", ":80", "[::g]",
        "[::1]x", "user@h", "caf\xc3\xa9", "\xff", "a/b", "a%2", "h:8o"}) {
    INFO(host);
    const auto field = std::string{"GET / HTTP/1.1\r\nHost: "} + host + "\r\n\r\n";
    CHECK(host_of(field) == (std::string_view{host} == "h:80 " ? "h:80" : "refused 400"));
  }
  for (const auto* target : {"http://", "http:///p", "http://u@h/", "http://a,b/", "http://h:x/"})
    CHECK(host_of(std::string{"GET "} + target + " HTTP/1.1\r\nHost: h\r\n\r\n") == "refused 400");
}

TEST_CASE("an expectation is reported once", "[http][reader]") {
  const Limits limits;
  RequestReader reader{limits};
  REQUIRE(feed(reader, with_headers("Expect: 100-continue\r\nContent-Length: 2\r\n")) ==
          State::Body);
  CHECK(reader.expects_continue());
  CHECK(reader.take_expectation());
  CHECK_FALSE(reader.take_expectation());
  CHECK(reader.feed("ab") == State::Complete);
}

TEST_CASE("a malformed head still tells its target", "[http][reader]") {
  const Limits limits;
  RequestReader reader{limits};
  REQUIRE(reader.feed("GET /atflow/v1 HTTP/1.1\r\nX: \x01\r\n") == State::Refused);
  CHECK(reader.request().path == "/atflow/v1");
}
