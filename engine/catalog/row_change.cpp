#include "engine/catalog/row_change.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "engine/base/password.hpp"
#include "engine/base/utf8.hpp"
#include "engine/catalog/fold.hpp"
#include "engine/catalog/query.hpp"
#include "engine/catalog/revision.hpp"
#include "engine/catalog/text_index.hpp"

namespace millrace {

namespace {

constexpr std::string_view kWhat = "catalog change";
constexpr std::size_t kMostNames = 256;

Error wrong(std::string what, std::string_view field = {}) {
  return {Code::InvalidArgument, fmt::format("{}: {}", kWhat, what), {}, std::string{field}};
}

constexpr std::array<std::pair<std::string_view, RowChange::Action>, 5> kActions{
    {{"insert", RowChange::Action::Insert},
     {"update", RowChange::Action::Update},
     {"delete", RowChange::Action::Delete},
     {"attach", RowChange::Action::Attach},
     {"detach", RowChange::Action::Detach}}};

std::string_view to_string(RowChange::Action action) {
  return std::find_if(kActions.begin(), kActions.end(),
                      [action](const auto& known) { return known.second == action; })
      ->first;
}

bool is_null(const SqlValue& value) { return std::holds_alternative<std::nullptr_t>(value); }

// A value as the audit trail shows it.
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

Result<std::int64_t> integer_member(const Json& change, std::string_view name) {
  const auto found = change.find(name);
  if (found == change.end() || !found->is_number_integer())
    return wrong(fmt::format("{} is an integer", name), name);
  return found->get<std::int64_t>();
}

Result<std::string> sha256_digits(const EntityColumn& column, std::string_view text) {
  std::string digits{text};
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (digits.size() == 64 && digits.find_first_not_of("0123456789abcdef") == std::string::npos)
    return digits;
  return wrong(fmt::format("{} is not a SHA-256 of 64 hexadecimal digits", column.name), column.name);
}

// Another engine at the same database may have been faster than our own look.
Result<Connection::Changed> changed(Result<Connection::Changed> done) {
  if (done.ok() || done.error().code != Code::Conflict) return done;
  return Error{Code::Conflict, "catalog change: a row with these values is there, or one it refers to is gone",
               done.error().message + " " + done.error().detail};
}

Result<bool> has_row(Connection& connection, const std::string& sql, std::vector<SqlValue> values) {
  MR_TRY(const SqlRows found, connection.query(sql, values));
  return !found.rows.empty();
}

}  // namespace

// --- what was asked for ---

Result<RowChange> RowChange::compile(const Json& change, const Asker& asker, const Clock& clock) {
  MR_TRY(const Entity* entity, entity_of(change, kWhat));
  RowChange made{*entity, asker, to_micros(clock.now())};
  MR_CHECK(made.read_action(change));
  switch (made.action_) {
    case Action::Insert:
    case Action::Update: {
      const auto set = change.find("set");
      if (set == change.end() || !set->is_object()) return wrong("set is an object of columns");
      MR_CHECK(made.read_set(*set));
      if (made.action_ == Action::Insert) MR_CHECK(made.add_missing());
      break;
    }
    case Action::Delete:
      break;
    case Action::Attach:
    case Action::Detach:
      MR_CHECK(made.read_link(change));
      break;
  }
  return made;
}

Result<void> RowChange::read_action(const Json& change) {
  const auto word = change.value("action", Json{});
  const auto known = std::find_if(kActions.begin(), kActions.end(), [&](const auto& action) {
    return word == Json(action.first);
  });
  if (known == kActions.end())
    return wrong(fmt::format("action of {} is insert, update, delete, attach or detach: {}",
                             entity_->name, word.dump()));
  action_ = known->second;
  const bool sets = action_ == Action::Insert || action_ == Action::Update;
  const bool links = action_ == Action::Attach || action_ == Action::Detach;
  for (const auto& [key, value] : change.items()) {
    const bool is_known = key == "entity" || key == "action" ||
                          (key == "id" && action_ != Action::Insert) || (key == "set" && sets) ||
                          ((key == "column" || key == "value") && links);
    if (!is_known)
      return wrong(fmt::format("{} takes no member {}", to_string(action_), printable(key)));
  }
  if (!is_changeable(*entity_)) return wrong(fmt::format("{} is only read", entity_->name));
  if (entity_->is_append_only && action_ != Action::Insert)
    return wrong(fmt::format("rows of {} are only added", entity_->name));
  if (action_ != Action::Insert) {
    MR_TRY(id_, integer_member(change, "id"));
  }
  return {};
}

Result<void> RowChange::read_set(const Json& set) {
  for (const auto& [name, value] : set.items()) {
    MR_TRY(const EntityColumn* column, column_of(*entity_, name, kWhat));
    if (!column->rules.is_writable) return wrong(fmt::format("{} is only read", name), name);
    if (column->kind == ColumnKind::Rows) {
      MR_CHECK(read_names(*column, value));
    } else {
      MR_CHECK(read_value(*column, value));
    }
  }
  return {};
}

Result<void> RowChange::read_value(const EntityColumn& column, const Json& value) {
  const auto& rules = column.rules;
  if (value.is_null()) {
    if (rules.is_mandatory)
      return wrong(fmt::format("{} must not be null", column.name), column.name);
    values_.push_back({&column, nullptr});
    return {};
  }
  if (column.kind == ColumnKind::Document) {
    values_.push_back({&column, value.dump(-1, ' ', false, Json::error_handler_t::replace)});
    return {};
  }
  MR_TRY(SqlValue bound, to_sql_value(column, value, kWhat));
  if (auto* text = std::get_if<std::string>(&bound)) {
    if (!is_utf8(*text)) return wrong(fmt::format("{} is not UTF-8", column.name), column.name);
    if (text->find('\0') != std::string::npos)
      return wrong(fmt::format("{} holds a NUL character", column.name), column.name);
    if (rules.longest > 0 && code_points(*text) > static_cast<std::size_t>(rules.longest)) {
      return wrong(fmt::format("{} is longer than {} characters", column.name, rules.longest),
                   column.name);
    }
    if (rules.is_sha256) {
      MR_TRY(*text, sha256_digits(column, *text));
    }
    if (column.kind == ColumnKind::Password) {
      MR_TRY(*text, hash_password(*text));
    }
  }
  values_.push_back({&column, std::move(bound)});
  return {};
}

Result<void> RowChange::read_names(const EntityColumn& column, const Json& value) {
  if (column.related.named.empty()) return wrong(fmt::format("{} is only read", column.name));
  if (!value.is_array()) return wrong(fmt::format("{} is a list of names", column.name), column.name);
  if (value.size() > kMostNames)
    return wrong(fmt::format("{} has more than {} names", column.name, kMostNames), column.name);
  MR_TRY(const EntityColumn* name, column_of(*find_entity(column.related.named), "name", kWhat));
  Names names{&column, {}};
  for (const Json& each : value) {
    if (!each.is_string())
      return wrong(fmt::format("{} is a list of names", column.name), column.name);
    auto text = each.get<std::string>();
    if (!is_utf8(text) || code_points(text) > static_cast<std::size_t>(name->rules.longest)) {
      return wrong(fmt::format("{} has a name of more than {} characters", column.name,
                               name->rules.longest),
                   column.name);
    }
    if (std::find(names.names.begin(), names.names.end(), text) == names.names.end())
      names.names.push_back(std::move(text));
  }
  names_.push_back(std::move(names));
  return {};
}

// What an insert left out.
Result<void> RowChange::add_missing() {
  for (const EntityColumn& column : entity_->columns) {
    const auto is_it = [&column](const auto& given) { return given.column == &column; };
    if (!column.rules.is_writable || std::any_of(values_.begin(), values_.end(), is_it)) continue;
    if (!column.rules.fallback.empty()) {
      MR_TRY(const Json fallback, parse_json(column.rules.fallback));
      MR_CHECK(read_value(column, fallback));
    } else if (column.rules.is_mandatory) {
      return wrong(fmt::format("{} is missing", column.name), column.name);
    } else if (!column.rules.folded.empty()) {
      values_.push_back({&column, nullptr});
    }
  }
  asked_ = values_.size();
  return {};
}

Result<void> RowChange::read_link(const Json& change) {
  const auto name = change.find("column");
  if (name == change.end() || !name->is_string()) return wrong("column names what is attached");
  MR_TRY(linked_, column_of(*entity_, name->get_ref<const std::string&>(), kWhat));
  if (linked_->kind != ColumnKind::Rows || linked_->related.link.empty())
    return wrong(fmt::format("nothing can be attached to {}", linked_->name));
  MR_TRY(other_id_, integer_member(change, "value"));
  return {};
}

bool RowChange::is_empty() const {
  return action_ == Action::Update && values_.empty() && names_.empty();
}

// --- within the transaction ---

Result<void> RowChange::apply(Connection& connection) {
  MR_CHECK(next_revision(connection));
  return change(connection);
}

Result<void> RowChange::change(Connection& connection) {
  Json what = Json::object();
  if (action_ != Action::Insert) {
    MR_CHECK(check_exists(connection));
    MR_TRY(what, before(connection));
    if (action_ == Action::Delete) MR_CHECK(check_dependents(connection));
    if (entity_->forget != nullptr) MR_CHECK(entity_->forget(connection, id_));
  } else {
    MR_CHECK(complete(connection));
  }
  MR_CHECK(check_references(connection));
  MR_CHECK(check_unique(connection));
  switch (action_) {
    case Action::Insert:
      MR_CHECK(insert(connection));
      break;
    case Action::Update:
      MR_CHECK(update(connection));
      break;
    case Action::Delete:
      MR_CHECK(connection.execute(fmt::format("DELETE FROM {} WHERE id = ?", entity_->table), {id_}));
      break;
    case Action::Attach:
    case Action::Detach:
      MR_CHECK(link(connection));
      break;
  }
  MR_CHECK(index_texts(connection));
  MR_CHECK(set_names(connection));
  if (action_ != Action::Delete && entity_->derive != nullptr)
    MR_CHECK(entity_->derive(connection, id_));
  return note(connection, std::move(what));
}

Result<void> RowChange::complete(Connection& connection) {
  if (entity_->complete == nullptr) return {};
  values_.erase(values_.begin() + static_cast<std::ptrdiff_t>(asked_), values_.end());
  RowValues asked;
  for (const auto& [column, value] : values_) asked.emplace(column->name, value);
  MR_TRY(const RowValues more, entity_->complete(connection, asker_, asked));
  for (const auto& [name, value] : more) {
    MR_TRY(const EntityColumn* column, column_of(*entity_, name, kWhat));
    values_.push_back({column, value});
  }
  return {};
}

Result<void> RowChange::check_exists(Connection& connection) const {
  auto sql = fmt::format("SELECT 1 FROM {0} WHERE {0}.id = ?", entity_->table);
  std::vector<SqlValue> values{id_};
  if (!asker_.owner.empty() && !entity_->owned_by.empty()) {
    sql += fmt::format(" AND {}", entity_->owned_by);
    values.emplace_back(asker_.owner);
  }
  MR_TRY(const bool is_there, has_row(connection, sql, std::move(values)));
  if (is_there) return {};
  return Error{Code::NotFound, fmt::format("no row of {} has this id: {}", entity_->name, id_)};
}

Result<void> RowChange::check_references(Connection& connection) const {
  for (const auto& [column, value] : values_) {
    if (column->rules.references.empty() || is_null(value)) continue;
    const Entity& other = *find_entity(column->rules.references);
    MR_TRY(const bool is_there,
           has_row(connection, fmt::format("SELECT 1 FROM {} WHERE id = ?", other.table), {value}));
    if (is_there) continue;
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
    MR_TRY(const bool is_taken,
           has_row(connection,
                   fmt::format("SELECT 1 FROM {} WHERE {} = ? AND id <> ?", entity_->table,
                               column->column),
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
  for (const CatalogPart& part : catalog_parts()) {
    for (const Entity& other : part.entities) {
      for (const EntityColumn& column : other.columns) {
        if (column.rules.references != entity_->name) continue;
        MR_TRY(const bool refers,
               has_row(connection,
                       fmt::format("SELECT 1 FROM {} WHERE {} = ? LIMIT 1", other.table, column.column),
                       {id_}));
        if (refers) {
          return Error{Code::Conflict,
                       fmt::format("it still has {}; delete or move them first", other.name)};
        }
      }
    }
  }
  return {};
}

Result<void> RowChange::insert(Connection& connection) {
  std::string columns, marks;
  std::vector<SqlValue> values;
  const auto add = [&](std::string_view column, SqlValue value) {
    columns += fmt::format("{}{}", columns.empty() ? "" : ", ", column);
    marks += marks.empty() ? "?" : ", ?";
    values.push_back(std::move(value));
  };
  for (const auto& [column, value] : values_) {
    add(column->column, value);
    if (column->rules.folded.empty()) continue;
    const auto* text = std::get_if<std::string>(&value);
    add(column->rules.folded, text != nullptr ? fold_case(*text) : std::string{});
  }
  for (const EntityColumn& column : entity_->columns) {
    if (column.name == "created" || column.name == "updated") add(column.column, now_us_);
  }
  MR_TRY(const auto made,
         changed(connection.execute(
             fmt::format("INSERT INTO {} ({}) VALUES ({})", entity_->table, columns, marks), values)));
  id_ = made.last_id;
  return {};
}

Result<void> RowChange::update(Connection& connection) const {
  std::string sets;
  std::vector<SqlValue> values;
  const auto set = [&](std::string_view column, SqlValue value) {
    sets += fmt::format("{}{} = ?", sets.empty() ? "" : ", ", column);
    values.push_back(std::move(value));
  };
  for (const auto& [column, value] : values_) {
    set(column->column, value);
    if (column->rules.folded.empty()) continue;
    const auto* text = std::get_if<std::string>(&value);
    set(column->rules.folded, text != nullptr ? fold_case(*text) : std::string{});
  }
  for (const EntityColumn& column : entity_->columns) {
    if (column.name == "updated") set(column.column, now_us_);
  }
  if (sets.empty()) return {};
  values.emplace_back(id_);
  MR_CHECK(changed(connection.execute(
      fmt::format("UPDATE {} SET {} WHERE id = ?", entity_->table, sets), values)));
  return {};
}

Result<void> RowChange::link(Connection& connection) const {
  const auto& related = linked_->related;
  const Entity& other = *find_entity(related.named);
  MR_TRY(const bool is_there,
         has_row(connection, fmt::format("SELECT 1 FROM {} WHERE id = ?", other.table), {other_id_}));
  if (!is_there)
    return Error{Code::NotFound, fmt::format("no row of {} has this id: {}", other.name, other_id_)};
  const std::vector<SqlValue> pair{id_, other_id_};
  if (action_ == Action::Detach) {
    MR_TRY(const auto gone,
           connection.execute(fmt::format("DELETE FROM {} WHERE {} = ? AND {} = ?", related.link,
                                          related.own, related.other),
                              pair));
    if (gone.rows > 0) return {};
    return Error{Code::NotFound,
                 fmt::format("{} {} is not attached to {} {}", other.name, other_id_, entity_->name, id_)};
  }
  MR_TRY(const bool is_linked,
         has_row(connection,
                 fmt::format("SELECT 1 FROM {} WHERE {} = ? AND {} = ?", related.link, related.own,
                             related.other),
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
    MR_CHECK(connection.execute(
        fmt::format("DELETE FROM {} WHERE {} = ?", related.link, related.own), {id_}));
    for (const std::string& name : names) {
      MR_TRY(const SqlRows found,
             connection.query(fmt::format("SELECT id FROM {} WHERE name = ?", other.table), {name}));
      std::int64_t other_id = 0;
      if (found.rows.empty()) {
        RowChange made{other, asker_, now_us_};
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

// --- the audit trail ---

// What the row held in the columns that change, or in all of them when it goes.
Result<Json> RowChange::before(Connection& connection) const {
  std::vector<const EntityColumn*> columns;
  if (action_ == Action::Delete) {
    for (const EntityColumn& column : entity_->columns) {
      if (column.rules.is_writable && column.kind != ColumnKind::Rows) columns.push_back(&column);
    }
  }
  for (const auto& [column, value] : values_) columns.push_back(column);
  Json old = Json::object();
  if (columns.empty()) return old;
  std::string names;
  for (const EntityColumn* column : columns)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", column->column);
  MR_TRY(const SqlRows found,
         connection.query(fmt::format("SELECT {} FROM {} WHERE id = ?", names, entity_->table), {id_}));
  if (found.rows.empty()) return old;
  for (std::size_t i = 0; i < columns.size(); ++i)
    old[std::string{columns[i]->name}] = shown(*columns[i], found.rows.front()[i]);
  return old;
}

Result<void> RowChange::note(Connection& connection, Json what) const {
  Json now = Json::object();
  for (const auto& [column, value] : values_) now[std::string{column->name}] = shown(*column, value);
  for (const auto& [column, names] : names_) now[std::string{column->name}] = names;
  if (linked_ != nullptr) now[std::string{linked_->name}] = other_id_;
  Json line = Json::object();
  if (!what.empty()) line["before"] = std::move(what);
  if (!now.empty()) line["after"] = std::move(now);
  return append_audit(connection, *entity_, id_, to_string(action_), asker_, now_us_, line);
}

Result<void> append_audit(Connection& connection, const Entity& entity, std::int64_t id,
                          std::string_view action, const Asker& asker, std::int64_t now_us,
                          const Json& what) {
  MR_CHECK(connection.execute(
      "INSERT INTO audit (time_us, actor, entity, entity_id, action, what) VALUES (?, ?, ?, ?, ?, ?)",
      {now_us, asker.name, std::string{entity.name}, id, std::string{action}, what.dump()}));
  return {};
}

}  // namespace millrace
