// What a change does within its transaction.
#include <algorithm>
#include <utility>

#include "engine/catalog/fold.hpp"
#include "engine/catalog/pending_change.hpp"
#include "engine/catalog/query.hpp"
#include "engine/catalog/remaining_row.hpp"
#include "engine/catalog/revision.hpp"
#include "engine/catalog/row_change.hpp"
#include "engine/catalog/text_index.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

bool is_null(const SqlValue& value) { return std::holds_alternative<std::nullptr_t>(value); }

// " AND ..." for rows that are seen.
std::string and_seen(const Entity& entity) {
  return entity.pending.empty() ? std::string{} : " AND " + seen_condition(entity);
}

std::string find_by_id(const Entity& entity, std::string_view columns = "1") {
  return fmt::format("SELECT {0} FROM {1} WHERE {1}.id = ?{2}", columns, entity.table,
                     and_seen(entity));
}

Result<bool> has_row(Connection& connection, const std::string& sql, std::vector<SqlValue> values) {
  MR_TRY(const SqlRows found, connection.query(sql, values));
  return !found.rows.empty();
}

}  // namespace

Result<void> RowChange::apply(Connection& connection) {
  MR_CHECK(next_revision(connection, revision_of(*entity_)));
  if (!may_end_remaining()) return change(connection);
  return with_one_remaining(connection, *entity_, [&] { return change(connection); });
}

// Whether Entity::remaining may be met by fewer rows when it is done.
bool RowChange::may_end_remaining() const {
  const auto& by = entity_->remaining.columns;
  return action_ == Action::Delete ||
         (action_ == Action::Update &&
          std::any_of(values_.begin(), values_.end(), [&](const Value& value) {
            return std::find(by.begin(), by.end(), value.column->name) != by.end();
          }));
}

Result<void> RowChange::change(Connection& connection) {
  const bool is_derived = changes_derived();
  Json what = Json::object();
  if (action_ != Action::Insert) {
    MR_TRY(what, before(connection));
    if (action_ == Action::Delete) MR_CHECK(check_dependents(connection));
    if (entity_->forget != nullptr && is_derived) MR_CHECK(entity_->forget(connection, id_));
  } else {
    MR_CHECK(complete(connection));
  }
  MR_CHECK(check_references(connection));
  // Of many rows that are inserted the index finds those that are taken, and the look comes after.
  if (!is_one_of_many_) MR_CHECK(check_unique(connection));
  switch (action_) {
    case Action::Insert:
      MR_CHECK(insert(connection));
      break;
    case Action::Update:
      MR_CHECK(update(connection, {&id_, 1}));
      break;
    case Action::Delete:
      MR_CHECK(
          connection.execute(fmt::format("DELETE FROM {} WHERE id = ?", entity_->table), {id_}));
      break;
    case Action::Attach:
    case Action::Detach:
      MR_CHECK(link(connection));
      break;
  }
  MR_CHECK(index_texts(connection));
  MR_CHECK(set_names(connection));
  if (action_ != Action::Delete && entity_->derive != nullptr && is_derived)
    MR_CHECK(entity_->derive(connection, id_));
  return is_one_of_many_ ? Result<void>{} : note(connection, std::move(what));
}

// Finds the row among those that the asker may change, and returns what it holds in the columns
// that change, or in all of them when it goes.
Result<Json> RowChange::before(Connection& connection) const {
  std::vector<const EntityColumn*> columns;
  if (action_ == Action::Delete) {
    for (const EntityColumn& column : entity_->columns) {
      if (column.rules.is_writable && column.kind != ColumnKind::Rows) columns.push_back(&column);
    }
  }
  for (const auto& [column, value] : values_) columns.push_back(column);
  std::string names;
  for (const EntityColumn* column : columns)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", column->column);
  auto sql = find_by_id(*entity_, names.empty() ? "1" : names);
  std::vector<SqlValue> values{id_};
  if (!asker_->owner.empty() && !entity_->owned_by.empty()) {
    sql += fmt::format(" AND {}", entity_->owned_by);
    values.emplace_back(asker_->owner);
  }
  MR_TRY(const SqlRows found, connection.query(sql, values));
  if (found.rows.empty())
    return Error{Code::NotFound, fmt::format("no row of {} has this id: {}", entity_->name, id_)};
  Json old = Json::object();
  for (std::size_t i = 0; i < columns.size(); ++i)
    old[std::string{columns[i]->name}] = shown(*columns[i], found.rows.front()[i]);
  return old;
}

// Whether the tables that are made from the rows say something else when it is done.
bool RowChange::changes_derived() const {
  const auto& from = entity_->derived_from;
  if (action_ == Action::Insert || action_ == Action::Delete || from.empty()) return true;
  return std::any_of(values_.begin(), values_.end(), [&](const Value& value) {
    return std::find(from.begin(), from.end(), value.column->name) != from.end();
  });
}

Result<void> RowChange::complete(Connection& connection) {
  if (entity_->complete == nullptr) return {};
  values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(asked_), values_.end());
  RowValues asked;
  for (const auto& [column, value] : values_) asked.emplace(column->name, value);
  MR_TRY(const RowValues more, entity_->complete(connection, *asker_, asked));
  for (const auto& [name, value] : more) {
    MR_TRY(const EntityColumn* column, column_of(*entity_, name, "catalog change"));
    values_.push_back({column, value});
  }
  return {};
}

Result<void> RowChange::check_references(Connection& connection) const {
  for (const auto& [column, value] : values_) {
    if (column->rules.references.empty() || is_null(value)) continue;
    const Entity& other = *find_entity(column->rules.references);
    const std::pair reference{&other, std::get<std::int64_t>(value)};
    if (known_ != nullptr && known_->contains(reference)) continue;
    MR_TRY(const bool is_there, has_row(connection, find_by_id(other), {value}));
    if (is_there) {
      if (known_ != nullptr) known_->insert(reference);
      continue;
    }
    return Error{Code::NotFound,
                 fmt::format("{} refers to a row of {} that is not there: {}", column->name,
                             other.name, std::get<std::int64_t>(value)),
                 {},
                 std::string{column->name}};
  }
  return {};
}

Result<void> RowChange::check_unique(Connection& connection) const {
  for (const auto& [column, value] : values_) {
    if (!column->rules.is_unique || is_null(value)) continue;
    MR_TRY(const bool is_taken, has_row(connection,
                                        fmt::format("SELECT 1 FROM {} WHERE {} = ? AND id <> ?",
                                                    entity_->table, column->column),
                                        {value, id_}));
    if (!is_taken) continue;
    return Error{Code::Conflict,
                 fmt::format("{} is taken: {}", column->name, shown(*column, value).dump()),
                 {},
                 std::string{column->name}};
  }
  return {};
}

Result<void> RowChange::check_dependents(Connection& connection) const {
  if (entity_->check_deletion != nullptr) MR_CHECK(entity_->check_deletion(connection, id_));
  for (const auto& [other, column] : references_to(*entity_)) {
    MR_TRY(const bool refers, has_row(connection,
                                      fmt::format("SELECT 1 FROM {} WHERE {} = ? LIMIT 1",
                                                  other->table, column->column),
                                      {id_}));
    if (refers) {
      return Error{Code::Conflict,
                   fmt::format("it still has {}; delete or move them first", other->name)};
    }
  }
  return {};
}

Result<void> RowChange::link(Connection& connection) const {
  const auto& related = linked_->related;
  const Entity& other = *find_entity(related.named);
  MR_TRY(const bool is_there, has_row(connection, find_by_id(other), {other_id_}));
  if (!is_there)
    return Error{Code::NotFound,
                 fmt::format("no row of {} has this id: {}", other.name, other_id_)};
  const std::vector<SqlValue> pair{id_, other_id_};
  if (action_ == Action::Detach) {
    MR_TRY(const auto gone,
           connection.execute(fmt::format("DELETE FROM {} WHERE {} = ? AND {} = ?", related.link,
                                          related.own, related.other),
                              pair));
    if (gone.rows > 0) return {};
    return Error{Code::NotFound, fmt::format("{} {} is not attached to {} {}", other.name,
                                             other_id_, entity_->name, id_)};
  }
  MR_TRY(const bool is_linked, has_row(connection,
                                       fmt::format("SELECT 1 FROM {} WHERE {} = ? AND {} = ?",
                                                   related.link, related.own, related.other),
                                       pair));
  if (is_linked) return {};
  MR_CHECK(connection.execute(fmt::format("INSERT INTO {} ({}, {}) VALUES (?, ?)", related.link,
                                          related.own, related.other),
                              pair));
  return {};
}

Result<void> RowChange::index_texts(Connection& connection) const {
  for (const auto& [column, value] : values_) {
    if (column->rules.contains.table.empty()) continue;
    const auto* text = std::get_if<std::string>(&value);
    if (action_ != Action::Insert)
      MR_CHECK(clear_text_index(connection, column->rules.contains, id_));
    MR_CHECK(write_text_index(connection, column->rules.contains, id_,
                              text != nullptr ? fold_case(*text) : std::string{}));
  }
  return {};
}

// Replaces the set of names; what does not exist yet is made.
Result<void> RowChange::set_names(Connection& connection) const {
  for (const auto& [column, names] : names_) {
    const auto& related = column->related;
    const Entity& other = *find_entity(related.named);
    if (action_ != Action::Insert) {
      MR_CHECK(connection.execute(
          fmt::format("DELETE FROM {} WHERE {} = ?", related.link, related.own), {id_}));
    }
    for (const std::string& name : names) {
      MR_TRY(const SqlRows found, connection.query(fmt::format("SELECT id FROM {} WHERE name = ?{}",
                                                               other.table, and_seen(other)),
                                                   {name}));
      std::int64_t other_id = 0;
      if (found.rows.empty()) {
        RowChange made{other, asker_, *clock_, now_us_};
        MR_CHECK(made.read_set({{"name", name}}));
        MR_CHECK(made.add_missing());
        MR_CHECK(made.change(connection));
        other_id = made.id();
      } else {
        other_id = std::get<std::int64_t>(found.rows.front().front());
      }
      MR_CHECK(connection.execute(fmt::format("INSERT INTO {} ({}, {}) VALUES (?, ?)", related.link,
                                              related.own, related.other),
                                  {id_, other_id}));
    }
  }
  return {};
}

}  // namespace millrace
