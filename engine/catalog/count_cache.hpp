#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "engine/catalog/database.hpp"

namespace millrace {

struct CompiledQuery;

/// Counts of rows that only changes write (is_changeable), for as long as nothing has changed. Holds
/// for several engines at one database, which share the revision. [any thread]
class CountCache {
 public:
  Result<std::int64_t> count(Connection& connection, const CompiledQuery& query);

 private:
  static constexpr std::size_t kMostCounts = 4'096;
  static constexpr std::size_t kLongestKey = 2'048;  // bytes; a longer question is always asked

  std::mutex mutex_;  // guards all below
  std::int64_t revision_ = -1;
  std::unordered_map<std::string, std::int64_t> counts_;  // of that revision
};

}  // namespace millrace
