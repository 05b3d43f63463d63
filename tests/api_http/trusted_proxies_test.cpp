#include "api/http/trusted_proxies.hpp"

#include <catch2/catch.hpp>

using namespace millrace;
using namespace millrace::http;

namespace {

TrustedProxies trusted(const std::vector<std::string>& networks) {
  auto read = TrustedProxies::read(networks);
  REQUIRE(read.ok());
  return *std::move(read);
}

std::string client(const TrustedProxies& proxies, const std::string& peer,
                   const std::vector<std::pair<std::string, std::string>>& fields) {
  Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return proxies.client(peer, headers);
}

std::string forwarded_for(const std::string& list) {
  return client(trusted({"10.0.0.0/8"}), "10.0.0.1", {{"X-Forwarded-For", list}});
}

std::string forwarded(const std::string& list) {
  return client(trusted({"10.0.0.0/8"}), "10.0.0.1", {{"Forwarded", list}});
}

}  // namespace

TEST_CASE("nobody's word is taken but a trusted proxy's", "[http][proxies]") {
  const auto say = std::vector<std::pair<std::string, std::string>>{
      {"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=203.0.113.9"}};
  CHECK(client({}, "127.0.0.1", say) == "127.0.0.1");
  const auto proxies = trusted({"10.0.0.5", "192.168.0.0/16", "fd00::/8", "::1"});
  for (const char* peer : {"10.0.0.5", "192.168.7.7", "fd12::1", "::1", "::ffff:10.0.0.5"}) {
    INFO(peer);
    CHECK(client(proxies, peer, say) == "203.0.113.9");
  }
  for (const char* peer : {"10.0.0.6", "192.169.0.1", "fe80::1", "::2", "127.0.0.1", "nonsense"}) {
    INFO(peer);
    CHECK(client(proxies, peer, say) == peer);
  }
}

TEST_CASE("of a list the last one counts that is no proxy of ours", "[http][proxies]") {
  CHECK(forwarded_for("203.0.113.9") == "203.0.113.9");
  CHECK(forwarded_for("1.1.1.1, 203.0.113.9") == "203.0.113.9");  // who sent it wrote the first
  CHECK(forwarded_for("1.1.1.1,203.0.113.9 , 10.9.9.9") == "203.0.113.9");
  CHECK(forwarded_for("10.1.1.1, 10.2.2.2") == "10.1.1.1");
  CHECK(forwarded_for("203.0.113.9:4711") == "203.0.113.9");
  CHECK(forwarded_for("[2001:db8::1]:4711") == "2001:db8::1");
  CHECK(forwarded_for("2001:db8:0:0::1") == "2001:db8::1");
  CHECK(forwarded_for("::ffff:203.0.113.9") == "203.0.113.9");
  // Behind what cannot be read nothing is known.
  for (const char* list :
       {"", "unknown", "203.0.113.9, unknown", "203.0.113.9,", "1.2.3", "[::1"}) {
    INFO(list);
    CHECK(forwarded_for(list) == "10.0.0.1");
  }
  CHECK(forwarded_for("unknown, 10.2.2.2") == "10.2.2.2");
  CHECK(client(trusted({"10.0.0.0/8"}), "10.0.0.1",
               {{"X-Forwarded-For", "1.1.1.1"}, {"x-forwarded-for", "203.0.113.9"}}) ==
        "203.0.113.9");
}

TEST_CASE("the standard's field says the same", "[http][proxies]") {
  CHECK(forwarded("for=203.0.113.9;proto=https;by=10.0.0.1") == "203.0.113.9");
  CHECK(forwarded("For=\"[2001:db8::1]:4711\"") == "2001:db8::1");
  CHECK(forwarded("for=1.1.1.1, proto=http;for=203.0.113.9, for=10.3.3.3") == "203.0.113.9");
  CHECK(forwarded("for=\"203.0.113.9\"; host=\"a,b;for=1.1.1.1\"") == "203.0.113.9");
  for (const char* list : {"for=_hidden", "for=unknown", "proto=https", "", "for="}) {
    INFO(list);
    CHECK(forwarded(list) == "10.0.0.1");
  }
}

TEST_CASE("two fields that do not agree say nothing", "[http][proxies]") {
  const auto proxies = trusted({"10.0.0.1"});
  CHECK(client(proxies, "10.0.0.1",
               {{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=203.0.113.9"}}) ==
        "203.0.113.9");
  CHECK(client(proxies, "10.0.0.1",
               {{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", "for=1.1.1.1"}}) == "10.0.0.1");
}

TEST_CASE("what is neither an address nor a network is refused by name", "[http][proxies]") {
  for (const char* text : {"", "proxy.example.org", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1",
                           "10.0.0/8", "fd00::/129", "10.0.0.0/8x", "/8", "10.0.0.1:80"}) {
    INFO(text);
    const auto read = TrustedProxies::read({"10.0.0.1", text});
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == Code::InvalidArgument);
    CHECK(read.error().message.ends_with(std::string{": "} + text));
  }
  const auto everybody = trusted({"0.0.0.0/0", "::/0"});
  CHECK(client(everybody, "8.8.8.8", {{"X-Forwarded-For", "1.1.1.1"}}) == "1.1.1.1");
}
