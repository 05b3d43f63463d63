#include "engine/catalog/time_limit.hpp"

#include <algorithm>

namespace millrace {

namespace {

thread_local Clock::Steady limit_of_thread = Clock::Steady::max();

}  // namespace

CatalogTimeLimit::CatalogTimeLimit(Clock::Steady until) : before_{limit_of_thread} {
  limit_of_thread = std::min(before_, until);
}

CatalogTimeLimit::~CatalogTimeLimit() { limit_of_thread = before_; }

Clock::Steady CatalogTimeLimit::of_this_thread() { return limit_of_thread; }

}  // namespace millrace
