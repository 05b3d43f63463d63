#include "api/http/authority.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("a host is a name, an address, or an address in brackets, and may have a port",
          "[http][host]") {
  struct Case {
    const char *text, *host;
    int port;
  };
  for (const auto& [text, host, port] :
       {Case{"models.example.org", "models.example.org", -1}, Case{"h:0", "h", 0},
        Case{"h:65535", "h", 65535}, Case{"h:", "h", -1}, Case{"127.0.0.1:80", "127.0.0.1", 80},
        Case{"[::1]", "[::1]", -1}, Case{"[2001:db8::1]:8443", "[2001:db8::1]", 8443},
        Case{"[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", -1}, Case{"a_b-c~d", "a_b-c~d", -1},
        Case{"caf%C3%A9.example", "caf%C3%A9.example", -1}, Case{"h.", "h.", -1}}) {
    INFO(text);
    const auto read = http::read_authority(text);
    REQUIRE(read);
    CHECK(read->host == host);
    CHECK(read->port.has_value() == (port >= 0));
    if (port >= 0) CHECK(read->port == port);
  }
  CHECK(http::read_authority("h:080")->text() == "h:80");
  for (const auto* text : {"",     ":80",  "a,b",    "x:y:z",       "h:65536",
                           "h:-1", "h:+1", "h: 1",   "h 1",         "::1",
                           "[::1", "[]",   "[::1]8", "[1.2.3.4]",   "[fe80::1%25eth0]",
                           "a/b",  "a@b",  "a%2",    "a%zz",        "<a>",
                           "a\"b", "a;b",  "(a)",    "caf\xc3\xa9", "\xff\xfe"}) {
    INFO(text);
    CHECK_FALSE(http::read_authority(text));
  }
}

TEST_CASE("an origin is a scheme of the web with a host", "[http][host]") {
  CHECK(http::read_origin("http://h")->port() == 80);
  CHECK(http::read_origin("https://h")->port() == 443);
  CHECK(http::read_origin("https://h:8443")->authority.host == "h");
  for (const auto* text :
       {"", "null", "h", "ftp://h", "file://", "http://", "http://h/", "HTTP://h",
        "http://h http://i", "http://u@h", "chrome-extension://abc"}) {
    INFO(text);
    CHECK_FALSE(http::read_origin(text));
  }
}

TEST_CASE("loopback is what cannot lead elsewhere", "[http][host]") {
  for (const auto* host : {"localhost", "LocalHost", "localhost.", "app.localhost", "127.0.0.1",
                           "127.8.9.10", "[::1]", "[0:0:0:0:0:0:0:1]"}) {
    INFO(host);
    CHECK(http::is_loopback(host));
  }
  for (const auto* host : {"", "localhost.example", "127.0.0.1.example", "127.1", "notlocalhost",
                           ".localhost", "0.0.0.0", "[::]", "[::2]", "128.0.0.1", "127.0.0.999"}) {
    INFO(host);
    CHECK_FALSE(http::is_loopback(host));
  }
}
