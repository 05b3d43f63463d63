#include "engine/catalog/query_after.hpp"

#include <utility>

#include "engine/base/json_numbers.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Error wrong(std::string what) {
  return {Code::InvalidArgument, "catalog query: " + std::move(what)};
}

Result<SqlValue> value_of(const Json& value) {
  if (value.is_null()) return SqlValue{nullptr};
  if (value.is_string()) return SqlValue{value.get<std::string>()};
  if (value.is_number_float()) return SqlValue{value.get<double>()};
  if (const auto number = whole_number(value)) return SqlValue{*number};
  return wrong("after holds values of the columns of the order");
}

// Appends the condition that a column comes behind a value, or has it.
void append_behind(Question& out, const std::string& column, bool is_descending, bool is_nullable,
                   const SqlValue& value) {
  if (std::holds_alternative<std::nullptr_t>(value)) {
    out.sql += is_descending ? "1 = 0" : column + " IS NOT NULL";
    return;
  }
  out.sql += is_descending && is_nullable ? fmt::format("({0} < ? OR {0} IS NULL)", column)
                                          : column + (is_descending ? " < ?" : " > ?");
  out.values.push_back(value);
}

void append_equal(Question& out, const std::string& column, const SqlValue& value) {
  if (std::holds_alternative<std::nullptr_t>(value)) {
    out.sql += column + " IS NULL";
    return;
  }
  out.sql += column + " = ?";
  out.values.push_back(value);
}

bool is_nullable(const Entity& entity, const EntityColumn& column) {
  if (column.kind == ColumnKind::Time || column.kind == ColumnKind::MaybeTime) return false;
  for (const std::string_view name : entity.key) {
    if (name == column.name) return false;
  }
  return true;
}

// What the next page is asked for with: the values of the order of the last row.
Result<std::string> write_place(const Continuation& next, std::span<const SqlValue> values,
                                SqlDialect dialect) {
  Json place = Json::array();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const SqlValue& value = values[i];
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      place.push_back(*number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      place.push_back(*real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      if (dialect == SqlDialect::MySql && text->size() > kMostSortedBytes) {
        return wrong(
            fmt::format("pages have no order by texts of more than {} bytes; order by "
                        "another column, or give a limit: {}",
                        kMostSortedBytes, next.order[i]->name));
      }
      if (!is_utf8(*text))
        return Error{Code::DataInvalid,
                     fmt::format("catalog query: a text is not UTF-8: {}", next.order[i]->name)};
      place.push_back(*text);
    } else {
      place.push_back(nullptr);
    }
  }
  return place.dump();
}

}  // namespace

// For the order (a, b) it is a > ? OR (a = ? AND b > ?); in front of it, for the index, a >= ?.
Result<Question> behind(const Entity& entity, const std::vector<Ordered>& order, const Json& last) {
  if (!last.is_array() || last.size() != order.size()) {
    return wrong(
        fmt::format("after is a list: empty, or one value for each of the {} columns of "
                    "the order, which ends in the key",
                    order.size()));
  }
  Question out;
  out.sql = "(";
  for (std::size_t i = 0; i < order.size(); ++i) {
    const EntityColumn& column = *order[i].column;
    const auto name = sql_of(entity, column);
    const bool nullable = is_nullable(entity, column);
    MR_TRY(const SqlValue value, value_of(last[i]));
    const bool has_more = i + 1 < order.size();
    if (i == 0 && has_more && !nullable && !std::holds_alternative<std::nullptr_t>(value)) {
      out.sql += name + (order[i].is_descending ? " <= ? AND (" : " >= ? AND (");
      out.values.push_back(value);
    } else if (i == 0) {
      out.sql += '(';
    }
    append_behind(out, name, order[i].is_descending, nullable, value);
    if (!has_more) break;
    out.sql += " OR (";
    append_equal(out, name, value);
    out.sql += " AND (";
  }
  out.sql.append(2 * order.size(), ')');  // two were opened for each column
  return out;
}

bool may_be_long(const EntityColumn& column) {
  return column.kind == ColumnKind::Document ||
         (column.kind == ColumnKind::Text && column.rules.is_writable && column.rules.longest == 0);
}

// The sizes are asked first, since neither driver gives rows one by one: reading what does not fit
// and throwing it away would need the memory that a page must not.
Result<SqlRows> query_page(Connection& connection, SqlDialect dialect, const CompiledQuery& query,
                           std::optional<std::string>& next) {
  next.reset();
  const Continuation& after = *query.next;
  Question page = query.question;
  std::int64_t limit = after.limit;
  bool is_last = false;
  if (!after.sizes.sql.empty()) {
    MR_TRY(const SqlRows sizes, connection.query(after.sizes.sql, after.sizes.values));
    if (sizes.rows.empty()) return SqlRows{};
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    for (const auto& row : sizes.rows) {
      bytes += integer(row.at(0));
      if (rows > 0 && bytes > kMostPagedBytes) break;
      ++rows;
    }
    const auto found = static_cast<std::int64_t>(sizes.rows.size());
    is_last = rows == found && found < limit;
    limit = rows;
    page.values.at(page.values.size() - 2) = limit;  // in front of the offset
  }
  MR_TRY(SqlRows found, connection.query(page.sql, page.values));
  if (is_last || static_cast<std::int64_t>(found.rows.size()) < limit) return found;
  const auto& last = found.rows.back();
  MR_TRY(next, write_place(after, std::span{last}.last(after.order.size()), dialect));
  return found;
}

}  // namespace millrace
