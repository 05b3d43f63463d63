#include "sql/src/mysql/literals.hpp"

#include <limits>

#include <catch2/catch.hpp>

#include "tests/sql/place.hpp"

namespace sql = millrace::sql;
namespace test = millrace::test;
using millrace::sql::Type;
using millrace::sql::Value;
using millrace::sql::with_literals;
using millrace::test::code_of;
using millrace::test::column;

namespace {

template <class T>
std::string spelled(T value) {
  std::string sql;
  sql::append_literal(sql, value);
  return sql;
}

std::string text(std::string_view value) {
  std::string sql;
  sql::append_text_literal(sql, value);
  return sql;
}

}  // namespace

TEST_CASE("values are spelled so that they end where they end", "[sql][literals]") {
  CHECK(text("a'b''c") == "'a''b''''c'");
  CHECK(text("") == "''");
  CHECK(text("'") == "''''");
  CHECK(text("\\' OR 1=1 -- ") == "_utf8mb4 X'5c27204f5220313d31202d2d20'");
  CHECK(spelled(std::numeric_limits<std::int64_t>::min()) == "-9223372036854775808");
  CHECK(spelled(0.1) == "1e-01");
  CHECK(code_of([] { spelled(std::numeric_limits<double>::quiet_NaN()); }) ==
        sql::Code::InvalidArgument);
  CHECK(code_of([] { spelled(std::numeric_limits<double>::infinity()); }) ==
        sql::Code::InvalidArgument);
}

TEST_CASE("values take the places of question marks outside of texts, names and comments",
          "[sql][literals]") {
  CHECK(with_literals("SELECT ?, ? FROM t WHERE a < ?",
                      {std::string{"x?y"}, nullptr, std::int64_t{7}}) ==
        "SELECT 'x?y', NULL FROM t WHERE a < 7");
  const std::string untouched =
      "SELECT '?', 'it''s ?', \"?\", `?``?` /* ? ' */ -- ? '\n# ? \"\n, 1--?";
  CHECK(with_literals(untouched, {std::int64_t{2}}) ==
        untouched.substr(0, untouched.size() - 1) + "2");
  CHECK(with_literals("SELECT '\\', ?", {std::int64_t{2}}) == "SELECT '\\', 2");
  CHECK(with_literals("", {}).empty());
  for (const std::vector<Value>& values :
       {std::vector<Value>{}, std::vector<Value>{std::int64_t{1}, std::int64_t{2}}}) {
    CHECK(code_of([&] { with_literals("SELECT ?", values); }) == sql::Code::Internal);
  }
  // What is not closed goes to the end.
  CHECK(with_literals("SELECT 'a ?", {}) == "SELECT 'a ?");
  CHECK(with_literals("SELECT 1 -- ?", {}) == "SELECT 1 -- ?");
  CHECK(with_literals("SELECT 1 /* ?", {}) == "SELECT 1 /* ?");
}

TEST_CASE("rows are cut into statements that fit into a packet", "[sql][literals]") {
  const sql::Target target{{"s", "t"}, {"a", "b"}};
  const std::string head = "INSERT INTO `s`.`t` (`a`, `b`) VALUES ";
  sql::Block rows{{column("", Type::Integer), column("", Type::Text)}};
  for (std::int64_t row = 0; row < 5; ++row) {
    rows.columns[0].append(row);
    rows.columns[1].append(std::string_view{"ab"});
  }
  rows.columns[0].append(std::int64_t{5});
  rows.columns[1].append_null();
  const std::size_t two = head.size() + std::string_view{"(0,'ab'),(1,'ab')"}.size();
  const auto statements = [&](std::size_t packet) {
    sql::InsertStatements made{target, rows, packet};
    std::vector<std::string> found;
    while (true) {
      const std::string& sql = made.next();
      if (sql.empty()) return found;
      found.push_back(sql);
    }
  };
  CHECK(statements(16 << 20) ==
        std::vector<std::string>{head + "(0,'ab'),(1,'ab'),(2,'ab'),(3,'ab')"
                                        ",(4,'ab'),(5,NULL)"});
  const std::vector<std::string> by_two{head + "(0,'ab'),(1,'ab')", head + "(2,'ab'),(3,'ab')",
                                        head + "(4,'ab'),(5,NULL)"};
  CHECK(statements(two + 2) == by_two);
  CHECK(statements(two + 1).size() == 6);
  CHECK(statements(head.size() + 8 + 2).size() == 6);
  CHECK(code_of([&] { statements(head.size() + 8 + 1); }) == sql::Code::InvalidArgument);
}
