#include "engine/catalog/change_limits.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace millrace {

bool is_plain(const Entity& entity) {
  const bool has_functions = entity.forget != nullptr || entity.derive != nullptr ||
                             entity.complete != nullptr || entity.check_deletion != nullptr;
  return !has_functions &&
         std::none_of(entity.columns.begin(), entity.columns.end(), [](const auto& column) {
           return !column.rules.contains.table.empty() || !column.related.named.empty();
         });
}

std::size_t most_rows_at_once(const Entity& entity) {
  return is_plain(entity) ? kMostRowsAtOnce : kMostSingleRowsAtOnce;
}

Error too_many_rows(const Entity& entity, std::size_t most) {
  return {
      Code::InvalidArgument,
      fmt::format("catalog change: more than {} rows of {} at once; make several changes of them",
                  most, entity.name)};
}

std::size_t plain_rows(const Entity& entity, std::size_t rows) {
  return rows * kMostRowsAtOnce / most_rows_at_once(entity);
}

}  // namespace millrace
