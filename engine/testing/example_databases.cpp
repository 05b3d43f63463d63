#include "engine/testing/example_databases.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>
#include <variant>

#include <millrace/sql/connection.hpp>

namespace millrace::testing {

namespace {

std::unique_ptr<sql::Connection> connect(const std::string& address) {
  sql::Settings settings;
  settings.address = sql::parse_address(address);
  settings.access = sql::Settings::Access::Create;
  return sql::connect(settings);
}

Json rows_of(sql::Connection& connection, const std::string& table) {
  Json rows = Json::array();
  for (const auto& row : connection.query("SELECT * FROM " + connection.quote(table)).rows) {
    Json cells = Json::array();
    for (const sql::Value& cell : row)
      std::visit([&cells](const auto& value) { cells.push_back(value); }, cell);
    rows.push_back(std::move(cells));
  }
  return rows;
}

}  // namespace

Result<std::unique_ptr<ExampleDatabases>> ExampleDatabases::make(const Statements& statements) {
  std::error_code fault;
  auto name = (std::filesystem::temp_directory_path(fault) / "millrace-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr)
    return Error{Code::Io, "a folder for databases: " + std::string{std::strerror(errno)}};
  std::unique_ptr<ExampleDatabases> made{new ExampleDatabases{name}};  // a private constructor
  try {
    for (const auto& [database, begin] : statements) {
      const auto address = "sqlite:" + (made->folder_ / (database + ".sqlite")).string();
      const auto connection = connect(address);
      for (const std::string& statement : begin) connection->run(statement);
      const auto tables = connection->query(
          "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' "
          "ESCAPE '\\' ORDER BY name");
      for (const auto& table : tables.rows)
        made->tables_[database].push_back(std::get<std::string>(table.at(0)));
      made->connections_[database] = {address};
    }
  } catch (const sql::Failure& failure) {
    return Error{Code::DataInvalid, failure.what()};
  }
  return made;
}

ExampleDatabases::~ExampleDatabases() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Json ExampleDatabases::contents() const {
  Json contents = Json::object();
  for (const auto& [database, tables] : tables_) {
    try {
      const auto connection = connect(connections_.at(database).address);
      for (const auto& table : tables) contents[database][table] = rows_of(*connection, table);
    } catch (const sql::Failure& failure) {
      contents[database] = failure.what();
    }
  }
  return contents;
}

}  // namespace millrace::testing
