#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"

namespace millrace {
class Catalog;
}

namespace millrace::maisie {

/// What a token of a user is worth.
struct KnownUser {
  std::int64_t tokens_since = 0;  // seconds since 1970: what was issued before is no good
  bool is_disabled = false;
};

/// Says what a user's tokens are worth, without a query for each request: what was found is
/// believed for a second, so a change by another engine, or at the command line, tells within that
/// time. Ids are never used again, so nothing is kept of who is gone. At most some 8 MB. [any
/// thread]
class KnownUsers {
 public:
  static constexpr std::chrono::milliseconds kTrust{1'000};
  static constexpr std::size_t kMostUsers = 65'536;

  KnownUsers(Catalog& catalog, const Clock& clock, std::size_t most = kMostUsers)
      : catalog_{catalog}, clock_{clock}, most_{most} {}

  /// Nothing: there is no such user. Asks the catalog where it must: not for the HTTP threads.
  Result<std::optional<KnownUser>> find(std::int64_t user);
  /// Told of a change or deletion, so that it counts at once.
  void forget(std::int64_t user);

 private:
  struct Asked {
    Clock::Steady when;
    KnownUser user;
  };

  Catalog& catalog_;
  const Clock& clock_;
  const std::size_t most_;
  std::mutex mutex_;                               // guards the rest
  std::unordered_map<std::int64_t, Asked> asked_;  // users that were there
  std::uint64_t forgotten_ = 0;  // how often: an answer from before a change is not kept
};

}  // namespace millrace::maisie
