#include <algorithm>

#include <millrace/sql/table.hpp>

namespace millrace::sql {

namespace {

bool is_same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&lower](char left, char right) { return lower(left) == lower(right); });
}

}  // namespace

const ColumnInfo* TableInfo::column(std::string_view name) const {
  const auto found = std::find_if(columns.begin(), columns.end(), [name](const ColumnInfo& one) {
    return is_same_name(one.name, name);
  });
  return found == columns.end() ? nullptr : &*found;
}

bool TableInfo::has_index_on(std::string_view column) const {
  return std::any_of(indexes.begin(), indexes.end(), [column](const IndexInfo& index) {
    return !index.columns.empty() && is_same_name(index.columns.front(), column);
  });
}

}  // namespace millrace::sql
