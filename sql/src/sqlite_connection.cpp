#include "sqlite_connection.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "sqlite_reader.hpp"
#include "sqlite_session.hpp"
#include "statement_cache.hpp"

namespace millrace::sql {

namespace {

// A statement on loan: reset and unbound at the end, so that it holds neither locks nor the
// caller's memory.
class Loan {
 public:
  explicit Loan(sqlite3_stmt* statement) : statement_{statement} {}
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

 private:
  sqlite3_stmt* statement_;
};

SqliteHandle open_file(const Settings& settings) {
  int flags = SQLITE_OPEN_NOMUTEX;
  flags |= settings.access == Settings::Access::Read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (settings.access == Settings::Access::Create) flags |= SQLITE_OPEN_CREATE;
  sqlite3* opened = nullptr;
  const std::string& path = settings.address.path;
  const int result = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  SqliteSession session{path, SqliteHandle{opened}};
  if (result != SQLITE_OK) throw session.failure(result);
  sqlite3_extended_result_codes(opened, 1);
  // The file may be of somebody who means no good (security.html): its schema calls no functions
  // that do more than compute, and its inner tables are not written to.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  // A quoted name that no column has is an error, and not a text.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_busy_timeout(opened,
                       static_cast<int>(std::min<std::int64_t>(settings.lock_timeout.count(),
                                                               std::numeric_limits<int>::max())));
  return std::move(session.handle);
}

Value read_value(sqlite3_stmt* row, int place) {
  switch (sqlite3_column_type(row, place)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(row, place)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(row, place);
    case SQLITE_NULL:
      return nullptr;
    default: {  // text and blob
      const void* const bytes = sqlite3_column_blob(row, place);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, place));
      return size == 0 ? std::string{} : std::string{static_cast<const char*>(bytes), size};
    }
  }
}

class SqliteConnection final : public Connection {
 public:
  explicit SqliteConnection(const Settings& settings)
      : Connection{Dialect::Sqlite},
        session_{std::make_shared<SqliteSession>(
            SqliteSession{settings.address.path, open_file(settings)})} {
    for (const std::string& statement : settings.on_connect) run(statement);
  }

  Rows query(std::string_view sql, const std::vector<Value>& values) override {
    sqlite3_stmt* const statement = prepare(sql);
    const Loan loan{statement};
    bind_sqlite(*session_, statement, values);
    Rows out;
    const int columns = sqlite3_column_count(statement);
    out.columns.reserve(static_cast<std::size_t>(columns));
    for (int place = 0; place < columns; ++place)
      out.columns.emplace_back(sqlite3_column_name(statement, place));
    while (step(statement)) {
      auto& row = out.rows.emplace_back();
      row.reserve(static_cast<std::size_t>(columns));
      for (int place = 0; place < columns; ++place) row.push_back(read_value(statement, place));
    }
    return out;
  }

  std::unique_ptr<Reader> stream(std::string_view sql, const std::vector<Value>& values) override {
    check_free();
    return std::make_unique<SqliteReader>(session_, session_->prepare(sql, 0), values);
  }

  std::int64_t execute(std::string_view sql, const std::vector<Value>& values) override {
    sqlite3_stmt* const statement = prepare(sql);
    const Loan loan{statement};
    bind_sqlite(*session_, statement, values);
    while (step(statement)) {
    }
    return sqlite3_changes64(handle());
  }

  std::int64_t insert(std::string_view sql, const std::vector<Value>& values) override {
    execute(sql, values);
    return sqlite3_last_insert_rowid(handle());
  }

  void run(std::string_view sql) override { execute(sql, {}); }

  // IMMEDIATE: a transaction of ours mostly writes, and waiting for the lock is possible at its
  // beginning only.
  void begin() override {
    run(sqlite3_db_readonly(handle(), "main") == 1 ? "BEGIN" : "BEGIN IMMEDIATE");
  }
  void commit() override { run("COMMIT"); }
  void rollback() override {
    if (in_transaction()) run("ROLLBACK");  // some errors roll back by themselves
  }
  [[nodiscard]] bool in_transaction() const override {
    return sqlite3_get_autocommit(handle()) == 0;
  }

  void stop_at(std::chrono::steady_clock::time_point time) override {
    session_->stop_at = time;
    const bool is_limited = time != std::chrono::steady_clock::time_point::max();
    sqlite3_progress_handler(handle(), is_limited ? kStepsBetweenLooks : 0, &is_late,
                             session_.get());
  }
  void interrupt() override { sqlite3_interrupt(handle()); }

  TableInfo describe(const TableName& table) override;
  bool is_read_only() override { return sqlite3_db_readonly(handle(), "main") == 1; }

 private:
  // Of its virtual machine: some tenths of a millisecond.
  static constexpr int kStepsBetweenLooks = 20'000;

  // Whether to interrupt the statement that runs.
  static int is_late(void* session) {
    return std::chrono::steady_clock::now() >= static_cast<SqliteSession*>(session)->stop_at ? 1
                                                                                             : 0;
  }

  void write_rows(const Target& target, const Block& rows) override;
  void read_indexes(const TableName& table, TableInfo& info);

  [[nodiscard]] sqlite3* handle() const { return session_->handle.get(); }

  void check_free() const {
    if (session_->is_read)
      throw Failure{Code::Internal, "database: the connection is read by a stream"};
  }

  sqlite3_stmt* prepare(std::string_view sql) {
    check_free();
    return statements_.get(sql, [&] { return session_->prepare(sql, SQLITE_PREPARE_PERSISTENT); })
        .get();
  }

  bool step(sqlite3_stmt* statement) const {
    const int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) return true;
    if (result == SQLITE_DONE) return false;
    throw session_->failure(result, sqlite3_sql(statement));
  }

  const std::shared_ptr<SqliteSession> session_;  // shared with a reader, which may live longer
  StatementCache<SqliteStatement> statements_;    // ends before the session
};

void SqliteConnection::write_rows(const Target& target, const Block& rows) {
  std::string sql = "INSERT INTO " + quote(target.table) + " (", places;
  for (const std::string& column : target.columns) {
    sql += (places.empty() ? "" : ", ") + quote(column);
    places += places.empty() ? "?" : ", ?";
  }
  sqlite3_stmt* const statement = prepare(sql + ") VALUES (" + places + ")");
  for (std::int64_t row = 0; row < rows.rows(); ++row) {
    const Loan loan{statement};
    int place = 0;
    for (const Column& column : rows.columns) {
      ++place;
      int result = SQLITE_OK;
      if (column.is_null(row)) {
        result = sqlite3_bind_null(statement, place);
      } else if (column.type == Type::Integer) {
        result = sqlite3_bind_int64(statement, place, column.integer(row));
      } else if (column.type == Type::Real) {
        result = sqlite3_bind_double(statement, place, column.real(row));
      } else {
        const std::string_view text = column.text(row);
        result =
            column.type == Type::Bytes
                ? sqlite3_bind_blob64(statement, place, text.data(), text.size(), SQLITE_STATIC)
                : sqlite3_bind_text64(statement, place, text.data(), text.size(), SQLITE_STATIC,
                                      SQLITE_UTF8);
      }
      if (result != SQLITE_OK) throw session_->failure(result, sql);
    }
    step(statement);
  }
}

TableInfo SqliteConnection::describe(const TableName& table) {
  const std::string schema = table.schema.empty() ? "main" : table.schema;
  const Rows kinds =
      query("SELECT type FROM " + quote(schema) +
                ".sqlite_schema WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE",
            {table.table});
  if (kinds.rows.empty()) {
    throw Failure{Code::NotFound,
                  "database: no such table: " + table.table + " (" + session_->path + ")"};
  }
  TableInfo info;
  info.is_view = std::get<std::string>(kinds.rows[0][0]) == "view";
  const Rows columns = query(
      "SELECT name, type, \"notnull\", pk FROM pragma_table_xinfo(?, ?) WHERE hidden <> 1 ORDER BY "
      "cid",
      {table.table, schema});
  IndexInfo key{"PRIMARY", {}, true};
  for (const auto& row : columns.rows) {
    const auto& declared = std::get<std::string>(row[1]);
    const bool is_key = integer(row[3]) != 0;
    const Type type = type_of_sqlite(declared);
    info.columns.push_back({std::get<std::string>(row[0]), type,
                            integer(row[2]) == 0 && !(is_key && type == Type::Integer), declared});
  }
  // The columns of the key in the key's order.
  for (std::int64_t place = 1; key.columns.size() + 1 == static_cast<std::size_t>(place); ++place) {
    for (const auto& row : columns.rows) {
      if (integer(row[3]) == place) key.columns.push_back(std::get<std::string>(row[0]));
    }
  }
  if (!key.columns.empty()) info.indexes.push_back(std::move(key));
  read_indexes({schema, table.table}, info);
  return info;
}

// The primary key is known already. A partial index has not all rows.
void SqliteConnection::read_indexes(const TableName& table, TableInfo& info) {
  const Rows indexes = query(
      "SELECT name, \"unique\" FROM pragma_index_list(?, ?) WHERE origin <> 'pk' AND partial = 0 "
      "ORDER BY seq",
      {table.table, table.schema});
  for (const auto& row : indexes.rows) {
    IndexInfo index{std::get<std::string>(row[0]), {}, integer(row[1]) != 0};
    const Rows columns = query(
        "SELECT coalesce(name, '') FROM pragma_index_xinfo(?, ?) WHERE key = 1 ORDER BY seqno",
        {index.name, table.schema});
    for (const auto& column : columns.rows)
      index.columns.push_back(std::get<std::string>(column[0]));
    info.indexes.push_back(std::move(index));
  }
}

}  // namespace

std::unique_ptr<Connection> connect_sqlite(const Settings& settings) {
  return std::make_unique<SqliteConnection>(settings);
}

}  // namespace millrace::sql
