#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace millrace {
class Catalog;
}

namespace millrace::maisie {

/// Says whether the user of a token is still there, without a query for each request: whoever was
/// found is believed to be there for a second, so a deletion by another engine, or at the command
/// line, tells within that time. Ids are never used again, so nothing is kept of who is gone. At
/// most some 6 MB. [any thread]
class KnownUsers {
 public:
  static constexpr std::chrono::milliseconds kTrust{1'000};

  KnownUsers(Catalog& catalog, const Clock& clock) : catalog_{catalog}, clock_{clock} {}

  /// Asks the catalog where it must: not for the HTTP threads.
  Result<bool> is_there(std::int64_t user);
  /// Told of a deletion, so that it counts at once.
  void forget(std::int64_t user);

 private:
  static constexpr std::size_t kMostUsers = 65'536;

  Catalog& catalog_;
  const Clock& clock_;
  std::mutex mutex_;  // guards the rest
  std::unordered_map<std::int64_t, Clock::Steady> asked_;  // when, of users that were there
  std::uint64_t forgotten_ = 0;  // how often: an answer from before a deletion is not kept
};

}  // namespace millrace::maisie
