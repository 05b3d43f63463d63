#include "engine/catalog/database.hpp"

#include <cmath>
#include <limits>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/catalog/sql_spelling.hpp"
#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using test::CatalogPlace;
using test::must;

namespace {

void make_table(Connection& connection, SqlDialect kind) {
  const auto spelling = must(SqlSpelling::of(kind, connection));
  must(
      connection.run(must(spelling.spell("CREATE TABLE things (id {id}, name {key 64} NOT NULL, "
                                         "size {real}, note {text}, UNIQUE (name)) {options}"))));
}

}  // namespace

TEST_CASE("a connection gives back every kind of value that it was given", "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  make_table(*connection, kind);
  const std::string words =
      "Gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x98 'quoted' \\ back \"double\" ? ; -- \n\ttab";
  const std::string big(3'000'000, 'x');
  for (const std::string& text : {words, std::string{}, big}) {
    const auto made = must(connection->insert(
        "INSERT INTO things (name, size, note) VALUES (?, ?, ?)", {text.substr(0, 40), 0.1, text}));
    const auto read =
        must(connection->query("SELECT name, size, note FROM things WHERE id = ?", {made}));
    REQUIRE(read.rows.size() == 1);
    CHECK(read.columns == std::vector<std::string>{"name", "size", "note"});
    CHECK(std::get<std::string>(read.rows[0][0]) == text.substr(0, 40));
    CHECK(std::get<double>(read.rows[0][1]) == 0.1);
    CHECK((std::get<std::string>(read.rows[0][2]) ==
           text));  // extra parentheses: Catch need not print 3 MB
  }
  const auto made =
      must(connection->insert("INSERT INTO things (name, size, note) VALUES (?, ?, ?)",
                              {std::string{"nulls"}, nullptr, nullptr}));
  const auto read = must(connection->query("SELECT size, note, ? FROM things WHERE id = ?",
                                           {std::numeric_limits<std::int64_t>::min(), made}));
  CHECK(std::holds_alternative<std::nullptr_t>(read.rows.at(0)[0]));
  CHECK(std::holds_alternative<std::nullptr_t>(read.rows.at(0)[1]));
  CHECK(std::get<std::int64_t>(read.rows.at(0)[2]) == std::numeric_limits<std::int64_t>::min());
}

TEST_CASE("what is larger than the server takes is refused before it is sent, and says both sizes",
          "[catalog][database]") {
  const CatalogPlace place{SqlDialect::MySql};
  const auto connection = place.connect();
  make_table(*connection, SqlDialect::MySql);
  const std::string insert = "INSERT INTO things (name, size, note) VALUES (?, ?, ?)";
  must(connection->begin());
  must(connection->execute(insert, {std::string{"before"}, nullptr, nullptr}));
  const std::string large(20u << 20, 'x');
  const auto one = connection->execute(insert, {std::string{"large"}, nullptr, large});
  REQUIRE_FALSE(one.ok());
  CHECK(one.error().code == Code::InvalidArgument);
  CHECK(one.error().message.find("20971520") != std::string::npos);
  CHECK(one.error().message.find("max_allowed_packet is 16777216") != std::string::npos);
  // As many small values, which share one packet.
  std::string sql = "INSERT INTO things (note, name) VALUES (?, '0')";
  std::vector<SqlValue> values(100, std::string(200'000, 'y'));
  for (int i = 1; i < 100; ++i) sql += ", (?, '" + std::to_string(i) + "')";
  const auto many = connection->execute(sql, values);
  REQUIRE_FALSE(many.ok());
  CHECK(many.error().code == Code::InvalidArgument);
  // Neither cost the connection or its transaction.
  must(connection->execute(insert, {std::string{"after"}, nullptr, nullptr}));
  must(connection->commit());
  CHECK(must(connection->query("SELECT name FROM things")).rows.size() == 2);
}

TEST_CASE("a row that is larger than any value in it is written and read", "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  const auto spelling = must(SqlSpelling::of(kind, *connection));
  must(connection->run(
      must(spelling.spell("CREATE TABLE wide (a {text}, b {text}, c {text}) {options}"))));
  const std::string large(12u << 20, 'x');
  must(connection->execute("INSERT INTO wide (a, b, c) VALUES (?, ?, ?)", {large, large, large}));
  const auto read = must(connection->query("SELECT a, b, c FROM wide"));
  for (const auto& value : read.rows.at(0))
    CHECK(std::get<std::string>(value).size() == large.size());
}

TEST_CASE("text is compared bytewise: letter case and trailing spaces count",
          "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  make_table(*connection, kind);
  for (const char* name : {"key", "Key", "key ", "k\xc3\xa9y", "ke\xcc\x81y"}) {
    INFO(name);
    CHECK(connection->execute("INSERT INTO things (name) VALUES (?)", {std::string{name}}).ok());
  }
  const auto found =
      must(connection->query("SELECT COUNT(*) FROM things WHERE name = ?", {std::string{"key"}}));
  CHECK(std::get<std::int64_t>(found.rows.at(0)[0]) == 1);
  const auto like = must(connection->query(
      "SELECT COUNT(*) FROM things WHERE name LIKE ? ESCAPE '!'", {std::string{"K%"}}));
  CHECK(std::get<std::int64_t>(like.rows.at(0)[0]) == 1);
}

TEST_CASE("a value that a unique column has already is a conflict", "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  make_table(*connection, kind);
  must(connection->execute("INSERT INTO things (name) VALUES (?)", {std::string{"one"}}));
  const auto again =
      connection->execute("INSERT INTO things (name) VALUES (?)", {std::string{"one"}});
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().code == Code::Conflict);
}

TEST_CASE("what is rolled back is gone, and what is committed stays for other connections",
          "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  const auto other = place.connect();
  make_table(*connection, kind);
  const auto count = [&other] {
    return std::get<std::int64_t>(must(other->query("SELECT COUNT(*) FROM things")).rows.at(0)[0]);
  };
  must(connection->begin());
  must(connection->execute("INSERT INTO things (name) VALUES (?)", {std::string{"one"}}));
  CHECK(count() == 0);
  must(connection->rollback());
  CHECK(count() == 0);
  must(connection->begin());
  must(connection->execute("INSERT INTO things (name) VALUES (?)", {std::string{"two"}}));
  must(connection->commit());
  CHECK(count() == 1);
}

TEST_CASE("a statement ends at its deadline, and the connection goes on", "[catalog][database]") {
  const CatalogPlace place{SqlDialect::Sqlite};
  const auto connection = place.connect();
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto begun = now();
  connection->stop_at(begun + std::chrono::milliseconds{50});
  const auto endless = connection->query(
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT COUNT(*) FROM n");
  REQUIRE_FALSE(endless.ok());
  CHECK(endless.error().code == Code::DeadlineExceeded);
  CHECK(now() - begun < std::chrono::seconds{10});
  connection->stop_at(std::chrono::steady_clock::time_point::max());
  CHECK(connection
            ->query("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < "
                    "100000) SELECT COUNT(*) FROM n")
            .ok());
}

TEST_CASE("misuse of a connection is an error and not the end", "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  CHECK_FALSE(connection->query("SELECT * FROM nowhere").ok());
  CHECK_FALSE(connection->query("not SQL at all").ok());
  CHECK_FALSE(connection->query("SELECT ?", {}).ok());
  const auto after = connection->query("SELECT 7");
  REQUIRE(after.ok());
  CHECK(std::get<std::int64_t>(after->rows.at(0)[0]) == 7);
}

TEST_CASE("more statements than are kept prepared still work", "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto connection = place.connect();
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) {
      const auto answer =
          must(connection->query("SELECT ? + " + std::to_string(i), {std::int64_t{1}}));
      REQUIRE(std::get<std::int64_t>(answer.rows.at(0)[0]) == i + 1);
    }
  }
}

TEST_CASE("threads take turns with one connection and have their own side by side",
          "[catalog][database]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto database = place.database();
  const auto first = must(database->connect());
  make_table(*first, kind);
  std::vector<int> ok(4, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < ok.size(); ++i) {
      threads.emplace_back([&, i] {
        auto own = database->connect();
        if (own.ok() && (*own)->query("SELECT COUNT(*) FROM things").ok()) ok[i] = 1;
      });
    }
  }
  CHECK(ok == std::vector<int>(4, 1));
  bool used = false;
  std::jthread{[&] { used = first->query("SELECT 1").ok(); }}.join();
  CHECK(used);
}

TEST_CASE("an address that cannot be opened names what is wrong and the way out",
          "[catalog][database]") {
  const auto refused = [](const std::string& address) {
    auto opened = open_database({address, {}});
    if (opened.ok()) {
      auto connected = (*opened)->connect();
      return connected.ok() ? Error{Code::Internal, "it opened"} : connected.error();
    }
    return opened.error();
  };
  CHECK(refused("postgres://x").message.find("sqlite:PATH") != std::string::npos);
  CHECK(refused("").code == Code::InvalidArgument);
  CHECK(refused("sqlite:").code == Code::InvalidArgument);
  CHECK(refused("sqlite:/nowhere/at/all/catalog").message.find("/nowhere/at/all/catalog") !=
        std::string::npos);
  CHECK(refused("mysql://root@127.0.0.1:1/x").code == Code::Unavailable);
  CHECK(refused("mysql://127.0.0.1/x").code == Code::InvalidArgument);
  const auto password = open_database({"mysql://u@127.0.0.1/x", "/nowhere/password"});
  REQUIRE_FALSE(password.ok());
  CHECK(password.error().message.find("/nowhere/password") != std::string::npos);
}

TEST_CASE("a file that is no database is refused as damaged", "[catalog][database]") {
  const CatalogPlace place{SqlDialect::Sqlite};
  {
    std::FILE* file = std::fopen(place.file().c_str(), "w");
    for (int i = 0; i < 400; ++i) std::fputs("this is not a database ", file);
    std::fclose(file);
  }
  const auto opened = Catalog::open(place.settings(), system_clock());
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == Code::DataInvalid);
}

TEST_CASE("the wrong password is refused without telling it", "[catalog][database]") {
  CatalogPlace place{SqlDialect::MySql};
  const test::TemporaryFolder folder;
  const auto file = (folder / "password").string();
  std::FILE* out = std::fopen(file.c_str(), "w");
  std::fputs("hunter2\n", out);
  std::fclose(out);
  place.settings().password_file = file;
  const auto connected = must(open_database(place.settings()))->connect();
  REQUIRE_FALSE(connected.ok());
  CHECK(connected.error().code == Code::PermissionDenied);
  CHECK((connected.error().message + connected.error().detail).find("hunter2") ==
        std::string::npos);
}
