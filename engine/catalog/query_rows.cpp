#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <millrace/batch_block.hpp>

#include "engine/catalog/query.hpp"

namespace millrace {

namespace {

std::optional<std::int64_t> integer_of(const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* real = std::get_if<double>(&value)) return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

std::optional<double> real_of(const SqlValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return static_cast<double>(*number);
  return std::nullopt;
}

Type type_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::Integer:
      return Type::Int64;
    case ColumnKind::Time:
    case ColumnKind::MaybeTime:
      return Type::Timestamp;
    case ColumnKind::Real:
      return Type::Float64;
    case ColumnKind::Flag:
      return Type::Bool;
    default:
      return Type::Utf8;
  }
}

template <class T>
void append_or_null(BatchBlock& block, std::size_t column, const std::optional<T>& value) {
  value ? block.append(column, *value) : block.append_null(column);
}

void append(BatchBlock& block, std::size_t column, ColumnKind kind, const SqlValue& value) {
  switch (kind) {
    case ColumnKind::Integer:
    case ColumnKind::Time:
      return append_or_null(block, column, integer_of(value));
    case ColumnKind::MaybeTime: {
      const auto time = integer_of(value);
      return append_or_null(block, column, time == 0 ? std::nullopt : time);
    }
    case ColumnKind::Real:
      return append_or_null(block, column, real_of(value));
    case ColumnKind::Flag: {
      const auto number = integer_of(value);
      return number ? block.append(column, *number != 0) : block.append_null(column);
    }
    default:
      if (const auto* text = std::get_if<std::string>(&value))
        return block.append(column, std::string_view{*text});
      block.append_null(column);
  }
}

std::size_t text_bytes(const SqlRows& rows, std::size_t place) {
  std::size_t bytes = 0;
  for (const auto& row : rows.rows) {
    if (const auto* text = std::get_if<std::string>(&row[place])) bytes += text->size();
  }
  return bytes;
}

// The columns whose cells stand in the rows.
Batch make_cells(const std::vector<const EntityColumn*>& columns, const SqlRows& rows) {
  Schema schema;
  std::vector<std::size_t> places, bytes;
  schema.reserve(columns.size());
  places.reserve(columns.size());
  bytes.reserve(columns.size());
  for (std::size_t place = 0; place < columns.size(); ++place) {
    const auto kind = columns[place]->kind;
    if (kind == ColumnKind::Rows) continue;
    schema.push_back({std::string{columns[place]->name}, type_of(kind)});
    places.push_back(place);
    bytes.push_back(text_bytes(rows, place));
  }
  BatchBlock block{std::move(schema), std::ssize(rows.rows), bytes};
  for (std::size_t column = 0; column < places.size(); ++column) {
    const auto place = places[column];
    for (const auto& row : rows.rows) append(block, column, columns[place]->kind, row[place]);
  }
  return block.finish();
}

}  // namespace

// No query names a Password column.
Batch make_batch(const std::vector<const EntityColumn*>& columns, const SqlRows& rows,
                 std::vector<RelatedItems> related) {
  Batch batch = make_cells(columns, rows);
  if (related.empty()) return batch;
  auto next_related = related.begin();
  std::vector<std::string_view> names;
  for (const EntityColumn* column : columns) {
    names.push_back(column->name);
    if (column->kind != ColumnKind::Rows) continue;
    batch = std::move(batch).with_list(column->name, next_related->lengths,
                                       std::move(next_related->items));
    ++next_related;
  }
  return std::move(batch).select(names);
}

Result<RelatedItems> query_related(Connection& connection, const RelatedRows& related,
                                   const std::vector<std::int64_t>& ids, std::string_view owner) {
  constexpr std::size_t kAtOnce = 500;
  const Entity& entity = *find_entity(related.entity);
  Json columns = Json::array({related.by});
  for (const EntityColumn& column : entity.columns) {
    if (column.name != related.by) columns.push_back(column.name);
  }
  std::map<std::int64_t, std::vector<std::vector<SqlValue>>> found;  // by the row they belong to
  CompiledQuery compiled;
  for (std::size_t begin = 0; begin < ids.size() || begin == 0; begin += kAtOnce) {
    const auto end = std::min(begin + kAtOnce, ids.size());
    Json some = Json::array();
    for (std::size_t i = begin; i < end; ++i) some.push_back(ids[i]);
    MR_TRY(
        compiled,
        compile_query(
            {{"entity", related.entity},
             {"columns", columns},
             {"where", Json::array({Json{{"column", related.by}, {"op", "in"}, {"value", some}}})},
             {"order", {related.by}},
             {"limit", 1'000'000}},
            owner));
    MR_TRY(SqlRows rows, connection.query(compiled.question.sql, compiled.question.values));
    for (auto& row : rows.rows) {
      const auto id = integer_of(row.front());
      if (!id) continue;
      row.erase(row.begin());
      found[*id].push_back(std::move(row));
    }
  }
  RelatedItems out;
  SqlRows ordered;
  for (const std::int64_t id : ids) {
    const auto rows = found.find(id);
    const auto count = rows == found.end() ? 0 : rows->second.size();
    out.lengths.push_back(static_cast<std::int64_t>(count));
    if (count > 0)
      ordered.rows.insert(ordered.rows.end(), rows->second.begin(), rows->second.end());
  }
  compiled.columns.erase(compiled.columns.begin());
  out.items = make_batch(compiled.columns, ordered);
  return out;
}

}  // namespace millrace
