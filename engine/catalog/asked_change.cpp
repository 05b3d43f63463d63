#include "engine/catalog/asked_change.hpp"

#include <utility>

#include "engine/catalog/query.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Json has_id(std::int64_t id) {
  return Json::array({Json{{"column", "id"}, {"op", "="}, {"value", id}}});
}

}  // namespace

Catalog::Write fenced(const Asker& asker, Catalog::Write write) {
  return [&asker, write = std::move(write)](Connection& connection) -> Result<void> {
    if (asker.fence) MR_CHECK(asker.fence(connection));
    return write(connection);
  };
}

Result<AskedChange> AskedChange::compile(const Json& change, const Asker& asker, const Clock& clock,
                                         Passwords passwords) {
  if (RowsChange::is_one(change)) {
    MR_TRY(RowsChange many, RowsChange::compile(change, asker, clock, passwords));
    return AskedChange{std::move(many)};
  }
  MR_TRY(RowChange one, RowChange::compile(change, asker, clock, passwords));
  return AskedChange{std::move(one)};
}

Result<Batch> AskedChange::make(Catalog& catalog) {
  if (auto* many = std::get_if<RowsChange>(&change_)) return make_many(catalog, *many);
  return make_one(catalog, std::get<RowChange>(change_));
}

Result<Batch> AskedChange::make_one(Catalog& catalog, RowChange& change) {
  const auto name = change.entity().name;
  const auto& owner = change.asker().owner;
  const auto row = [&](std::string_view seen_by) {
    return catalog.query({{"entity", name}, {"where", has_id(change.id())}}, seen_by);
  };
  const auto apply = [&change](Connection& connection) { return change.apply(connection); };
  if (change.action() == RowChange::Action::Delete) {
    MR_TRY(Batch gone, row(owner));
    MR_CHECK(catalog.write_and_wait(fenced(change.asker(), apply)));
    return gone;
  }
  if (change.is_empty()) {
    MR_TRY(Batch same, row(owner));
    if (same.rows() > 0) return same;
    return Error{Code::NotFound, fmt::format("no row of {} has this id: {}", name, change.id())};
  }
  MR_CHECK(catalog.write_and_wait(fenced(change.asker(), apply)));
  return row({});
}

Result<Batch> AskedChange::make_many(Catalog& catalog, RowsChange& change) {
  Batch gone;
  const bool deletes = change.action() == RowChange::Action::Delete;
  if (deletes) {
    MR_TRY(gone, catalog.query({{"entity", change.entity().name},
                                {"where", change.where()},
                                {"limit", most_rows_at_once(change.entity())}},
                               change.asker().owner));
  }
  MR_CHECK(change.make([&](Catalog::Write write) {
    return catalog.write_and_wait(fenced(change.asker(), std::move(write)));
  }));
  if (deletes) return gone;
  Builder<std::int64_t> ids;
  for (const std::int64_t id : change.ids()) ids.append(id);
  return Batch{}.with("id", std::move(ids));
}

Result<void> AskedChange::apply(Connection& connection) {
  if (auto* many = std::get_if<RowsChange>(&change_)) return many->apply(connection);
  auto& one = std::get<RowChange>(change_);
  return one.is_empty() ? Result<void>{} : one.apply(connection);
}

const Entity& AskedChange::entity() const {
  return std::visit([](const auto& change) -> const Entity& { return change.entity(); }, change_);
}

std::optional<std::int64_t> AskedChange::named() const {
  if (const auto* many = std::get_if<RowsChange>(&change_)) return many->named();
  const auto& one = std::get<RowChange>(change_);
  return inserts() > 0 ? std::nullopt : std::optional{one.id()};
}

std::size_t AskedChange::inserts() const {
  if (const auto* many = std::get_if<RowsChange>(&change_)) return many->inserts();
  return std::get<RowChange>(change_).action() == RowChange::Action::Insert ? 1 : 0;
}

void AskedChange::use_ids(std::int64_t first) {
  if (auto* many = std::get_if<RowsChange>(&change_)) return many->use_ids(first);
  std::get<RowChange>(change_).use_id(first);
}

void AskedChange::hide_passwords(Json& change) const {
  if (const auto* many = std::get_if<RowsChange>(&change_)) return many->hide_passwords(change);
  if (const auto set = change.find("set"); set != change.end())
    std::get<RowChange>(change_).hide_passwords(*set);
}

}  // namespace millrace
