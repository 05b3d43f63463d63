#include "engine/job/model_files.hpp"

#include <string>
#include <vector>

#include "engine/catalog/catalog.hpp"

namespace millrace {

namespace {

Result<bool> is_referred(Catalog& catalog, std::string_view sha256) {
  bool is_found = false;
  MR_CHECK(catalog.read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows,
           connection.query("SELECT 1 FROM models WHERE file_sha256 = ? LIMIT 1", {std::string{sha256}}));
    is_found = !rows.rows.empty();
    return {};
  }));
  return is_found;
}

// Counts models whose content is not in the store.
Result<std::int64_t> count_missing(Blobs& blobs, Catalog& catalog) {
  constexpr std::int64_t kAtOnce = 1'000;
  std::int64_t missing = 0;
  std::string last;
  for (;;) {
    SqlRows rows;
    MR_CHECK(catalog.read([&](Connection& connection) -> Result<void> {
      MR_TRY(rows, connection.query("SELECT file_sha256, COUNT(*) FROM models WHERE file_sha256 > ? "
                                    "GROUP BY file_sha256 ORDER BY file_sha256 LIMIT ?",
                                    {last, kAtOnce}));
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

Result<ModelFileCheck> collect_model_files(Blobs& blobs, Catalog& catalog, CollectOptions options,
                                           const std::function<void(const BlobName&)>& each,
                                           const std::function<void(const BlobName&)>& damaged) {
  ModelFileCheck check;
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
      MR_TRY(const bool is_gone, remove_unreferred(blobs, catalog, name.sha256));
      if (!is_gone) continue;  // somebody has come to refer to it
    }
    ++check.unreferred;
    check.unreferred_bytes += name.size_bytes;
    each(name);
  }
  MR_TRY(check.missing, count_missing(blobs, catalog));
  return check;
}

}  // namespace millrace
