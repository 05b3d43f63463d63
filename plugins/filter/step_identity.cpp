#include "plugins/filter/step_identity.hpp"

#include <string>
#include <utility>

#include "plugins/records/columns.hpp"
#include "plugins/records/identity.hpp"

namespace millrace::records {

Batch with_step(Batch rows, std::string_view node) {
  if (!rows.has(kIdentity)) return rows;
  const auto identities = rows.column<std::string_view>(kIdentity);
  Builder<std::string_view> steps;
  steps.reserve(identities.size());
  std::string text;
  for (std::int64_t row = 0; row < identities.size(); ++row) {
    const auto identity = identities[row];
    if (!identity) {
      steps.append_null();
      continue;
    }
    text.clear();
    append_identity(text, *identity, node, 0);
    steps.append(std::string_view{text});
  }
  return std::move(rows).with(kIdentity, std::move(steps));
}

}  // namespace millrace::records
