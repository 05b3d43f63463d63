#include "engine/catalog/mysql/mysql_address.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("a MySQL address is taken apart", "[catalog][mysql]") {
  const auto whole = parse_mysql_address("mysql://me@db.example:3307/millrace?ssl_ca=/etc/ca.pem");
  REQUIRE(whole.ok());
  CHECK(whole->user == "me");
  CHECK(whole->host == "db.example");
  CHECK(whole->port == 3307);
  CHECK(whole->database == "millrace");
  CHECK(whole->ssl_ca == "/etc/ca.pem");
  const auto least = parse_mysql_address("mysql://me@/millrace");
  REQUIRE(least.ok());
  CHECK(least->describe() == "mysql://me@127.0.0.1:3306/millrace");
  const auto six = parse_mysql_address("mysql://me@[::1]:3306/x");
  REQUIRE(six.ok());
  CHECK(six->host == "::1");
  const auto local = parse_mysql_address("mysql://me@/x?socket=/run/mysqld/mysqld.sock");
  REQUIRE(local.ok());
  CHECK(local->socket == "/run/mysqld/mysqld.sock");
}

TEST_CASE("a malformed MySQL address is refused with the wanted form", "[catalog][mysql]") {
  const std::string text =
      GENERATE(as<std::string>{}, "mysql://", "mysql://me@host", "mysql://me@host/",
               "mysql://host/db", "mysql://@host/db", "mysql://me:secret@host/db",
               "mysql://me@host:0/db", "mysql://me@host:70000/db", "mysql://me@host:x/db",
               "mysql://me@:3306/db", "mysql://me@host/db/more", "mysql://me@host/db?socket",
               "mysql://me@host/db?what=1", "http://me@host/db");
  const auto parsed = parse_mysql_address(text);
  INFO(text);
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error().code == Code::InvalidArgument);
  CHECK(parsed.error().message.find("secret") == std::string::npos);
}
