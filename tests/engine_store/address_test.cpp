#include "engine/store/address.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <netinet/in.h>

using millrace::detail::is_public_address;

TEST_CASE("special IPv4 addresses are not public", "[store][address]") {
  for (const std::string& text : std::vector<std::string>{
           "0.0.0.0",         "0.1.2.3",        "10.0.0.1",        "10.255.255.255",  "100.64.0.1",
           "100.127.255.255", "127.0.0.1",      "127.255.255.254", "169.254.169.254", "172.16.0.1",
           "172.31.255.255",  "192.0.0.8",      "192.0.2.1",       "192.88.99.1",     "192.168.0.1",
           "198.18.0.1",      "198.19.255.255", "198.51.100.7",    "203.0.113.9",     "224.0.0.1",
           "239.255.255.255", "240.0.0.1",      "255.255.255.255"}) {
    INFO(text);
    CHECK_FALSE(is_public_address(text));
  }
}

TEST_CASE("addresses just beside the special blocks are public", "[store][address]") {
  for (const std::string& text : std::vector<std::string>{
           "1.0.0.0",      "9.255.255.255",   "11.0.0.0",        "100.63.255.255",
           "100.128.0.0",  "126.255.255.255", "128.0.0.0",       "169.253.255.255",
           "169.255.0.0",  "172.15.255.255",  "172.32.0.0",      "192.0.1.0",
           "192.0.3.0",    "192.167.255.255", "192.169.0.0",     "198.17.255.255",
           "198.20.0.0",   "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
           "2a00:1450::1", "2001:200::1"}) {
    INFO(text);
    CHECK(is_public_address(text));
  }
}

TEST_CASE("special IPv6 addresses are not public", "[store][address]") {
  for (const std::string& text : std::vector<std::string>{
           "::", "::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1",
           "ff02::1", "100::1", "2001::1", "2001:10::1", "2001:db8::1", "3fff::1", "64:ff9b:1::1",
           "5f00::1"}) {
    INFO(text);
    CHECK_FALSE(is_public_address(text));
  }
}

TEST_CASE("an IPv4 address inside an IPv6 address is judged as such", "[store][address]") {
  for (const std::string& text : std::vector<std::string>{
           "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:a9fe:a9fe", "::127.0.0.1",
           "64:ff9b::192.168.1.1", "2002:7f00:1::", "2002:c0a8:101::1"}) {
    INFO(text);
    CHECK_FALSE(is_public_address(text));
  }
  CHECK(is_public_address("::ffff:8.8.8.8"));
  CHECK(is_public_address("64:ff9b::8.8.8.8"));
  CHECK(is_public_address("2002:808:808::1"));
}

TEST_CASE("what is no address is not public", "[store][address]") {
  for (const std::string& text : std::vector<std::string>{"", "localhost", "1.2.3", "8.8.8.8 ",
                                                          "[2606:4700::1111]", "%eth0"}) {
    INFO(text);
    CHECK_FALSE(is_public_address(text));
  }
}

TEST_CASE("a socket address is judged by its family and whole length", "[store][address]") {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x08080808);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  CHECK(is_public_address(generic, sizeof address));
  CHECK_FALSE(is_public_address(generic, 4));
  address.sin_family = AF_UNIX;
  CHECK_FALSE(is_public_address(generic, sizeof address));
}
