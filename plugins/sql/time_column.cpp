#include "plugins/sql/time_column.hpp"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "plugins/sql/wall_time.hpp"

namespace millrace::sql_operators {

namespace {

constexpr std::size_t kDay = 10;  // letters of "2021-01-31"

std::string text_of(const sql::Value& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : std::string{};
}

// Of SQLite, where each cell has a type of its own: what the first and the last time are.
sql::Rows look_at_ends(sql::Connection& connection, const sql::TableName& table,
                       const std::string& column) {
  const std::string name = connection.quote(column);
  const std::string one = "SELECT typeof(" + name + "), substr(" + name + ", 11, 1), " + name +
                          " FROM " + connection.quote(table) + " WHERE " + name +
                          " IS NOT NULL ORDER BY " + name;
  sql::Rows ends = connection.query(one + " LIMIT 1");
  for (auto& row : connection.query(one + " DESC LIMIT 1").rows)
    ends.rows.push_back(std::move(row));
  return ends;
}

}  // namespace

TimeColumn TimeColumn::find(sql::Connection& connection, const sql::TableName& table,
                            const sql::ColumnInfo& column) {
  TimeColumn found{column.name};
  if (connection.dialect() == sql::Dialect::MySql) {
    if (column.type == sql::Type::Integer) {
      found.form_ = Form::Seconds;
    } else if (column.type != sql::Type::DateTime && column.type != sql::Type::Date) {
      throw sql::Failure{sql::Code::InvalidArgument,
                         "database: column " + column.name + " is " + column.declared +
                             "; a time is DATETIME, TIMESTAMP, DATE or an integer of seconds"};
    }
    return found;
  }
  found.form_ = column.type == sql::Type::Integer ? Form::Seconds : Form::Text;
  bool is_first = true;
  for (const auto& row : look_at_ends(connection, table, column.name).rows) {
    const std::string type = text_of(row[0]), between = text_of(row[1]);
    const Form form = type == "integer" ? Form::Seconds : Form::Text;
    if (type != "integer" && type != "text") found.refuse("a " + type);
    if (!is_first && form != found.form_) found.refuse("numbers and texts");
    if (form == Form::Text && !parse_wall_time(text_of(row[2]))) found.refuse(text_of(row[2]));
    found.form_ = form;
    if (!between.empty()) found.separator_ = between[0];
    is_first = false;
  }
  return found;
}

sql::Value TimeColumn::bound(std::int64_t time) const {
  // Rounded up, since a row of a whole second is before each time within it.
  if (form_ == Form::Seconds) return time / kSecond + (time > 0 && time % kSecond != 0 ? 1 : 0);
  std::string text = spell_wall_time(time, separator_);
  // A text of a day alone stands before all of that day.
  constexpr std::string_view kMidnight = "00:00:00";
  if (form_ == Form::Text && text.size() == kDay + 1 + kMidnight.size() &&
      text.ends_with(kMidnight))
    text.resize(kDay);
  return text;
}

std::int64_t TimeColumn::read(const sql::Column& column, std::int64_t row, std::int64_t from,
                              std::int64_t before) const {
  if (column.type == sql::Type::Integer) return column.integer(row) * kSecond;
  const std::string_view text = column.text(row);
  if (form_ == Form::Seconds) {
    std::int64_t seconds = 0;
    const auto* const end = text.data() + text.size();
    if (std::from_chars(text.data(), end, seconds).ptr != end) refuse(text);
    return seconds * kSecond;
  }
  const auto time = parse_wall_time(text);
  if (!time) refuse(text);
  const bool is_placed =
      *time >= from && *time < before && (text.size() == kDay || text[kDay] == separator_);
  if (form_ == Form::Text && !is_placed) refuse(text);
  return *time;
}

void TimeColumn::refuse(std::string_view found) const {
  throw sql::Failure{sql::Code::DataInvalid,
                     "database: column " + name_ + " holds \"" + std::string{found} +
                         "\", so its order is not that of time; times are all integers of "
                         "seconds since 1970, or all texts as \"2021-01-31 06:00:00\""};
}

}  // namespace millrace::sql_operators
