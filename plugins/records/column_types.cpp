#include "plugins/records/column_types.hpp"

#include "plugins/records/raw_json.hpp"

namespace millrace::records {

std::string column_types(const std::vector<ColumnType>& columns) {
  std::string json = "{";
  for (const auto& [name, type] : columns) {
    if (json.size() > 1) json.push_back(',');
    raw::append_quoted(json, name);
    json.push_back(':');
    raw::append_quoted(json, type);
  }
  return json + '}';
}

}  // namespace millrace::records
