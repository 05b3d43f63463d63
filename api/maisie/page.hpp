#pragma once

#include <cstdint>

#include "api/route/values.hpp"
#include "engine/base/json.hpp"

namespace millrace::maisie {

/// Which rows of a list are wanted, by the rules of the document: nothing is refused but what is no
/// integer.
struct Page {
  std::int64_t number = 1;
  std::int64_t size = 20;

  static constexpr std::int64_t kLargest = 1000;

  /// The parameters page and per_page, as a route declares them.
  static Json declared();
  static Page read(const api::Values& values);

  [[nodiscard]] std::int64_t limit() const { return size > 0 ? size : 1; }
  [[nodiscard]] std::int64_t offset() const;
  /// {"has_next", "has_prev", "page", "per_page", "total_pages", "total_items"}
  [[nodiscard]] Json envelope(std::int64_t total) const;
};

}  // namespace millrace::maisie
