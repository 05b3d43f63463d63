#include "api/maisie/page.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace millrace::maisie {

Json Page::declared() {
  const Page usual;
  return {{"page",
           {{"type", "integer"},
            {"default", usual.number},
            {"doc", "number of the page; below 1 it is the first"}}},
          {"per_page",
           {{"type", "integer"},
            {"default", usual.size},
            {"doc", fmt::format("rows of a page, {} at the most; below 0 it is {}", kLargest,
                                usual.size)}}}};
}

Page Page::read(const api::Values& values) {
  const Page usual;
  Page page{.number = std::max<std::int64_t>(values.integer("page", usual.number), 1),
            .size = std::min(values.integer("per_page", usual.size), kLargest)};
  if (page.size < 0) page.size = usual.size;
  return page;
}

std::int64_t Page::offset() const {
  constexpr std::int64_t kFarthest = std::int64_t{1} << 40;  // no list is that long
  return std::min(number - 1, kFarthest) * limit();
}

Json Page::envelope(std::int64_t total) const {
  const std::int64_t pages = size > 0 ? (total + size - 1) / size : 0;
  return {{"has_next", number < pages},
          {"has_prev", size > 0 && number > 1},
          {"page", number},
          {"per_page", size},
          {"total_pages", pages},
          {"total_items", total}};
}

}  // namespace millrace::maisie
