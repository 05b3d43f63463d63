#include "api/route/browser_guard.hpp"

#include <catch2/catch.hpp>

#include "api/route/refusals.hpp"

using namespace millrace;
using api::BrowserGuard;
using http::Method;

namespace {

struct Verdict {
  bool is_foreign = false;
  int status = 0;  // 0: it may go on
  bool operator==(const Verdict&) const = default;
};

Verdict judge(const BrowserGuard& guard, Method method, std::string_view host,
              std::string_view origin = {}) {
  http::Request request;
  request.method = method;
  if (!host.empty()) request.authority = *http::read_authority(host);
  if (!origin.empty()) request.headers.add("Origin", std::string{origin});
  const auto refused = guard.check(request);
  return {request.is_foreign, refused ? api::status_of(*refused) : 0};
}

BrowserGuard guard(std::vector<std::string> origins, std::vector<std::string> hosts,
                   bool checks_host = true) {
  auto made = BrowserGuard::make(origins, hosts, checks_host);
  REQUIRE(made.ok());
  return *std::move(made);
}

}  // namespace

TEST_CASE("pages of this machine may do everything, those of others change nothing",
          "[route][browser]") {
  const BrowserGuard open;
  const Verdict fine{}, watched{.is_foreign = true}, refused{.is_foreign = true, .status = 403};
  for (const auto method : {Method::Post, Method::Put, Method::Patch, Method::Delete}) {
    CHECK(judge(open, method, "127.0.0.1:8080") == fine);  // no browser
    for (const auto* origin : {"http://localhost:3000", "https://127.0.0.1", "http://[::1]:80"})
      CHECK(judge(open, method, "127.0.0.1:8080", origin) == fine);
    for (const auto* origin : {"https://page.example", "null", "http://localhost.page.example",
                               "file://", "http://page.example http://localhost", "localhost"}) {
      INFO(origin);
      CHECK(judge(open, method, "127.0.0.1:8080", origin) == refused);
    }
  }
  for (const auto method : {Method::Get, Method::Head, Method::Options})
    CHECK(judge(open, method, "127.0.0.1:8080", "https://page.example") == watched);
}

TEST_CASE("an allowed origin is one scheme, host and port", "[route][browser]") {
  const auto some = guard({"https://Models.example:443", "http://lab:8000"}, {});
  const auto may = [&](std::string_view origin) {
    return judge(some, Method::Post, "localhost", origin).status == 0;
  };
  CHECK(may("https://models.example"));
  CHECK(may("http://lab:8000"));
  CHECK_FALSE(may("http://models.example"));
  CHECK_FALSE(may("https://models.example:8443"));
  CHECK_FALSE(may("http://lab"));
  CHECK_FALSE(may("https://evil.models.example"));
}

TEST_CASE("a loopback port answers to loopback names and to those that were given",
          "[route][browser]") {
  const auto some = guard({}, {"models.example", "box:8080"});
  const auto status = [&](std::string_view host) { return judge(some, Method::Get, host).status; };
  for (const auto* host : {"", "localhost:8080", "127.0.0.1", "[::1]:1", "models.example",
                           "MODELS.example:99", "box:8080"}) {
    INFO(host);
    CHECK(status(host) == 0);
  }
  for (const auto* host : {"page.example", "box", "box:80", "0.0.0.0:8080", "192.168.0.1"}) {
    INFO(host);
    CHECK(status(host) == 400);
  }
  CHECK(judge(guard({}, {}, false), Method::Get, "page.example").status == 0);
}

TEST_CASE("a page of the server itself may use it where its name can be believed",
          "[route][browser]") {
  const auto far = guard({}, {"models.example"}, false);
  const auto may = [&](std::string_view host, std::string_view origin) {
    return judge(far, Method::Post, host, origin).status == 0;
  };
  CHECK(may("192.168.0.1:8080", "http://192.168.0.1:8080"));
  CHECK(may("[2001:db8::1]", "http://[2001:db8::1]"));
  CHECK(may("models.example", "https://models.example"));  // TLS ends at a proxy
  CHECK_FALSE(may("192.168.0.1:8080", "http://192.168.0.1"));
  CHECK_FALSE(may("192.168.0.1:8080", "http://192.168.0.2:8080"));
  // Any name may be made to lead here.
  CHECK_FALSE(may("page.example:8080", "http://page.example:8080"));
}

TEST_CASE("names that are none are refused with the option that they belong to",
          "[route][browser]") {
  for (const auto* origin : {"models.example", "https://models.example/", "ftp://h", "null", "*"}) {
    const auto made = BrowserGuard::make({origin}, {}, true);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().message.find("--allow-origin") != std::string::npos);
    CHECK(made.error().message.find(origin) != std::string::npos);
  }
  const auto made = BrowserGuard::make({}, {"http://h"}, true);
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().message.find("--allow-host") != std::string::npos);
}
