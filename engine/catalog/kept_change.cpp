#include "engine/catalog/kept_change.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/json_numbers.hpp"
#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/id_counters.hpp"
#include "engine/catalog/query.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kWhat = "catalog change";
constexpr std::size_t kMostShown = 256;  // changes whose rows one statement shows

Error not_ours(std::string_view what) {
  return {Code::DataInvalid, fmt::format("{}: what was kept of it is damaged: {}", kWhat, what)};
}

// A change of one row as one of many.
Json as_rows(const Json& change) {
  Json many = change;
  many["rows"] = Json::array({many.at("set")});
  many.erase("set");
  return many;
}

// Rows that conditions find now, as far as one transaction may write them.
Result<std::size_t> count_found(Catalog& catalog, const RowsChange& change) {
  const auto most = most_rows_at_once(change.entity());
  if (change.cascades()) return most;  // what it takes with it is found at the end
  if (change.named()) return std::size_t{1};
  MR_TRY(
      const Batch counted,
      catalog.query({{"entity", change.entity().name}, {"where", change.where()}, {"count", true}},
                    change.asker().owner));
  const auto found = static_cast<std::size_t>(counted.column<std::int64_t>("count").value(0));
  if (found > most) return too_many_rows(change.entity(), most);
  return found;
}

Result<void> remove_unseen(Catalog& catalog, const Entity& entity, std::int64_t change,
                           const Asker& asker) {
  bool is_more = true;
  while (is_more) {
    MR_CHECK(catalog.write_and_wait(fenced(asker, [&](Connection& connection) -> Result<void> {
      MR_TRY(is_more, take_back_pending(connection, entity, change));
      return {};
    })));
  }
  return {};
}

}  // namespace

Result<KeptChange> KeptChange::make(Catalog& catalog, const Json& change, const Asker& asker,
                                    std::int64_t job, bool unseen) {
  MR_TRY(AskedChange asked, AskedChange::compile(change, asker, catalog.clock()));
  KeptChange kept{asked.entity(), asker, catalog.clock()};
  const auto write = [&](Catalog::Write each) {
    return catalog.write_and_wait(fenced(asker, std::move(each)));
  };
  RowsChange* many = asked.many();
  const auto inserts = asked.inserts();
  if (inserts > 0 && !kept.entity().pending.empty() &&
      (unseen || (many != nullptr && many->is_large()))) {
    MR_TRY(RowsChange rows, many != nullptr
                                ? Result<RowsChange>{std::move(*many)}
                                : RowsChange::compile(as_rows(change), asker, catalog.clock()));
    MR_TRY(kept.unseen_, rows.write_unseen(write, job));
    kept.first_id_ = kept.unseen_.first;
    kept.rows_ = 1;
    return kept;
  }
  if (inserts > 0) {
    MR_CHECK(write([&](Connection& connection) -> Result<void> {
      MR_TRY(kept.first_id_, draw_ids(connection, kept.entity(), inserts));
      return {};
    }));
    asked.use_ids(kept.first_id_);
  }
  std::size_t rows = std::max<std::size_t>(1, inserts);
  if (many != nullptr && inserts == 0) {
    MR_TRY(rows, count_found(catalog, *many));
  }
  kept.rows_ = std::max(kRowsOfChange, plain_rows(kept.entity(), rows));
  kept.change_ = change;
  asked.hide_passwords(kept.change_);
  kept.asked_ = std::move(asked);
  return kept;
}

Json KeptChange::to_json() const {
  Json stored{{"rows", rows_}};
  if (first_id_ != 0) stored["first_id"] = first_id_;
  if (unseen_.change != 0) {
    stored["entity"] = entity_->name;
    stored["unseen"] = unseen_.change;
    stored["count"] = unseen_.count;
  } else {
    stored["change"] = change_;
  }
  return stored;
}

Result<KeptChange> KeptChange::from_json(const Json& stored, const Asker& asker,
                                         const Clock& clock) {
  if (!stored.is_object()) return not_ours("it is no object");
  const auto number = [&stored](const char* name) {
    return stored.contains(name) ? whole_number(stored.at(name)).value_or(0) : 0;
  };
  const auto restored = [&](const Entity& entity) {
    KeptChange kept{entity, asker, clock};
    kept.first_id_ = number("first_id");
    kept.rows_ = static_cast<std::size_t>(number("rows"));
    return kept;
  };
  if (stored.contains("unseen")) {
    MR_TRY(const Entity* entity, entity_of(stored, kWhat));
    KeptChange kept = restored(*entity);
    kept.unseen_ = {number("unseen"), kept.first_id_, static_cast<std::size_t>(number("count"))};
    if (kept.unseen_.change <= 0 || kept.unseen_.first <= 0 || kept.unseen_.count == 0)
      return not_ours(stored.dump());
    return kept;
  }
  const auto change = stored.find("change");
  if (change == stored.end()) return not_ours("it has no change");
  MR_TRY(AskedChange asked, AskedChange::compile(*change, asker, clock, Passwords::Hashed));
  KeptChange kept = restored(asked.entity());
  if (asked.inserts() > 0) {
    if (kept.first_id_ <= 0) return not_ours("it has no ids");
    asked.use_ids(kept.first_id_);
  }
  kept.change_ = *change;
  kept.asked_ = std::move(asked);
  return kept;
}

Result<void> KeptChange::apply(Connection& connection) {
  if (asked_) return asked_->apply(connection);
  return show_unseen(connection, *entity_, {&unseen_, 1}, asker_, now_us_);
}

Result<void> KeptChange::apply_all(Connection& connection, std::span<KeptChange> changes,
                                   std::size_t& made) {
  for (made = 0; made < changes.size();) {
    KeptChange& first = changes[made];
    if (first.asked_) {
      MR_CHECK(first.apply(connection));
      ++made;
      continue;
    }
    std::vector<UnseenRows> rows;
    for (const KeptChange& each :
         changes.subspan(made, std::min(kMostShown, changes.size() - made))) {
      if (each.asked_ || each.entity_ != first.entity_) break;
      rows.push_back(each.unseen_);
    }
    MR_CHECK(show_unseen(connection, *first.entity_, rows, first.asker_, first.now_us_));
    made += rows.size();
  }
  return {};
}

Batch KeptChange::answer() const {
  Builder<std::int64_t> ids;
  const auto count = asked_ ? asked_->inserts() : unseen_.count;
  for (std::size_t place = 0; place < count; ++place)
    ids.append(first_id_ + static_cast<std::int64_t>(place));
  if (const auto named = asked_ ? asked_->named() : std::nullopt) ids.append(*named);
  return Batch{}.with("id", std::move(ids));
}

Result<void> KeptChange::take_back(Catalog& catalog) const {
  return unseen_.change == 0 ? Result<void>{}
                             : remove_unseen(catalog, *entity_, unseen_.change, asker_);
}

Result<void> drop_unseen(Catalog& catalog, std::int64_t job, const std::set<std::int64_t>& keep,
                         const std::function<Result<void>(Connection&)>& fence) {
  SqlRows found;
  MR_CHECK(catalog.read([&](Connection& connection) -> Result<void> {
    MR_TRY(found,
           connection.query("SELECT id, entity FROM pending_changes WHERE job_id = ?", {job}));
    return {};
  }));
  const Asker asker{.fence = fence};
  for (const auto& row : found.rows) {
    const auto change = integer(row.at(0));
    const Entity* entity = find_entity(std::get<std::string>(row.at(1)));
    if (keep.contains(change) || entity == nullptr || entity->pending.empty()) continue;
    MR_CHECK(remove_unseen(catalog, *entity, change, asker));
  }
  return {};
}

}  // namespace millrace
