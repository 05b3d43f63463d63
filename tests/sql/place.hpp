#pragma once

#include <memory>
#include <optional>
#include <string>

#include <millrace/sql/connection.hpp>

#include "tests/fixtures/mariadb.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// An empty database of one kind. Cases run once for each kind:
///   const SqlPlace place{GENERATE(sql::Dialect::Sqlite, sql::Dialect::MySql)};
class SqlPlace {
 public:
  explicit SqlPlace(sql::Dialect dialect) {
    if (dialect == sql::Dialect::MySql) {
      settings = MariaDb::shared().fresh_schema();
      sql::connect(settings)->run("ALTER DATABASE CHARACTER SET utf8mb4");
    } else {
      settings.address.path = (folder_ / "test.sqlite").string();
      settings.access = sql::Settings::Access::Create;
    }
  }
  std::unique_ptr<sql::Connection> connect() const { return sql::connect(settings); }
  [[nodiscard]] bool is_mysql() const { return settings.address.dialect == sql::Dialect::MySql; }

  sql::Settings settings;

 private:
  TemporaryFolder folder_;
};

/// Returns what the call failed with, or nothing.
template <class Call>
std::optional<sql::Failure> failure_of(const Call& call) {
  try {
    call();
  } catch (const sql::Failure& failure) {
    return failure;
  }
  return std::nullopt;
}
template <class Call>
sql::Code code_of(const Call& call) {
  const auto failure = failure_of(call);
  return failure ? failure->code() : sql::Code{};
}

/// Returns a column of a block for rows to be appended to.
inline sql::Column column(std::string name, sql::Type type) {
  sql::Column made;
  made.name = std::move(name);
  made.type = type;
  return made;
}

}  // namespace millrace::test
