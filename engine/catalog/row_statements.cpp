// The statements that write rows of a change, one row or many of them.
#include <algorithm>
#include <string>
#include <utility>

#include "engine/catalog/fold.hpp"
#include "engine/catalog/id_counters.hpp"
#include "engine/catalog/row_change.hpp"
#include "engine/catalog/sql_spelling.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// Another engine at the same database may have been faster than our own look.
Result<void> changed(const Result<Connection::Changed>& done) {
  if (done.ok()) return {};
  if (done.error().code != Code::Conflict) return done.error();
  return Error{Code::Conflict,
               "catalog change: a row with these values is there, or one it refers to is gone",
               done.error().message + " " + done.error().detail};
}

bool is_set_by_catalog(const EntityColumn& column) {
  return column.name == "created" || column.name == "updated";
}

SqlValue folded(const SqlValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? fold_case(*text) : std::string{};
}

}  // namespace

Result<void> RowChange::insert(Connection& connection) {
  id_ = drawn_;
  if (id_ == 0) {
    MR_TRY(id_, draw_ids(connection, *entity_, 1));
  }
  Columns columns;
  for (const auto& [column, value] : values_) columns.push_back(column);
  auto made = insert(connection, columns, {this, 1});
  // Of many rows that are inserted the index finds those that are taken, and the look comes after.
  if (is_one_of_many_ && !made.ok() && made.error().code == Code::Conflict)
    MR_CHECK(check_unique(connection));
  return made;
}

// What a row does not give of the columns is null. The rows have their ids.
Result<void> RowChange::insert(Connection& connection, const Columns& columns,
                               std::span<const RowChange> rows) {
  const RowChange& first = rows.front();
  const Entity& entity = *first.entity_;
  std::string names = "id";
  for (const EntityColumn* column : columns) {
    names += fmt::format(", {}", column->column);
    if (!column->rules.folded.empty()) names += fmt::format(", {}", column->rules.folded);
  }
  for (const EntityColumn& column : entity.columns) {
    if (is_set_by_catalog(column)) names += fmt::format(", {}", column.column);
  }
  if (first.change_ != 0) names += fmt::format(", {}", entity.pending);
  std::vector<SqlValue> values;
  for (const RowChange& row : rows) row.append_inserted(columns, values);
  const auto row = fmt::format("({})", placeholders(values.size() / rows.size()));
  auto sql = fmt::format("INSERT INTO {} ({}) VALUES {}", entity.table, names, row);
  for (std::size_t place = 1; place < rows.size(); ++place) sql += ", " + row;
  return changed(connection.execute(sql, values));
}

void RowChange::append_inserted(const Columns& columns, std::vector<SqlValue>& values) const {
  values.emplace_back(id_);
  for (const EntityColumn* column : columns) {
    const auto given = std::find_if(values_.begin(), values_.end(), [column](const Value& value) {
      return value.column == column;
    });
    const SqlValue value = given != values_.end() ? given->value : SqlValue{nullptr};
    values.push_back(value);
    if (!column->rules.folded.empty()) values.push_back(folded(value));
  }
  for (const EntityColumn& column : entity_->columns) {
    if (is_set_by_catalog(column)) values.emplace_back(now_us_);
  }
  if (change_ != 0) values.emplace_back(change_);
}

Result<void> RowChange::update(Connection& connection, std::span<const std::int64_t> ids) const {
  std::string sets;
  std::vector<SqlValue> values;
  const auto add = [&sets](const std::string& one) { sets += (sets.empty() ? "" : ", ") + one; };
  const auto set = [&](std::string_view column, SqlValue value) {
    add(fmt::format("{} = ?", column));
    values.push_back(std::move(value));
  };
  for (const auto& [column, value] : values_) {
    if (!column->rules.raised_by.empty()) continue;
    set(column->column, value);
    if (!column->rules.folded.empty()) set(column->rules.folded, folded(value));
  }
  for (const EntityColumn& column : entity_->columns) {
    if (column.name == "updated") set(column.column, now_us_);
    if (!raises(column)) continue;
    // By the time at which it is written: a password takes a while to be hashed.
    const auto next = to_micros(clock_->now()) / 1'000'000 + 1;
    add(fmt::format("{0} = CASE WHEN {0} < ? THEN ? ELSE {0} + 1 END", column.column));
    values.insert(values.end(), {next, next});
  }
  if (sets.empty()) return {};
  values.insert(values.end(), ids.begin(), ids.end());
  return changed(connection.execute(fmt::format("UPDATE {} SET {} WHERE id IN ({})", entity_->table,
                                                sets, placeholders(ids.size())),
                                    values));
}

bool RowChange::raises(const EntityColumn& column) const {
  const auto& by = column.rules.raised_by;
  return !by.empty() && std::any_of(values_.begin(), values_.end(), [&](const Value& value) {
    return value.column == &column ||
           std::find(by.begin(), by.end(), value.column->name) != by.end();
  });
}

std::size_t RowChange::bytes() const {
  std::size_t bytes = values_.size() * sizeof(SqlValue);
  for (const auto& [column, value] : values_) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr) bytes += text->size() * (column->rules.folded.empty() ? 1 : 2);
  }
  return bytes;
}

}  // namespace millrace
