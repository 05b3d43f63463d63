#include "engine/catalog/rows_change.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/base/json_numbers.hpp"
#include "engine/base/utf8.hpp"
#include "engine/catalog/id_counters.hpp"
#include "engine/catalog/revision.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

using Action = RowChange::Action;

constexpr std::string_view kWhat = "catalog change";

Error wrong(std::string what) {
  return {Code::InvalidArgument, fmt::format("{}: {}", kWhat, what)};
}

}  // namespace

bool RowsChange::is_one(const Json& change) {
  return change.is_object() &&
         (change.contains("rows") || change.contains("where") || change.contains("cascade"));
}

Result<RowsChange> RowsChange::compile(const Json& change, const Asker& asker, const Clock& clock,
                                       Passwords passwords) {
  MR_TRY(const Entity* entity, entity_of(change, kWhat));
  RowsChange made{*entity, asker, clock};
  made.passwords_ = passwords;
  MR_CHECK(made.read_action(change));
  if (made.action_ == Action::Insert) {
    MR_CHECK(made.read_rows(change.at("rows")));
    return made;
  }
  MR_CHECK(made.read_where(change));
  if (made.action_ == Action::Update) {
    const auto set = change.find("set");
    if (set == change.end() || !set->is_object() || set->empty())
      return wrong("set is an object of columns");
    RowChange row = made.new_row();
    row.action_ = Action::Update;
    MR_CHECK(row.read_set(*set));
    made.rows_.push_back(std::move(row));
  }
  return made;
}

RowChange RowsChange::new_row() const {
  RowChange row{*entity_, asker_, now_us_};
  row.passwords_ = passwords_;
  return row;
}

void RowsChange::hide_passwords(Json& change) const {
  if (action_ == Action::Update) rows_.front().hide_passwords(change["set"]);
  if (action_ != Action::Insert) return;
  for (std::size_t place = 0; place < rows_.size(); ++place)
    rows_[place].hide_passwords(change["rows"][place]);
}

Result<void> RowsChange::read_action(const Json& change) {
  const auto word = change.value("action", Json{});
  const bool has_rows = change.contains("rows");
  if (word == Json("insert") && has_rows) {
    action_ = Action::Insert;
  } else if (word == Json("update") && !has_rows) {
    action_ = Action::Update;
  } else if (word == Json("delete") && !has_rows) {
    action_ = Action::Delete;
  } else {
    return wrong(
        fmt::format("rows are inserted, where tells what to update or delete: {}", word.dump()));
  }
  for (const auto& [key, value] : change.items()) {
    const bool is_known = key == "entity" || key == "action" ||
                          (key == "rows" && action_ == Action::Insert) ||
                          (key == "where" && action_ != Action::Insert) ||
                          (key == "set" && action_ == Action::Update) ||
                          ((key == "id" || key == "cascade") && action_ == Action::Delete);
    if (!is_known)
      return wrong(
          fmt::format("{} of many rows takes no member {}", to_string(action_), printable(key)));
  }
  if (!is_changeable(*entity_)) return wrong(fmt::format("{} is only read", entity_->name));
  if (entity_->is_append_only && action_ != Action::Insert)
    return wrong(fmt::format("rows of {} are only added", entity_->name));
  return {};
}

Result<void> RowsChange::read_rows(const Json& rows) {
  if (!rows.is_array() || rows.empty()) return wrong("rows is a list of objects of columns");
  const auto most = entity_->pending.empty() ? most_rows_at_once(*entity_) : kMostPending;
  if (rows.size() > most) return too_many_rows(*entity_, most);
  rows_.reserve(rows.size());
  for (const Json& set : rows) {
    const auto read = [&]() -> Result<void> {
      if (!set.is_object()) return wrong("it is no object of columns");
      RowChange row = new_row();
      row.is_one_of_many_ = true;
      MR_CHECK(row.read_set(set));
      MR_CHECK(row.add_missing());
      rows_.push_back(std::move(row));
      return {};
    };
    if (auto done = read(); !done.ok())
      return std::move(done).error().within(fmt::format("row {}", rows_.size()));
  }
  return {};
}

Result<void> RowsChange::read_where(const Json& change) {
  if (const auto cascade = change.find("cascade"); cascade != change.end()) {
    if (!cascade->is_boolean()) return wrong("cascade is true or false");
    cascades_ = cascade->get<bool>();
  }
  const auto where = change.find("where");
  const auto id = change.find("id");
  const bool has_id = id != change.end();
  if (has_id == (where != change.end())) return wrong("either where or id names the rows");
  if (has_id) {
    named_ = whole_number(*id);
    if (!named_) return wrong("id is an integer");
    where_ = Json::array({Json{{"column", "id"}, {"op", "="}, {"value", *id}}});
  } else {
    if (!where->is_array() || where->empty())
      return wrong("where is a list of at least one condition");
    where_ = *where;
  }
  MR_TRY(found_, compile_query({{"entity", entity_->name},
                                {"columns", Json::array({"id"})},
                                {"where", where_},
                                {"limit", most_rows_at_once(*entity_) + 1}},
                               asker_->owner));
  if (found_.password) return wrong("rows are not found with verify");
  return {};
}

Result<void> RowsChange::make(const Writer& write) {
  if (!is_large()) return write([this](Connection& connection) { return apply(connection); });
  MR_TRY(const UnseenRows rows, write_unseen(write, 0));
  auto shown = write([&](Connection& connection) {
    return show_unseen(connection, *entity_, rows, *asker_, now_us_);
  });
  if (!shown.ok()) take_back(write, rows.change);
  return shown;
}

Result<void> RowsChange::apply(Connection& connection) {
  ids_.clear();
  begun_.clear();
  removed_ = 0;
  MR_CHECK(begin(connection, *entity_));
  if (action_ == Action::Insert) {
    MR_CHECK(take_ids(connection));
    MR_CHECK(insert(connection, 0, rows_.size()));
    return note_inserted(connection, *asker_, *entity_, ids_.front(), ids_.size(), now_us_);
  }
  MR_CHECK(find(connection));
  if (action_ == Action::Update) return update(connection);
  for (const std::int64_t id : ids_) MR_CHECK(remove(connection, *entity_, id));
  return {};
}

// Changes of one revision come one after the other.
Result<void> RowsChange::begin(Connection& connection, const Entity& entity) {
  const auto revision = revision_of(entity);
  if (begun_.insert(revision).second) MR_CHECK(next_revision(connection, revision));
  return {};
}

Result<UnseenRows> RowsChange::write_unseen(const Writer& write, std::int64_t job) {
  std::int64_t change = 0;
  MR_CHECK(write([&](Connection& connection) -> Result<void> {
    MR_TRY(change, begin_pending(connection, *entity_, job, now_us_));
    return take_ids(connection);
  }));
  for (RowChange& row : rows_) row.change_ = change;
  for (std::size_t first = 0; first < rows_.size(); first += kRowsAtOnce) {
    auto done = write([&](Connection& connection) -> Result<void> {
      MR_CHECK(renew_pending(connection, change, to_micros(clock_->now())));
      return insert(connection, first, std::min(kRowsAtOnce, rows_.size() - first));
    });
    if (done.ok()) continue;
    take_back(write, change);
    return std::move(done).error();
  }
  return UnseenRows{change, ids_.front(), rows_.size()};
}

// What cannot be taken back now is not seen, and swept later on.
void RowsChange::take_back(const Writer& write, std::int64_t change) const {
  bool is_more = true;
  while (is_more) {
    const auto taken = write([&](Connection& connection) -> Result<void> {
      MR_CHECK(renew_pending(connection, change, now_us_));  // unless they are shown after all
      MR_TRY(is_more, take_back_pending(connection, *entity_, change));
      return {};
    });
    if (!taken.ok()) return;
  }
}

Result<void> RowsChange::take_ids(Connection& connection) {
  std::int64_t first = drawn_;
  if (first == 0) {
    MR_TRY(first, draw_ids(connection, *entity_, rows_.size()));
  }
  ids_.resize(rows_.size());
  std::iota(ids_.begin(), ids_.end(), first);
  return {};
}

Result<void> RowsChange::insert(Connection& connection, std::size_t first, std::size_t count) {
  RowChange::References known;
  for (std::size_t place = first; place < first + count; ++place) {
    RowChange& row = rows_[place];
    row.use_id(ids_[place]);
    row.known_ = &known;
    auto done = row.change(connection);
    row.known_ = nullptr;
    if (!done.ok()) return std::move(done).error().within(fmt::format("row {}", place));
  }
  return {};
}

Result<void> RowsChange::find(Connection& connection) {
  MR_TRY(const SqlRows found, connection.query(found_.question.sql, found_.question.values));
  const auto most = most_rows_at_once(*entity_);
  if (found.rows.size() > most) return too_many_rows(*entity_, most);
  for (const auto& row : found.rows) ids_.push_back(std::get<std::int64_t>(row.at(0)));
  if (!ids_.empty() || !named_) return {};
  return Error{Code::NotFound, fmt::format("no row of {} has this id: {}", entity_->name, *named_)};
}

Result<void> RowsChange::update(Connection& connection) {
  for (const std::int64_t id : ids_) {
    RowChange row = rows_.front();
    row.id_ = id;
    if (auto done = row.change(connection); !done.ok())
      return std::move(done).error().within(fmt::format("{} {}", entity_->name, id));
  }
  return {};
}

Result<void> RowsChange::remove(Connection& connection, const Entity& entity, std::int64_t id) {
  const auto most = most_rows_at_once(*entity_);
  if (++removed_ > most) return too_many_rows(*entity_, most);
  if (cascades_) MR_CHECK(remove_dependents(connection, entity, id));
  RowChange row{entity, asker_, now_us_};
  row.action_ = Action::Delete;
  row.id_ = id;
  return row.change(connection);
}

Result<void> RowsChange::remove_dependents(Connection& connection, const Entity& entity,
                                           std::int64_t id) {
  for (const CatalogPart& part : catalog_parts()) {
    for (const Entity& other : part.entities) {
      if (!is_changeable(other) || other.is_append_only) continue;
      for (const EntityColumn& column : other.columns) {
        if (column.rules.references != entity.name) continue;
        MR_TRY(const SqlRows found,
               connection.query(fmt::format("SELECT id FROM {} WHERE {} = ? ORDER BY id LIMIT {}",
                                            other.table, column.column, most_rows_at_once(other) + 1),
                                {id}));
        if (!found.rows.empty()) MR_CHECK(begin(connection, other));
        for (const auto& row : found.rows) {
          auto done = remove(connection, other, std::get<std::int64_t>(row.at(0)));
          if (done.ok()) continue;
          if (done.error().code != Code::NotFound) return done;
          return Error{Code::Conflict,
                       fmt::format("it still has {} of others, which you do not see", other.name)};
        }
      }
    }
  }
  return {};
}

}  // namespace millrace
