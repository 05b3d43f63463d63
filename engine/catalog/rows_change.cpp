#include "engine/catalog/rows_change.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/json_numbers.hpp"
#include "engine/base/utf8.hpp"

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
  RowChange row{*entity_, asker_, *clock_, now_us_};
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
      for (const auto& [column, value] : row.values_) {
        if (std::find(columns_.begin(), columns_.end(), column) == columns_.end())
          columns_.push_back(column);
      }
      bytes_ += row.bytes();
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
  if (!is_large()) {
    auto made = write([this](Connection& connection) { return apply(connection); });
    const bool goes_in_pieces = !made.ok() && exceeds_ && named_ && !entity_->closed_by.empty();
    return goes_in_pieces ? remove_in_pieces(write) : made;
  }
  MR_TRY(const UnseenRows rows, write_unseen(write, 0));
  auto shown = write([&](Connection& connection) {
    return show_unseen(connection, *entity_, {&rows, 1}, *asker_, now_us_);
  });
  if (!shown.ok()) take_back(write, rows.change);
  return shown;
}

Result<UnseenRows> RowsChange::write_unseen(const Writer& write, std::int64_t job) {
  std::int64_t change = 0;
  const auto begin = [&](Connection& connection) -> Result<void> {
    MR_TRY(change, begin_pending(connection, *entity_, job, now_us_));
    for (RowChange& row : rows_) row.change_ = change;
    return take_ids(connection);
  };
  for (std::size_t first = 0, count = 0; first < rows_.size(); first += count) {
    count = rows_within(first, kRowsOfPiece, kBytesOfPiece);
    auto done = write([&](Connection& connection) -> Result<void> {
      MR_CHECK(first == 0 ? begin(connection)
                          : renew_pending(connection, change, to_micros(clock_->now())));
      return insert(connection, first, count);
    });
    if (done.ok()) continue;
    // What began the change was undone with it, and its id may be another's by now.
    if (first > 0) take_back(write, change);
    return std::move(done).error();
  }
  return UnseenRows{change, ids_.front(), rows_.size()};
}

std::size_t RowsChange::rows_within(std::size_t first, std::size_t most,
                                    std::size_t most_bytes) const {
  std::size_t count = 0, bytes = 0;
  for (; count < most && first + count < rows_.size(); ++count) {
    bytes += rows_[first + count].bytes();
    if (count > 0 && bytes > most_bytes) break;
  }
  return count;
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

}  // namespace millrace
