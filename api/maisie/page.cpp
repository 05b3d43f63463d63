#include "api/maisie/page.hpp"

#include <algorithm>

namespace millrace::maisie {

namespace {

void read_integer(const Fields& fields, std::string_view name, std::int64_t& place,
                  FieldFaults& faults) {
  const auto given = fields.find(name);
  if (!given) return;
  const auto read = integer_of(*given);
  if (const auto* number = std::get_if<std::int64_t>(&read)) {
    place = *number;
  } else {
    faults.add(name, std::get<std::string>(read));
  }
}

}  // namespace

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

Page read_page(const Fields& fields, FieldFaults& faults) {
  Page page;
  read_integer(fields, "page", page.number, faults);
  read_integer(fields, "per_page", page.size, faults);
  page.number = std::max<std::int64_t>(page.number, 1);
  if (page.size < 0) page.size = 20;
  page.size = std::min(page.size, Page::kLargest);
  return page;
}

}  // namespace millrace::maisie
