// The line that a change leaves in the audit trail.
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/catalog/row_change.hpp"

namespace millrace {

Json shown(const EntityColumn& column, const SqlValue& value) {
  if (column.kind == ColumnKind::Password) return "***";
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return column.kind == ColumnKind::Flag ? Json(*number != 0) : Json(*number);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (column.kind != ColumnKind::Document) return *text;
    auto document = parse_json(*text);
    return document.ok() ? *std::move(document) : Json(*text);
  }
  return nullptr;
}

Result<void> RowChange::note(Connection& connection, Json what) const {
  Json now = Json::object();
  for (const auto& [column, value] : values_)
    now[std::string{column->name}] = shown(*column, value);
  for (const auto& [column, names] : names_) now[std::string{column->name}] = names;
  if (linked_ != nullptr) now[std::string{linked_->name}] = other_id_;
  Json line = Json::object();
  if (!what.empty()) line["before"] = std::move(what);
  if (!now.empty()) line["after"] = std::move(now);
  return note_change(connection, *asker_, *entity_, id_, action_, now_us_, line);
}

namespace {

constexpr std::string_view kInsert =
    "INSERT INTO audit (time_us, actor, entity, entity_id, action, what) VALUES (?, ?, ?, ?, ?, ?)";

}  // namespace

Result<void> note_change(Connection& connection, const Asker& asker, const Entity& entity,
                         std::int64_t id, RowChange::Action action, std::int64_t now_us,
                         const Json& what) {
  MR_CHECK(connection.execute(kInsert, {now_us, asker.name, std::string{entity.name}, id,
                                        std::string{to_string(action)}, what.dump()}));
  return {};
}

Result<void> note_inserted(Connection& connection, const Asker& asker, const Entity& entity,
                           std::span<const InsertedRows> changes, std::int64_t now_us) {
  std::string sql{kInsert};
  std::vector<SqlValue> values;
  for (const auto& [first, count] : changes) {
    if (!values.empty()) sql += ", (?, ?, ?, ?, ?, ?)";
    const auto last = first + static_cast<std::int64_t>(count) - 1;
    const Json what{{"after", {{"rows", count}, {"first", first}, {"last", last}}}};
    values.insert(values.end(), {now_us, asker.name, std::string{entity.name}, first,
                                 std::string{to_string(RowChange::Action::Insert)}, what.dump()});
  }
  MR_CHECK(connection.execute(sql, values));
  return {};
}

}  // namespace millrace
