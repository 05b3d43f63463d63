#include "engine/job/content_collector.hpp"

#include <string>
#include <vector>

#include <spdlog/spdlog.h>

#include "engine/catalog/catalog.hpp"
#include "engine/catalog/ended_jobs.hpp"
#include "engine/catalog/part.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// A column that names contents.
struct Place {
  std::string_view table, column;
};

const std::vector<Place>& places() {
  static const std::vector<Place> all = [] {
    std::vector<Place> found;
    for (const CatalogPart& part : catalog_parts()) {
      for (const Entity& entity : part.entities) {
        for (const EntityColumn& column : entity.columns) {
          if (column.rules.is_content) found.push_back({entity.table, column.column});
        }
      }
    }
    return found;
  }();
  return all;
}

Result<bool> is_there(Connection& connection, const std::string& sql, std::string_view sha256) {
  MR_TRY(const SqlRows rows, connection.query(sql, {std::string{sha256}}));
  return !rows.rows.empty();
}

Result<bool> is_referred(Connection& connection, std::string_view sha256) {
  // Jobs come first: one that ends between two questions has written its rows by then.
  static const std::string kOfJobs = fmt::format(
      "SELECT 1 FROM job_contents JOIN jobs ON jobs.id = job_contents.job_id WHERE "
      "job_contents.sha256 = ? AND jobs.state NOT IN {} LIMIT 1",
      kEndedJobs);
  MR_TRY(const bool is_of_job, is_there(connection, kOfJobs, sha256));
  if (is_of_job) return true;
  for (const auto& [table, column] : places()) {
    const auto sql = fmt::format("SELECT 1 FROM {} WHERE {} = ? LIMIT 1", table, column);
    MR_TRY(const bool is_of_row, is_there(connection, sql, sha256));
    if (is_of_row) return true;
  }
  return false;
}

Result<bool> is_referred(Catalog& catalog, std::string_view sha256) {
  bool is_found = false;
  MR_CHECK(catalog.read([&](Connection& connection) -> Result<void> {
    MR_TRY(is_found, is_referred(connection, sha256));
    return {};
  }));
  return is_found;
}

// Counts rows whose content is not in the store.
Result<std::int64_t> count_missing(Blobs& blobs, Catalog& catalog, const Place& place) {
  constexpr std::int64_t kAtOnce = 1'000;
  const auto sql =
      fmt::format("SELECT {0}, COUNT(*) FROM {1} WHERE {0} > ? GROUP BY {0} ORDER BY {0} LIMIT ?",
                  place.column, place.table);
  std::int64_t missing = 0;
  std::string last;
  for (;;) {
    SqlRows rows;
    MR_CHECK(catalog.read([&](Connection& connection) -> Result<void> {
      MR_TRY(rows, connection.query(sql, {last, kAtOnce}));
      return {};
    }));
    if (rows.rows.empty()) return missing;
    for (const auto& row : rows.rows) {
      last = std::get<std::string>(row[0]);
      if (!blobs.stat(last).ok()) missing += std::get<std::int64_t>(row[1]);
    }
  }
}

}  // namespace

Result<bool> remove_unreferred(Blobs& blobs, Catalog& catalog, std::string_view sha256) {
  return blobs.remove_unless(sha256, [&] { return is_referred(catalog, sha256); });
}

void remove_content(Blobs& blobs, Catalog& catalog, std::string_view sha256) {
  const auto removed = remove_unreferred(blobs, catalog, sha256);
  if (removed.ok() || removed.error().code == Code::NotFound) return;
  spdlog::warn("a content that nothing names stays behind sha256={} error={}", sha256,
               removed.error().message);
}

Result<ContentCheck> collect_contents(Blobs& blobs, Catalog& catalog, CollectOptions options,
                                      const std::function<void(const BlobName&)>& each,
                                      const std::function<void(const BlobName&)>& damaged) {
  ContentCheck check;
  std::vector<BlobName> unreferred;
  Result<void> asked;
  MR_CHECK(blobs.list([&](const BlobName& name) {
    ++check.contents;
    check.bytes += name.size_bytes;
    auto referred = is_referred(catalog, name.sha256);
    if (!referred.ok()) {
      asked = std::move(referred).error();
    } else if (!*referred) {
      unreferred.push_back(name);
    } else if (options.verify && !blobs.verify(name.sha256).ok()) {
      ++check.damaged;
      damaged(name);
    }
  }));
  MR_CHECK(std::move(asked));
  for (const auto& name : unreferred) {
    if (!options.is_dry_run) {
      const auto removed = remove_unreferred(blobs, catalog, name.sha256);
      const bool is_gone_before = !removed.ok() && removed.error().code == Code::NotFound;
      if (!is_gone_before) MR_CHECK(removed);
      // Somebody was faster, or has come to refer to it.
      if (is_gone_before || !*removed) continue;
    }
    ++check.unreferred;
    check.unreferred_bytes += name.size_bytes;
    each(name);
  }
  for (const Place& place : places()) {
    MR_TRY(const auto missing, count_missing(blobs, catalog, place));
    check.missing += missing;
  }
  return check;
}

}  // namespace millrace
