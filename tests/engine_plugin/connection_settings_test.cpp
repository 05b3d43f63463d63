#include "engine/plugin/connection_settings.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("a connection is an address, or the parts of one", "[plugin][connection]") {
  const auto read = [](const char* text) { return *read_connection("in", Json::parse(text)); };
  CHECK(read(R"({"address": "sqlite:/data/x.sqlite"})") ==
        ConnectionSettings{"sqlite:/data/x.sqlite", ""});
  CHECK(read(R"({"address": "mysql://me@db/tags", "password": "sesame"})") ==
        ConnectionSettings{"mysql://me@db/tags", "sesame"});
  CHECK(read(R"({"user": "me", "schema": "tags", "host": null})") ==
        ConnectionSettings{"mysql://me@127.0.0.1:3306/tags", ""});
  CHECK(read(R"({"host": "db", "port": 3307, "user": "me", "schema": "tags", "password": "p"})") ==
        ConnectionSettings{"mysql://me@db:3307/tags", "p"});
  CHECK(read(R"({"host": "h/x?socket=/evil", "user": "a@b:c", "schema": "s?t"})").address ==
        "mysql://a%40b%3Ac@h%2Fx%3Fsocket%3D%2Fevil:3306/s%3Ft");
}

TEST_CASE("a connection that is wrong is refused, and its password not repeated",
          "[plugin][connection]") {
  const std::string text = GENERATE(
      as<std::string>{}, R"({})", R"([])", R"("sesame")", R"({"password": "sesame"})",
      R"({"user": "me", "password": "sesame"})", R"({"address": "mysql://me:sesame@db/x"})",
      R"({"address": "postgres://me:sesame@db"})", R"({"address": 7})",
      R"({"address": "sqlite:/x", "password": ["sesame"]})",
      R"({"address": "sqlite:/x", "host": "db"})", R"({"user": "me", "schema": "x", "port": 0})",
      R"({"user": "me", "schema": "x", "port": 65536})",
      R"({"user": "me", "schema": "x", "port": "3306"})",
      R"({"user": "me", "schema": "x", "init_command": "sesame"})",
      R"({"address": "sqlite:/x", "password": "sesame\u0000"})");
  INFO(text);
  const auto read = read_connection("in", Json::parse(text));
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == Code::InvalidArgument);
  CHECK(read.error().message.find("sesame") == std::string::npos);
  CHECK(read.error().message.find("connection in: ") == 0);
}

TEST_CASE("the name of a connection is short and plain", "[plugin][connection]") {
  const ConnectionSettings good{"sqlite:/x"};
  for (const std::string name : {"input", "a-b_c.9", "A"}) CHECK(check_connection(name, good).ok());
  CHECK(check_connection(std::string(64, 'a'), good).ok());
  for (const std::string name : {"", "a b", "a=b", "a/b", "\xc3\xa9"})
    CHECK_FALSE(check_connection(name, good).ok());
  CHECK_FALSE(check_connection(std::string(65, 'a'), good).ok());
  CHECK_FALSE(check_connection("a", {"sqlite:/x", std::string(4'097, 'p')}).ok());
}
