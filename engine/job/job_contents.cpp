#include "engine/job/job_contents.hpp"

#include <algorithm>
#include <span>

#include <spdlog/spdlog.h>

#include "engine/catalog/ended_jobs.hpp"
#include "engine/catalog/part.hpp"
#include "engine/job/content_collector.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/job/job_service_state.hpp"

#include <fmt/format.h>

// A content is noted before it has its place, and its note goes when the content has been looked at
// behind the end of the job. So wherever a process dies, what it leaves is found by its note. Those
// whose last row a job is about to delete are noted too, since that happens with its end.

namespace millrace {

namespace {

// Notes that one transaction writes or removes, so that no other write waits long for it.
constexpr std::size_t kPage = 200;
constexpr std::int64_t kMostFreed = 10'000;  // rows of one change that are looked at

Result<void> note_one(Connection& connection, const JobStore::Lease& lease,
                      const std::string& sha256) {
  MR_CHECK(connection.execute("REPLACE INTO job_contents (job_id, sha256, token) VALUES (?, ?, ?)",
                              {lease.job.value, sha256, lease.token}));
  return {};
}

Result<std::string> known_model(Connection& connection, JobId job, std::string_view address) {
  MR_TRY(const SqlRows rows,
         connection.query("SELECT sha256 FROM job_models WHERE job_id = ? AND address = ?",
                          {job.value, std::string{address}}));
  return rows.rows.empty() ? std::string{} : detail::text(rows.rows.front().at(0));
}

}  // namespace

Result<void> JobContents::note(const JobStore::Lease& lease,
                               const std::vector<std::string>& names) {
  for (std::size_t first = 0; first < names.size(); first += kPage) {
    const auto page = std::span{names}.subspan(first, std::min(kPage, names.size() - first));
    const auto write = [&](Connection& connection) -> Result<void> {
      MR_CHECK(jobs_.check(connection, lease));
      for (const std::string& name : page) MR_CHECK(note_one(connection, lease, name));
      return {};
    };
    MR_CHECK(catalog_.write_and_wait(write));
  }
  return {};
}

Result<bool> JobContents::has(JobId job, std::string_view sha256) {
  bool is_noted = false;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query("SELECT 1 FROM job_contents WHERE job_id = ? AND sha256 = ?",
                            {job.value, std::string{sha256}}));
    is_noted = !rows.rows.empty();
    return {};
  }));
  return is_noted;
}

Result<std::string> JobContents::model(JobId job, std::string_view address) {
  std::string known;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    MR_TRY(known, known_model(connection, job, address));
    return {};
  }));
  return known;
}

Result<std::string> JobContents::note_model(const JobStore::Lease& lease, std::string_view address,
                                            std::string_view sha256) {
  std::string known;
  const auto write = [&](Connection& connection) -> Result<void> {
    MR_CHECK(jobs_.check(connection, lease));
    MR_TRY(known, known_model(connection, lease.job, address));
    if (!known.empty()) return {};
    known = sha256;
    MR_CHECK(note_one(connection, lease, known));
    MR_CHECK(connection.execute("INSERT INTO job_models (job_id, address, sha256) VALUES (?, ?, ?)",
                                {lease.job.value, std::string{address}, known}));
    return {};
  };
  MR_CHECK(catalog_.write_and_wait(write));
  return known;
}

Result<std::vector<JobContents::Noted>> JobContents::of_ended(const Noted& after, JobId only) {
  std::vector<Noted> page;
  MR_CHECK(catalog_.read([&](Connection& connection) -> Result<void> {
    const auto sql = fmt::format(
        "SELECT job_contents.job_id, job_contents.sha256, job_contents.token FROM job_contents "
        "JOIN "
        "jobs ON jobs.id = job_contents.job_id WHERE (job_contents.job_id > ? OR "
        "(job_contents.job_id = ? AND job_contents.sha256 > ?)) AND jobs.state IN {}{} ORDER BY "
        "job_contents.job_id, job_contents.sha256 LIMIT {}",
        kEndedJobs, only ? " AND job_contents.job_id = ?" : "", kPage);
    std::vector<SqlValue> values{after.job.value, after.job.value, after.sha256};
    if (only) values.emplace_back(only.value);
    MR_TRY(const SqlRows rows, connection.query(sql, values));
    page.clear();
    for (const auto& row : rows.rows)
      page.push_back({JobId{integer(row.at(0))}, detail::text(row.at(1)), integer(row.at(2))});
    return {};
  }));
  return page;
}

Result<void> JobContents::forget(const std::vector<Noted>& page) {
  static const std::string kSql = fmt::format(
      "DELETE FROM job_contents WHERE job_id = ? AND sha256 = ? AND token = ? AND job_id IN "
      "(SELECT "
      "id FROM jobs WHERE state IN {})",
      kEndedJobs);
  static const std::string kModels = fmt::format(
      "DELETE FROM job_models WHERE job_id = ? AND sha256 = ? AND job_id IN (SELECT id FROM jobs "
      "WHERE state IN {})",
      kEndedJobs);
  return catalog_.write_and_wait([&page](Connection& connection) -> Result<void> {
    for (const Noted& noted : page) {
      MR_CHECK(connection.execute(kSql, {noted.job.value, noted.sha256, noted.token}));
      MR_CHECK(connection.execute(kModels, {noted.job.value, noted.sha256}));
    }
    return {};
  });
}

Result<std::vector<std::string>> contents_to_free(Catalog& catalog, const Json& change,
                                                  std::string_view owner) {
  std::vector<std::string> found;
  if (change.value("action", Json{}) != "delete") return found;
  const Entity* const entity = find_entity(change.value("entity", std::string{}));
  Json columns = Json::array();
  for (const EntityColumn& column : entity->columns) {
    if (column.rules.is_content) columns.push_back(column.name);
  }
  if (columns.empty()) return found;
  Json query{{"entity", change["entity"]}, {"columns", columns}, {"limit", kMostFreed}};
  query["where"] = change.contains("where")
                       ? change["where"]
                       : Json::array({{{"column", "id"}, {"op", "="}, {"value", change["id"]}}});
  MR_TRY(const Batch rows, catalog.query(query, owner));
  for (const Json& column : columns) {
    const auto names = rows.column<std::string_view>(column.get_ref<const std::string&>());
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      if (const auto name = names[row]) found.emplace_back(*name);
    }
  }
  return found;
}

void JobService::State::remove_contents(JobId only) {
  if (store.blobs() == nullptr) return;
  JobContents contents{catalog, jobs};
  Result<void> first;  // fault of a content, behind which the others go all the same
  const auto removed = [&]() -> Result<void> {
    JobContents::Noted last;
    while (!is_stopping()) {
      MR_TRY(const auto page, contents.of_ended(last, only));
      if (page.empty()) break;
      std::vector<JobContents::Noted> looked_at;
      for (const auto& noted : page) {
        auto gone = remove_unreferred(*store.blobs(), catalog, noted.sha256);
        if (gone.ok() || gone.error().code == Code::NotFound) {
          looked_at.push_back(noted);
        } else if (first.ok()) {
          first = std::move(gone).error();
        }
      }
      MR_CHECK(contents.forget(looked_at));
      last = page.back();
    }
    return first;
  }();
  if (!removed.ok())
    spdlog::warn("contents of jobs that have ended not removed yet error={}",
                 removed.error().message);
}

}  // namespace millrace
