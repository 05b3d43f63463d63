#pragma once

#include <string>
#include <string_view>

#include "plugins/records/raw_json.hpp"

namespace millrace::preprocess {

/// Columns with their types as a JSON object, for the traits "reads" and "adds".
class ColumnTypes {
 public:
  /// Of a name that is there already, the first types count; one that is empty is no column.
  ColumnTypes& add(std::string_view name, std::string_view types) {
    std::string member;
    records::raw::append_quoted(member, name);
    member.append(": ");
    if (name.empty() || json_.find(", " + member) != std::string::npos) return *this;
    records::raw::append_quoted(member, types);
    json_.append(", ").append(member);
    return *this;
  }
  [[nodiscard]] std::string json() const {
    return '{' + (json_.empty() ? json_ : json_.substr(2)) + '}';
  }

 private:
  std::string json_;  // ", " before each member
};

}  // namespace millrace::preprocess
