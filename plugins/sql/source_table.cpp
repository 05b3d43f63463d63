#include "plugins/sql/source_table.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "plugins/sql/database.hpp"
#include "plugins/sql/wall_time.hpp"

namespace millrace::sql_operators {

namespace {

constexpr int kSampledRows = 16;  // for their mean size

sql::Settings settings_of(const SourceQuery& query) {
  sql::Settings settings;
  settings.read_timeout = query.silence;
  // Whoever takes the rows may be slow; the server waits for it as long as we wait for the server.
  settings.slow_reader_timeout = query.silence;
  return settings;
}

// A server compares the first bytes of texts when it sorts, 1024 when nothing is said, and needs
// room for some keys: MariaDB and MySQL, "max_sort_length".
std::string whole_texts_in_order(std::size_t columns) {
  constexpr std::size_t kRoomOfColumn = std::size_t{1} << 20;  // for 15 of the longest keys
  return "SET SESSION max_sort_length = 65535, SESSION sort_buffer_size = "
         "GREATEST(@@SESSION.sort_buffer_size, " +
         std::to_string((columns + 1) * kRoomOfColumn) + ")";
}

Type emitted_type(sql::Type type) {
  switch (type) {
    case sql::Type::Integer:
      return Type::Int64;
    case sql::Type::Real:
      return Type::Float64;
    case sql::Type::Bytes:
      return Type::Binary;
    case sql::Type::Date:
    case sql::Type::DateTime:
      return Type::Timestamp;
    case sql::Type::Text:
    case sql::Type::Decimal:
    case sql::Type::Time:
      break;
  }
  return Type::Utf8;
}

bool has_length(sql::Type type) { return type != sql::Type::Integer && type != sql::Type::Real; }

// MariaDB gives the numbers of a plan as texts.
std::optional<std::int64_t> number_of(const sql::Value& value) {
  const auto* const text = std::get_if<std::string>(&value);
  if (text == nullptr)
    return std::holds_alternative<std::nullptr_t>(value) ? std::nullopt
                                                         : std::optional{sql::integer(value)};
  std::int64_t number = 0;
  const auto* const end = text->data() + text->size();
  return std::from_chars(text->data(), end, number).ptr == end ? std::optional{number}
                                                               : std::nullopt;
}

std::string names_of(const sql::TableInfo& info) {
  std::string names;
  for (const sql::ColumnInfo& column : info.columns)
    names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

}  // namespace

std::unique_ptr<sql::Connection> connect_source(Context& context, const SourceQuery& query) {
  sql::Settings settings = settings_of(query);
  const auto address = sql::parse_address(context.connection(query.connection, false).address);
  if (address.dialect == sql::Dialect::MySql && !query.order.empty())
    settings.on_connect.push_back(whole_texts_in_order(query.order.size()));
  return open_database(context, query.connection, false, std::move(settings));
}

void tell_missing(Context& context, const SourceQuery& query) {
  context.count("missingTables");
  context.log(Level::Info, "table " + query.table.table + " is not there, and passed over");
}

SourceTable::SourceTable(sql::Connection& connection, const SourceQuery& query)
    : query_{query}, connection_{connection} {
  if (connection_.dialect() == sql::Dialect::Sqlite) {
    const sql::Rows mode = connection_.query("PRAGMA journal_mode");
    blocks_writers_ = mode.rows.at(0) != std::vector<sql::Value>{std::string{"wal"}};
  }
  const auto info = describe();
  is_missing_ = !info;
  if (!info) return;
  choose_columns(*info);
  // Those of conditions have to be there too; the server's own words name no others.
  for (const auto& condition : query.where) find(*info, condition.column);
  for (const std::string& column : query.not_null) find(*info, column);
  if (!query.sorted_by().empty()) choose_index(*info);
}

std::optional<sql::TableInfo> SourceTable::describe() const {
  try {
    return connection_.describe(query_.table);
  } catch (const sql::Failure& failure) {
    if (!query_.skips_missing || failure.code() != sql::Code::NotFound) throw;
  }
  return std::nullopt;
}

const sql::ColumnInfo& SourceTable::find(const sql::TableInfo& info,
                                         const std::string& name) const {
  const sql::ColumnInfo* const found = info.column(name);
  if (found != nullptr) return *found;
  throw sql::Failure{sql::Code::NotFound, "database: table " + query_.table.table +
                                              " has no column \"" + name + "\"; it has " +
                                              names_of(info)};
}

void SourceTable::choose_columns(const sql::TableInfo& info) {
  std::vector<const sql::ColumnInfo*> selected_columns;
  const auto select = [&](const sql::ColumnInfo& column) {
    select_ += (select_.empty() ? "" : ", ") + selected(column);
    selected_columns.push_back(&column);
    return selected_columns.size() - 1;
  };
  const auto place_of = [&](const sql::ColumnInfo& column) {
    const auto place = std::find(selected_columns.begin(), selected_columns.end(), &column);
    if (place != selected_columns.end())
      return static_cast<std::size_t>(place - selected_columns.begin());
    return select(column);
  };
  const auto emit = [&](const std::string& name, const sql::ColumnInfo& column) {
    select(column);
    columns_.push_back({name, emitted_type(column.type)});
  };
  // The column of windows is ours, and comes with the rows of windows by itself.
  const auto is_window = [&](const std::string& name) {
    return query_.is_by_time() && name == query_.window_column;
  };
  for (const auto& [column, name] : query_.columns) {
    if (!is_window(name)) emit(name, find(info, column));
  }
  if (query_.columns.empty()) {
    for (const sql::ColumnInfo& column : info.columns) {
      if (is_window(column.name)) {
        throw sql::Failure{sql::Code::InvalidArgument,
                           "database: table " + query_.table.table + " has a column \"" +
                               column.name + "\" of its own; give \"window_column\" another name"};
      }
      emit(column.name, column);
    }
  }
  if (!query_.sorted_by().empty()) {
    const sql::ColumnInfo& time = find(info, query_.sorted_by());
    time_name_ = connection_.quote(time.name);
    time_ = TimeColumn::find(connection_, query_.table, time);
    if (query_.is_by_time()) time_place_ = place_of(time);
    if (!query_.id.empty()) id_place_ = place_of(find(info, query_.id));
  }
  for (const auto& term : query_.order) {
    const sql::ColumnInfo& column = find(info, term.column);
    std::string spelled = connection_.quote(column.name);
    if (connection_.dialect() == sql::Dialect::Sqlite) {
      spelled += " COLLATE BINARY";
    } else if (column.type == sql::Type::Text) {
      spelled = "CAST(" + spelled + " AS BINARY)";
    }
    order_.push_back(spelled + (term.is_downward ? " DESC" : ""));
  }
  if (select_.empty()) select_ = "1";  // of windows alone
  const bool is_sqlite = connection_.dialect() == sql::Dialect::Sqlite;
  sizes_ = std::to_string(sizeof(std::int64_t) * (selected_columns.size() + 1));
  for (const sql::ColumnInfo* column : selected_columns) {
    if (!has_length(column->type)) continue;
    const std::string name = connection_.quote(column->name);
    sizes_ += " + COALESCE(LENGTH(" + (is_sqlite ? "CAST(" + name + " AS BLOB)" : name) + "), 0)";
  }
}

// A column of SQLite that was declared without a type holds values of any; they are read as texts.
std::string SourceTable::selected(const sql::ColumnInfo& column) const {
  const std::string name = connection_.quote(column.name);
  const bool is_typed = connection_.dialect() == sql::Dialect::MySql || !column.declared.empty();
  return is_typed ? name : "CAST(" + name + " AS TEXT) AS " + name;
}

// Of the indexes in which only columns that the query holds fixed stand before the time, the one
// with most of these.
void SourceTable::choose_index(const sql::TableInfo& info) {
  if (info.is_view) return;
  const std::string& time = find(info, query_.sorted_by()).name;
  const auto fixed_place = [&](const std::string& column) {
    const auto holds = [&](const SourceQuery::Condition& condition) {
      const sql::ColumnInfo* const held = info.column(condition.column);
      return held != nullptr && held->name == column && condition.op == "=";
    };
    return static_cast<std::size_t>(std::find_if(query_.where.begin(), query_.where.end(), holds) -
                                    query_.where.begin());
  };
  for (const sql::IndexInfo& index : info.indexes) {
    Index found{index.name};
    for (const std::string& column : index.columns) {
      if (column == time) {
        if (!index_ || index_->fixed.size() < found.fixed.size()) index_ = std::move(found);
        break;
      }
      const std::size_t place = fixed_place(column);
      if (place == query_.where.size()) break;
      found.fixed.push_back(place);
    }
  }
}

std::string SourceTable::from_table(bool by_index) const {
  std::string from = " FROM " + connection_.quote(query_.table);
  if (!by_index || !index_) return from;
  // Else a server may choose to read and sort the whole table for a large range. The key of a table
  // of SQLite has no name there, and is chosen by itself.
  constexpr std::string_view kPrimary = "PRIMARY";
  if (connection_.dialect() == sql::Dialect::MySql) {
    from += " FORCE INDEX (" + connection_.quote(index_->name) + ")";
  } else if (index_->name != kPrimary) {
    from += " INDEXED BY " + connection_.quote(index_->name);
  }
  return from;
}

void SourceTable::add_condition(Statement& statement,
                                const SourceQuery::Condition& condition) const {
  const bool is_list = condition.op == "IN";
  statement.sql += connection_.quote(condition.column) + " " + std::string{condition.op};
  if (is_list) statement.sql += " (";
  for (std::size_t i = 0; i < condition.values.size(); ++i) {
    statement.sql += i == 0 ? " ?" : ", ?";
    statement.values.push_back(condition.values[i]);
  }
  if (is_list) statement.sql += ")";
}

void SourceTable::add_range(Statement& statement, std::int64_t from, std::int64_t before) const {
  statement.sql += time_name_ + " >= ? AND " + time_name_ + " < ?";
  statement.values.push_back(time_->bound(from));
  statement.values.push_back(time_->bound(before));
}

Statement SourceTable::by_index(const std::string& what, std::int64_t from,
                                std::int64_t before) const {
  Statement statement{"SELECT " + what + from_table(true) + " WHERE "};
  for (const std::size_t place : index_->fixed) {
    add_condition(statement, query_.where[place]);
    statement.sql += " AND ";
  }
  add_range(statement, from, before);
  return statement;
}

Statement SourceTable::of_query(bool is_by_time) const {
  Statement statement{"SELECT " + select_ + from_table(is_by_time)};
  const char* before = " WHERE ";
  for (const auto& condition : query_.where) {
    statement.sql += before;
    add_condition(statement, condition);
    before = " AND ";
  }
  for (const std::string& column : query_.not_null) {
    statement.sql += before + connection_.quote(column) + " IS NOT NULL";
    before = " AND ";
  }
  if (is_by_time) statement.sql += before;
  return statement;
}

// Never by time and id: a server would sort all rows for the second.
std::unique_ptr<sql::Reader> SourceTable::stream(std::int64_t from, std::int64_t before) {
  Statement statement = of_query(true);
  add_range(statement, from, before);
  statement.sql += " ORDER BY " + time_name_;
  return connection_.stream(statement.sql, statement.values);
}

std::unique_ptr<sql::Reader> SourceTable::stream(std::int64_t from, std::int64_t before,
                                                 std::int64_t most) {
  Statement statement = of_query(true);
  add_range(statement, from, before);
  statement.sql += " ORDER BY " + time_name_ + " LIMIT ?";
  statement.values.emplace_back(most);
  return connection_.stream(statement.sql, statement.values);
}

std::unique_ptr<sql::Reader> SourceTable::stream() {
  Statement statement = of_query(false);
  for (std::size_t i = 0; i < order_.size(); ++i)
    statement.sql += (i == 0 ? " ORDER BY " : ", ") + order_[i];
  if (query_.limit > 0) {
    statement.sql += " LIMIT ?";
    statement.values.emplace_back(query_.limit);
  }
  return connection_.stream(statement.sql, statement.values);
}

std::optional<std::int64_t> SourceTable::first_time(std::int64_t from, std::int64_t before) {
  return time_at_end("", from, before);
}

std::optional<std::pair<std::int64_t, std::int64_t>> SourceTable::time_span() {
  const std::int64_t from = *parse_wall_time("1000-01-01"), before = *parse_wall_time("9999-12-31");
  const auto first = time_at_end("", from, before);
  if (!first) return std::nullopt;
  // Somebody may have taken the rows away meanwhile.
  return std::pair{*first, time_at_end(" DESC", *first, before).value_or(*first)};
}

std::optional<std::int64_t> SourceTable::time_at_end(const char* order, std::int64_t from,
                                                     std::int64_t before) {
  Statement statement = by_index(time_name_, from, before);
  statement.sql += " ORDER BY " + time_name_ + order + " LIMIT 1";
  sql::Block block;
  const auto reader = connection_.stream(statement.sql, statement.values);
  if (!reader->read(block, 1)) return std::nullopt;
  return time_->read(block.columns[0], 0, from, before);
}

std::int64_t SourceTable::about_rows(std::int64_t from, std::int64_t before, std::int64_t most) {
  if (connection_.dialect() == sql::Dialect::Sqlite) return count_rows(from, before, most);
  const Statement statement = by_index(time_name_, from, before);
  const sql::Rows plan = connection_.query("EXPLAIN " + statement.sql, statement.values);
  const auto place = std::find(plan.columns.begin(), plan.columns.end(), "rows");
  const auto rows =
      place == plan.columns.end() || plan.rows.empty()
          ? std::nullopt
          : number_of(plan.rows[0][static_cast<std::size_t>(place - plan.columns.begin())]);
  // InnoDB says at most half of what it takes the table to have, which may be long ago.
  const bool is_known = rows && (*rows > most || 2 * *rows < believed_rows());
  return is_known ? *rows : count_rows(from, before, most);
}

std::int64_t SourceTable::count_rows(std::int64_t from, std::int64_t before, std::int64_t most) {
  Statement statement = by_index("1", from, before);
  statement.values.emplace_back(most);
  const sql::Rows counted = connection_.query(
      "SELECT COUNT(*) FROM (" + statement.sql + " LIMIT ?) AS counted", statement.values);
  return sql::integer(counted.rows.at(0).at(0));
}

std::int64_t SourceTable::believed_rows() {
  const auto& [schema, table] = query_.table;
  const sql::Rows found = connection_.query(
      "SELECT COALESCE(TABLE_ROWS, 0) FROM information_schema.TABLES WHERE TABLE_SCHEMA = "
      "COALESCE(?, DATABASE()) AND TABLE_NAME = ?",
      {schema.empty() ? sql::Value{nullptr} : sql::Value{schema}, table});
  return found.rows.empty() ? 0 : sql::integer(found.rows[0][0]);
}

double SourceTable::row_bytes(std::int64_t from, std::int64_t before) {
  Statement statement = by_index(sizes_, from, before);
  statement.sql += " ORDER BY " + time_name_ + " LIMIT " + std::to_string(kSampledRows);
  const sql::Rows sizes = connection_.query(statement.sql, statement.values);
  std::int64_t sum = 0;
  for (const auto& row : sizes.rows) sum += sql::integer(row[0]);
  return sizes.rows.empty() ? 0 : static_cast<double>(sum) / static_cast<double>(sizes.rows.size());
}

}  // namespace millrace::sql_operators
