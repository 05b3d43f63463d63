#pragma once

#include "engine/base/clock.hpp"

namespace millrace {

/// While one of these lives, whatever its thread asks of a catalog is answered by a time, or with
/// DeadlineExceeded; of several the nearest counts. So a request has one limit for all that it
/// asks, its sign-in included. [the thread that made it]
class CatalogTimeLimit {
 public:
  explicit CatalogTimeLimit(Clock::Steady until);
  ~CatalogTimeLimit();
  CatalogTimeLimit(const CatalogTimeLimit&) = delete;
  CatalogTimeLimit& operator=(const CatalogTimeLimit&) = delete;

  /// Returns the limit of the calling thread; the maximum: there is none.
  static Clock::Steady of_this_thread();

 private:
  Clock::Steady before_;
};

}  // namespace millrace
