#include "client/src/http_session.hpp"

#include <atomic>
#include <thread>

#include <catch2/catch.hpp>

#include <millrace/client.hpp>

#include "tests/client/raw_server.hpp"
#include "tests/client/registry.hpp"

using namespace millrace;
using namespace millrace::client;
using namespace millrace::client::detail;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

HttpRequest request_to(std::string url, std::string method = "GET") {
  HttpRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  return request;
}

HttpSession session_with(ConnectionOptions options = {}) {
  return HttpSession{std::move(options), std::make_shared<Log>()};
}

std::string answer_of(const std::string& body, const std::string& headers = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
         "\r\n" + body;
}

}  // namespace

TEST_CASE("a GET whose connection fails is tried once more, nothing else is", "[client][http]") {
  const Surroundings here;
  RawServer silent{[](const std::string&) { return std::string{}; }};
  auto session = session_with();
  CHECK(session.send(request_to(silent.address())).is_lost);
  CHECK(silent.requests().size() == 2);
  for (const auto* method : {"POST", "PUT", "DELETE"}) {
    const auto before = silent.requests().size();
    CHECK(session.send(request_to(silent.address(), method)).is_lost);
    INFO(method);
    CHECK(silent.requests().size() == before + 1);
  }
  int calls = 0;
  RawServer late{[&](const std::string&) {
    return ++calls == 1 ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut" : answer_of("whole");
  }};
  CHECK(session.send(request_to(late.address())).body == "whole");
  // An answer, whatever it says, is an answer.
  RawServer broken{
      [](const std::string&) { return "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"; }};
  CHECK(session.send(request_to(broken.address())).head.status == 503);
  CHECK(broken.requests().size() == 1);
}

TEST_CASE("what changes something is sent once, though a kept connection would have died",
          "[client][http]") {
  const Surroundings here;
  RawServer server{[](const std::string& request) {
                     return request.starts_with("GET") ? answer_of("kept") : std::string{};
                   },
                   true};
  auto session = session_with();
  CHECK(session.send(request_to(server.address())).body == "kept");
  CHECK(session.send(request_to(server.address())).body == "kept");
  CHECK(server.connections() == 1);
  // libcurl sends a request again when a connection that it had kept closes without a byte.
  auto post = request_to(server.address(), "POST");
  post.body = FormBody{{{"a", "b"}}};
  CHECK(session.send(post).is_lost);
  CHECK(server.requests().size() == 3);
}

TEST_CASE("redirects are not followed", "[client][http]") {
  const Surroundings here;
  RawServer target{[](const std::string&) { return answer_of("target"); }};
  RawServer server{[&](const std::string&) {
    return "HTTP/1.1 308 X\r\nLocation: " + target.address() + "\r\nContent-Length: 0\r\n\r\n";
  }};
  auto session = session_with();
  CHECK(session.send(request_to(server.address())).head.status == 308);
  CHECK(target.requests().empty());
}

TEST_CASE("a server that does not answer is given up", "[client][http]") {
  const Surroundings here;
  ConnectionOptions options;
  options.request_timeout = 100ms;
  auto session = session_with(options);
  std::atomic<bool> is_over{false};
  RawServer server{[&](const std::string&) -> std::string {
    while (!is_over) std::this_thread::yield();
    return {};
  }};
  const auto answer = session.send(request_to(server.address()));
  is_over = true;
  CHECK(answer.head.status == 0);
  CHECK(answer.problem.find("timed out") != std::string::npos);
  CHECK(server.requests().size() == 1);  // that is no failed connection
}

TEST_CASE("only http and https are spoken, headers have a limit", "[client][http]") {
  const Surroundings here;
  here.write("secret", "secret");
  auto session = session_with();
  const auto local = session.send(request_to("file://" + here.path("secret").string()));
  CHECK(local.body.empty());
  CHECK(local.problem.find("not supported") != std::string::npos);
  RawServer server{[](const std::string&) {
    return answer_of("x", "X-A: " + std::string(70'000, 'a') + "\r\n");
  }};
  CHECK(session.send(request_to(server.address())).problem ==
        "the answer is larger than it may be");
}

TEST_CASE("headers of interim answers are not those of the answer", "[client][http]") {
  const Surroundings here;
  RawServer server{[](const std::string&) {
    return "HTTP/1.1 103 Early Hints\r\nETag: \"early\"\r\n\r\n" + answer_of("x", "X-Two:  b \r\n");
  }};
  auto session = session_with();
  const auto answer = session.send(request_to(server.address()));
  CHECK(answer.head.get("etag").empty());
  CHECK(answer.head.get("x-two") == "b");
  CHECK(answer.body == "x");
}

TEST_CASE("what a taker of bytes throws comes out of send()", "[client][http]") {
  const Surroundings here;
  RawServer server{[](const std::string&) { return answer_of("x"); }};
  auto session = session_with();
  auto request = request_to(server.address());
  request.begin = [](const HttpHead&) { return true; };
  request.data = [](std::string_view) { throw FileError{"disk full"}; };
  CHECK_THROWS_AS(session.send(request), FileError);
  CHECK(session.send(request_to(server.address())).body == "x");
}

TEST_CASE("certificates are verified, and a file can name those to trust", "[client][http][tls]") {
  Surroundings here;
  here.run("openssl",
           {"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", "/CN=registry", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", here.path("key.pem").string(), "-out", here.path("cert.pem").string()});
  http::Server server;
  const auto port = server.listen(
      {.port = 0,
       .tls = std::make_unique<http::TlsSettings>(
           http::TlsSettings{here.path("cert.pem").string(), here.path("key.pem").string()})},
      {.handler = [](const std::shared_ptr<http::Request>&,
                     const http::Reply& reply) { reply(http::Response::text(200, "x")); },
       .refused = {}});
  REQUIRE(port.ok());
  server.start();
  const auto url = "https://127.0.0.1:" + std::to_string(*port) + "/";
  auto careful = session_with();
  const auto refused = careful.send(request_to(url));
  CHECK(refused.head.status == 0);
  CHECK(refused.problem.find("certificate") != std::string::npos);
  ConnectionOptions trusting;
  trusting.ca_file = here.path("cert.pem");
  auto session = session_with(trusting);
  CHECK(session.send(request_to(url)).body == "x");
  // The right certificate under another name.
  const auto other = "https://localhost:" + std::to_string(*port) + "/";
  CHECK(session.send(request_to(other)).problem.find("match") != std::string::npos);
  here.set("SSL_CERT_FILE", here.path("cert.pem").string());
  CHECK(careful.send(request_to(url)).body == "x");
  server.stop(0ms);
}

TEST_CASE("origins compare by scheme, host and port", "[client][http]") {
  CHECK(is_same_origin("http://h/a", "http://h:80/b?c"));
  CHECK(is_same_origin("https://h/", "https://H:443"));
  CHECK_FALSE(is_same_origin("http://h/", "https://h/"));
  CHECK_FALSE(is_same_origin("http://h/", "http://h:8080/"));
  CHECK_FALSE(is_same_origin("http://h/", "http://h.example.com/"));
  CHECK_FALSE(is_same_origin("http://h/", "http://h@evil/"));
  CHECK_FALSE(is_same_origin("", ""));
}
