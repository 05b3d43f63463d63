#include "engine/catalog/revision.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace millrace {

namespace {

struct Known {
  int scopes = 0;                                               // that live
  std::vector<std::pair<std::string, std::int64_t>> revisions;  // by name
};
thread_local Known known_of_thread;

const std::int64_t* find_known(std::string_view name) {
  for (const auto& [known, revision] : known_of_thread.revisions) {
    if (known == name) return &revision;
  }
  return nullptr;
}

}  // namespace

RevisionsOfThread::RevisionsOfThread() { ++known_of_thread.scopes; }

RevisionsOfThread::~RevisionsOfThread() {
  if (--known_of_thread.scopes == 0) forget();
}

void RevisionsOfThread::note(std::string_view name, std::int64_t revision) {
  if (known_of_thread.scopes == 0) return;
  for (auto& [known, its] : known_of_thread.revisions) {
    if (known != name) continue;
    its = std::max(its, revision);
    return;
  }
  known_of_thread.revisions.emplace_back(name, revision);
}

void RevisionsOfThread::forget() { known_of_thread.revisions.clear(); }

Result<std::int64_t> known_revision(Connection& connection, std::string_view name) {
  if (const auto* known = find_known(name)) return *known;
  MR_TRY(const std::int64_t revision, read_revision(connection, name));
  RevisionsOfThread::note(name, revision);
  return revision;
}

Result<std::int64_t> read_revision(Connection& connection, std::string_view name) {
  MR_TRY(const SqlRows found,
         connection.query("SELECT revision FROM catalog_revisions WHERE name = ?",
                          {std::string{name}}));
  return found.rows.empty() ? 0 : std::get<std::int64_t>(found.rows[0].at(0));
}

Result<void> next_revision(Connection& connection, std::string_view name) {
  MR_TRY(const auto changed,
         connection.execute("UPDATE catalog_revisions SET revision = revision + 1 WHERE name = ?",
                            {std::string{name}}));
  if (changed.rows > 0) return {};
  const auto made = connection.execute(
      "INSERT INTO catalog_revisions (name, revision) VALUES (?, 1)", {std::string{name}});
  if (made.ok() || made.error().code != Code::Conflict) {
    MR_CHECK(made);
    return {};
  }
  return Error{Code::Unavailable, "catalog: another engine makes the first change as well"};
}

Result<void> hold_revision(Connection& connection, SqlDialect dialect, std::string_view name) {
  if (dialect == SqlDialect::Sqlite) return {};  // its transactions come one after the other
  MR_CHECK(connection.query("SELECT revision FROM catalog_revisions WHERE name = ? FOR UPDATE",
                            {std::string{name}}));
  return {};
}

}  // namespace millrace
