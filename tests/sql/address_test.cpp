#include <catch2/catch.hpp>

#include <millrace/sql/address.hpp>
#include <millrace/sql/failure.hpp>

#include "tests/sql/place.hpp"

namespace sql = millrace::sql;
namespace test = millrace::test;
using millrace::sql::Dialect;

TEST_CASE("an address is taken apart, and told as it is read", "[sql][address]") {
  const auto whole = sql::parse_address("mysql://me@db.example:3307/shop?ssl_ca=/etc/ca.pem");
  CHECK(whole.dialect == Dialect::MySql);
  CHECK(whole.user == "me");
  CHECK(whole.host == "db.example");
  CHECK(whole.port == 3307);
  CHECK(whole.schema == "shop");
  CHECK(whole.ssl_ca == "/etc/ca.pem");
  CHECK(sql::parse_address("mysql://me@/shop").describe() == "mysql://me@127.0.0.1:3306/shop");
  CHECK(sql::parse_address("mysql://me@[::1]:3306/x").host == "::1");
  CHECK(sql::parse_address("mysql://me@[::1]/x").port == 3306);
  const auto local = sql::parse_address("mysql://me@/x?socket=/run/mysqld/mysqld.sock");
  CHECK(local.socket == "/run/mysqld/mysqld.sock");
  const auto file = sql::parse_address("sqlite:/data/a b.sqlite");
  CHECK(file.dialect == Dialect::Sqlite);
  CHECK(file.path == "/data/a b.sqlite");
  for (const auto& address : {whole, local, file, sql::parse_address("mysql://me@[::1]:3306/x")}) {
    const auto again = sql::parse_address(address.describe());
    CHECK(again.describe() == address.describe());
    CHECK(again.host == address.host);
    CHECK(again.ssl_ca == address.ssl_ca);
    CHECK(again.socket == address.socket);
  }
}

TEST_CASE("what a part of an address holds ends it nowhere", "[sql][address]") {
  sql::Address hostile{.dialect = Dialect::MySql,
                       .host = "h/x?socket=/run/evil",
                       .user = "me@there:secret%41/",
                       .schema = "a/b?ssl_ca=x#\n\x7f 表"};
  const auto read = sql::parse_address(hostile.describe());
  CHECK(read.host == hostile.host);
  CHECK(read.user == hostile.user);
  CHECK(read.schema == hostile.schema);
  CHECK(read.port == 3306);
  CHECK(read.socket.empty());
  CHECK(read.ssl_ca.empty());
  hostile.host = "a:b/c@[d";
  CHECK(sql::parse_address(hostile.describe()).host == hostile.host);
  CHECK(sql::parse_address(hostile.describe()).schema == hostile.schema);
  hostile.socket = "/run/a b/?&=%/x";
  const auto local = sql::parse_address(hostile.describe());
  CHECK(local.socket == hostile.socket);
  CHECK(local.user == hostile.user);
  CHECK(sql::parse_address("sqlite:/a%20b").path == "/a%20b");  // a path is taken as it is
}

TEST_CASE("a malformed address is refused with the wanted form", "[sql][address]") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "sqlite:", "sqlite", "postgres://x", "mysql:", "mysql://",
               "mysql://me@host", "mysql://me@host/", "mysql://host/db", "mysql://@host/db",
               "mysql://me:secret@host/db", "mysql://me@host:0/db", "mysql://me@host:70000/db",
               "mysql://me@host:x/db", "mysql://me@host:/db", "mysql://me@:3306/db",
               "mysql://me@host/db/more", "mysql://me@host/db?socket", "mysql://me@host/db?what=1",
               "http://me:secret@host/db", "mysql://me%@host/db", "mysql://me%4@host/db",
               "mysql://me@host/d%zz", "mysql://me@host/d%00", "mysql://me@host/d%+1",
               "mysql://me@h%/db", "mysql://me@host/db?socket=%");
  INFO(text);
  const auto failure = test::failure_of([&] { static_cast<void>(sql::parse_address(text)); });
  REQUIRE(failure);
  CHECK(failure->code() == sql::Code::InvalidArgument);
  const std::string message = failure->what();
  CHECK(message.find("sqlite:PATH or mysql://user@host:port/schema") != std::string::npos);
  CHECK(message.find("secret") == std::string::npos);
}

TEST_CASE("a name is quoted so that it ends where it ends", "[sql][quote]") {
  CHECK(sql::quote_name(Dialect::MySql, "a`b\"c") == "`a``b\"c`");
  CHECK(sql::quote_name(Dialect::Sqlite, "a`b\"c") == "\"a`b\"\"c\"");
  CHECK(sql::quote_table(Dialect::MySql, {"s", "t"}) == "`s`.`t`");
  CHECK(sql::quote_table(Dialect::Sqlite, {"", "t"}) == "\"t\"");
  using namespace std::string_view_literals;
  for (const auto name : {""sv, "a\0b"sv, "\0"sv}) {
    CHECK(test::code_of([&] { static_cast<void>(sql::quote_name(Dialect::MySql, name)); }) ==
          sql::Code::InvalidArgument);
  }
}
