#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "engine/catalog/query.hpp"

namespace millrace {

namespace {

const std::string* text_of(const SqlValue& value) { return std::get_if<std::string>(&value); }

// Builds one column of `rows`; `read` returns nothing for null.
template <class T, class Read>
Batch add_column(Batch batch, const EntityColumn& column, Builder<T> builder, const SqlRows& rows,
                 std::size_t place, const Read& read) {
  builder.reserve(static_cast<std::int64_t>(rows.rows.size()));
  for (const auto& row : rows.rows) {
    if (const std::optional<T> value = read(row[place])) {
      builder.append(*value);
    } else {
      builder.append_null();
    }
  }
  return std::move(batch).with(column.name, std::move(builder));
}

std::optional<std::int64_t> integer_of(const SqlValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return *number;
  if (const auto* real = std::get_if<double>(&value)) return static_cast<std::int64_t>(*real);
  return std::nullopt;
}

}  // namespace

Batch make_batch(const std::vector<const EntityColumn*>& columns, const SqlRows& rows,
                 std::vector<RelatedItems> related) {
  Batch batch;
  auto next_related = related.begin();
  for (std::size_t place = 0; place < columns.size(); ++place) {
    const EntityColumn& column = *columns[place];
    switch (column.kind) {
      case ColumnKind::Integer:
        batch =
            add_column(std::move(batch), column, Builder<std::int64_t>{}, rows, place, integer_of);
        break;
      case ColumnKind::Time:
        batch = add_column(std::move(batch), column, Builder<std::int64_t>{Type::Timestamp}, rows,
                           place, integer_of);
        break;
      case ColumnKind::MaybeTime:
        batch = add_column(std::move(batch), column, Builder<std::int64_t>{Type::Timestamp}, rows,
                           place, [](const SqlValue& value) {
                             const auto number = integer_of(value);
                             return number == 0 ? std::nullopt : number;
                           });
        break;
      case ColumnKind::Real:
        batch = add_column(std::move(batch), column, Builder<double>{}, rows, place,
                           [](const SqlValue& value) -> std::optional<double> {
                             if (const auto* real = std::get_if<double>(&value)) return *real;
                             if (const auto* number = std::get_if<std::int64_t>(&value))
                               return static_cast<double>(*number);
                             return std::nullopt;
                           });
        break;
      case ColumnKind::Flag:
        batch = add_column(std::move(batch), column, Builder<bool>{}, rows, place,
                           [](const SqlValue& value) -> std::optional<bool> {
                             const auto number = integer_of(value);
                             if (!number) return std::nullopt;
                             return *number != 0;
                           });
        break;
      case ColumnKind::Text:
      case ColumnKind::Document:
        batch = add_column(std::move(batch), column, Builder<std::string_view>{}, rows, place,
                           [](const SqlValue& value) -> std::optional<std::string_view> {
                             if (const std::string* text = text_of(value))
                               return std::string_view{*text};
                             return std::nullopt;
                           });
        break;
      case ColumnKind::Rows:
        batch = std::move(batch).with_list(column.name, next_related->lengths,
                                           std::move(next_related->items));
        ++next_related;
        break;
      case ColumnKind::Password:
        break;  // no query names it
    }
  }
  return batch;
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
