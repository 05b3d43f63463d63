#include "api/route/route.hpp"

#include <algorithm>

namespace millrace::api {

const Batch* rows_of(const Outcome& outcome, std::string_view node) {
  const auto found = std::find_if(outcome.rows.begin(), outcome.rows.end(),
                                  [node](const auto& emitted) { return emitted.node == node; });
  return found == outcome.rows.end() ? nullptr : &found->rows;
}

}  // namespace millrace::api
