#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/recent_table.hpp"
#include "engine/catalog/query.hpp"

namespace millrace {

/// Compiles queries, and keeps those whose conditions compare columns with single values: another
/// that differs in these values alone is not compiled again. [any thread]
class CompiledQueries {
 public:
  static constexpr std::size_t kMost = 256;

  /// Returns what compile_query() does.
  Result<CompiledQuery> compile(const Json& query, std::string_view owner);

 private:
  struct Kept {
    CompiledQuery query;                        // its values are those behind the ones below
    bool has_owner = false;                     // the first value is the owner
    std::vector<const EntityColumn*> compared;  // with the next values
  };

  std::mutex mutex_;                                      // guards kept_
  RecentTable<std::shared_ptr<const Kept>> kept_{kMost};  // by shape; shared with those who bind
};

}  // namespace millrace
