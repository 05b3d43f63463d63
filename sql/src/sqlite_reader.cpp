#include "sqlite_reader.hpp"

#include <algorithm>
#include <utility>

namespace millrace::sql {

SqliteReader::SqliteReader(std::shared_ptr<SqliteSession> session, SqliteStatement statement,
                           std::vector<Value> values)
    : session_{std::move(session)}, values_{std::move(values)}, statement_{std::move(statement)} {
  bind_sqlite(*session_, statement_.get(), values_);
  has_row_ = step();
  find_types();
  session_->is_read = true;
}

SqliteReader::~SqliteReader() { session_->is_read = false; }

bool SqliteReader::step() {
  const int result = sqlite3_step(statement_.get());
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  throw session_->failure(result, sqlite3_sql(statement_.get()));
}

void SqliteReader::find_types() {
  const int columns = sqlite3_column_count(statement_.get());
  for (int place = 0; place < columns; ++place) {
    const char* const declared = sqlite3_column_decltype(statement_.get(), place);
    if (declared != nullptr && *declared != '\0') {
      types_.push_back(type_of_sqlite(declared));
      continue;
    }
    switch (has_row_ ? sqlite3_column_type(statement_.get(), place) : SQLITE_NULL) {
      case SQLITE_INTEGER:
        types_.push_back(Type::Integer);
        break;
      case SQLITE_FLOAT:
        types_.push_back(Type::Real);
        break;
      case SQLITE_BLOB:
        types_.push_back(Type::Bytes);
        break;
      default:
        types_.push_back(Type::Text);
    }
  }
}

bool SqliteReader::read_rows(Block& block, std::int64_t max_rows, std::size_t max_bytes) {
  if (block.columns.empty()) {
    for (std::size_t i = 0; i < types_.size(); ++i) {
      block.columns.push_back(
          {sqlite3_column_name(statement_.get(), static_cast<int>(i)), types_[i]});
    }
  }
  block.clear();
  std::int64_t rows = 0;
  for (std::size_t bytes = 0; has_row_ && rows < max_rows && bytes < max_bytes; ++rows) {
    bytes = 0;
    int place = 0;
    for (Column& column : block.columns) {
      append(column, place++);
      bytes += column.bytes.size();
    }
    has_row_ = step();
  }
  return rows > 0;
}

void SqliteReader::append(Column& column, int place) const {
  sqlite3_stmt* const row = statement_.get();
  const int cell = sqlite3_column_type(row, place);
  const bool is_number = cell == SQLITE_INTEGER || cell == SQLITE_FLOAT;
  if (cell == SQLITE_NULL) {
    column.append_null();
  } else if (column.type == Type::Integer && cell == SQLITE_INTEGER) {
    column.append(std::int64_t{sqlite3_column_int64(row, place)});
  } else if (column.type == Type::Real && is_number) {
    column.append(sqlite3_column_double(row, place));
  } else if (column.type == Type::Integer || column.type == Type::Real) {
    throw Failure{Code::DataInvalid,
                  "database: column " + column.name + " is " + std::string{to_string(column.type)} +
                      " and holds something else; read it as CAST(... AS TEXT) (" + session_->path +
                      ")",
                  {.statement = sqlite3_sql(row)}};
  } else {
    const void* const bytes =
        cell == SQLITE_BLOB ? sqlite3_column_blob(row, place) : sqlite3_column_text(row, place);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, place));
    column.append(size == 0 ? std::string_view{}
                            : std::string_view{static_cast<const char*>(bytes), size});
  }
}

void bind_sqlite(const SqliteSession& session, sqlite3_stmt* statement,
                 const std::vector<Value>& values) {
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(values.size())) {
    throw Failure{Code::Internal,
                  "database: a statement has another number of values",
                  {.statement = sqlite3_sql(statement)}};
  }
  int place = 0;
  for (const Value& value : values) {
    ++place;
    int result = SQLITE_OK;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      result = sqlite3_bind_int64(statement, place, *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      result = sqlite3_bind_double(statement, place, *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      result = sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC,
                                   SQLITE_UTF8);
    } else {
      result = sqlite3_bind_null(statement, place);
    }
    if (result != SQLITE_OK) throw session.failure(result, sqlite3_sql(statement));
  }
}

}  // namespace millrace::sql
