#include "plugins/records/column_types.hpp"

#include "plugins/records/raw_json.hpp"

namespace millrace::records {

ColumnTypes& ColumnTypes::add(std::string_view name, std::string_view types) {
  if (name.empty() || !names_.emplace(name).second) return *this;
  if (!members_.empty()) members_.append(", ");
  raw::append_quoted(members_, name);
  members_.append(": ");
  raw::append_quoted(members_, types);
  return *this;
}

}  // namespace millrace::records
