#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/recent_table.hpp"
#include "engine/catalog/query.hpp"

namespace millrace {

/// The rows that a Rows column shows of one row, kept by that row and by who sees them, for as long
/// as their revision stands. Holds for several engines at one database, which share the revisions.
/// [any thread]
class RelatedCache {
 public:
  static constexpr std::size_t kMostBytes = 16 * 1024 * 1024;

  explicit RelatedCache(std::size_t most_bytes = kMostBytes) : most_bytes_{most_bytes} {}

  /// Returns what query_related() does. Asks at once for all that is not known at `revision`, which
  /// was read in front of this.
  Result<RelatedItems> ask(Connection& connection, const RelatedRows& related,
                           const std::vector<std::int64_t>& ids, std::string_view owner,
                           std::int64_t revision);

 private:
  static constexpr std::size_t kEntryBytes = 2'048;  // of an entry, besides its key and its values

  struct Items {
    std::int64_t revision = 0;
    Batch rows{};
    std::size_t bytes = 0;
  };

  std::optional<Batch> find(std::string_view key, std::int64_t revision);
  void keep(const std::string& key, std::int64_t revision, const Batch& items);

  const std::size_t most_bytes_;
  std::mutex mutex_;  // guards all below
  std::size_t bytes_ = 0;
  RecentTable<Items> items_{most_bytes_ / kEntryBytes + 1};  // by entity, owner and id
};

}  // namespace millrace
