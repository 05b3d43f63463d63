// MySQL and MariaDB, through MySQL Connector/C++.
#include <algorithm>
#include <utility>

#include <cppconn/datatype.h>

#include "../mysql_module.hpp"
#include "cells.hpp"
#include "literals.hpp"
#include "reader.hpp"
#include "session.hpp"

#include <fmt/format.h>

namespace millrace::sql {

namespace {

// The driver sends longer texts on their own, in pieces; the others share one packet with the
// statement. Each of these has to fit into max_allowed_packet.
constexpr std::size_t kLongText = 256 * 1024;
constexpr std::size_t kPlaceBytes = 16;  // of a value in a packet, besides itself

void bind(cppconn::PreparedStatement& statement, const std::vector<Value>& values) {
  unsigned place = 0;
  for (const Value& value : values) {
    ++place;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      statement.setInt64(place, *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      statement.setDouble(place, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      statement.setString(place, cppconn::SQLString{*text});
    } else {
      statement.setNull(place, cppconn::DataType::VARCHAR);
    }
  }
}

Value read_value(cppconn::ResultSet& found, unsigned place, const MysqlColumn& column) {
  if (found.isNull(place)) return nullptr;
  if (column.type == Type::Integer) return read_integer(found, place, column);
  if (column.type == Type::Real || column.type == Type::Decimal)
    return static_cast<double>(found.getDouble(place));
  return found.getString(place).asStdString();
}

Rows read_all(cppconn::ResultSet& found) {
  const auto columns = columns_of(found);
  Rows out;
  for (const MysqlColumn& column : columns) out.columns.push_back(column.name);
  while (found.next()) {
    auto& row = out.rows.emplace_back();
    row.reserve(columns.size());
    unsigned place = 0;
    for (const MysqlColumn& column : columns) row.push_back(read_value(found, ++place, column));
  }
  return out;
}

class MysqlConnection final : public Connection {
 public:
  explicit MysqlConnection(const Settings& settings)
      : Connection{Dialect::MySql}, session_{std::make_shared<MysqlSession>(settings)} {
    session_->call({}, [] {});
  }

  Rows query(std::string_view sql, const std::vector<Value>& values) override {
    session_->check_usable();
    return session_->call(sql, [&] {
      cppconn::PreparedStatement& statement = prepare(sql, values);
      const std::unique_ptr<cppconn::ResultSet> found{statement.executeQuery()};
      return read_all(*found);
    });
  }

  std::unique_ptr<Reader> stream(std::string_view sql, const std::vector<Value>& values) override {
    session_->check_usable();
    return std::make_unique<MysqlReader>(session_, sql, with_literals(sql, values));
  }

  std::int64_t execute(std::string_view sql, const std::vector<Value>& values) override {
    session_->check_usable();
    return session_->call(sql, [&] { return std::int64_t{prepare(sql, values).executeUpdate()}; });
  }

  std::int64_t insert(std::string_view sql, const std::vector<Value>& values) override {
    execute(sql, values);
    return integer(query("SELECT LAST_INSERT_ID()", {}).rows.at(0).at(0));
  }

  void run(std::string_view sql) override {
    session_->check_usable();
    session_->call(sql, [&] { session_->run(std::string{sql}); });
  }

  void begin() override {
    session_->transaction = Transaction::None;
    run("START TRANSACTION");
    session_->transaction = Transaction::Open;
  }
  void commit() override {
    run("COMMIT");
    session_->transaction = Transaction::None;
  }
  void rollback() override {
    session_->transaction = Transaction::None;
    if (session_->is_connected()) run("ROLLBACK");  // else the server has done it
  }
  [[nodiscard]] bool in_transaction() const override {
    return session_->transaction != Transaction::None;
  }

  void stop_at(std::chrono::steady_clock::time_point time) override { session_->stop_at = time; }
  void interrupt() override { session_->interrupt(); }

  TableInfo describe(const TableName& table) override;
  bool is_read_only() override {
    return integer(
               query("SELECT @@GLOBAL.read_only OR @@GLOBAL.innodb_read_only", {}).rows.at(0)[0]) !=
           0;
  }

 private:
  using Transaction = MysqlSession::Transaction;

  void write_rows(const Target& target, const Block& rows) override {
    session_->check_usable();
    const std::string name = "INSERT INTO " + quote(target.table);
    session_->call(name, [&] {
      session_->limit_time(false);
      InsertStatements statements{target, rows, session_->max_allowed_packet()};
      const std::unique_ptr<cppconn::Statement> statement{session_->connection().createStatement()};
      while (true) {
        const std::string& sql = statements.next();
        if (sql.empty()) return;
        statement->executeUpdate(sql);
      }
    });
  }

  cppconn::PreparedStatement& prepare(std::string_view sql, const std::vector<Value>& values) {
    check_size(sql, values);
    cppconn::PreparedStatement& statement = session_->prepare(sql);
    session_->limit_time(false);
    bind(statement, values);
    return statement;
  }

  // What is larger than the server takes would cost the connection, or a table's worth of repeats.
  void check_size(std::string_view sql, const std::vector<Value>& values) const {
    std::size_t packet = sql.size(), largest = 0;
    for (const Value& value : values) {
      const auto* text = std::get_if<std::string>(&value);
      const auto size = text != nullptr ? text->size() : sizeof(std::int64_t);
      if (size <= kLongText) packet += size + kPlaceBytes;
      largest = std::max(largest, size);
    }
    largest = std::max(largest, packet);
    if (largest < session_->max_allowed_packet()) return;
    throw Failure{Code::InvalidArgument,
                  fmt::format("database: {} bytes at once are more than the server takes, "
                              "max_allowed_packet is {}: raise it there, or make less of it ({})",
                              largest, session_->max_allowed_packet(),
                              session_->settings().address.describe()),
                  {.statement = std::string{sql}}};
  }

  const std::shared_ptr<MysqlSession> session_;  // shared with a reader, which may live longer
};

TableInfo MysqlConnection::describe(const TableName& table) {
  const std::vector<Value> name{
      table.schema.empty() ? session_->settings().address.schema : table.schema, table.table};
  const Rows tables = query(
      "SELECT t.TABLE_TYPE, COALESCE(t.ENGINE, ''), COALESCE(e.TRANSACTIONS, '') FROM "
      "information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE "
      "WHERE t.TABLE_SCHEMA = ? AND t.TABLE_NAME = ?",
      name);
  if (tables.rows.empty()) {
    throw Failure{Code::NotFound,
                  fmt::format("database: no such table: {}.{} ({})", std::get<std::string>(name[0]),
                              table.table, session_->settings().address.describe())};
  }
  const auto text = [](const Value& value) { return std::get<std::string>(value); };
  TableInfo info;
  info.engine = text(tables.rows[0][1]);
  info.is_view = text(tables.rows[0][0]).find("VIEW") != std::string::npos;
  info.is_transactional = info.is_view || text(tables.rows[0][2]) == "YES";
  const Rows columns = query(
      "SELECT COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_TYPE FROM information_schema.COLUMNS "
      "WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION",
      name);
  for (const auto& row : columns.rows) {
    info.columns.push_back(
        {text(row[0]), type_of_mysql(text(row[1])), text(row[2]) == "YES", text(row[3])});
  }
  // A part of a column orders its rows as little as an expression does.
  const Rows parts = query(
      "SELECT INDEX_NAME, IF(SUB_PART IS NULL, COALESCE(COLUMN_NAME, ''), ''), NON_UNIQUE FROM "
      "information_schema.STATISTICS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND INDEX_TYPE = "
      "'BTREE' ORDER BY INDEX_NAME, SEQ_IN_INDEX",
      name);
  for (const auto& row : parts.rows) {
    if (info.indexes.empty() || info.indexes.back().name != text(row[0]))
      info.indexes.push_back({text(row[0]), {}, integer(row[2]) == 0});
    info.indexes.back().columns.push_back(text(row[1]));
  }
  return info;
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void millrace_sql_connect_mysql(
    const Settings& settings, std::unique_ptr<Connection>& opened) {
  opened = std::make_unique<MysqlConnection>(settings);
}

__attribute__((visibility("default"))) const char* millrace_sql_mysql_build() {
  return MILLRACE_BUILD_ID;
}

}  // extern "C"

}  // namespace millrace::sql
