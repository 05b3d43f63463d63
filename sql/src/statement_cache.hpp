#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <millrace/sql/connection.hpp>

namespace millrace::sql {

/// The prepared statements of a session by their text; at most kMostStatements, of which the least
/// recently used makes room.
template <class Statement>
class StatementCache {
 public:
  /// Returns the statement, which `make` prepares where it is not there yet.
  template <class Make>
  Statement& get(std::string_view sql, const Make& make) {
    ++uses_;
    auto found = kept_.find(sql);
    if (found == kept_.end()) {
      Statement made = make();
      if (kept_.size() >= kMostStatements) kept_.erase(least_used());
      found = kept_.emplace(std::string{sql}, Kept{std::move(made), 0}).first;
    }
    found->second.last_use = uses_;
    return found->second.statement;
  }
  void clear() { kept_.clear(); }

 private:
  struct Kept {
    Statement statement;
    std::uint64_t last_use;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  auto least_used() {
    return std::min_element(kept_.begin(), kept_.end(), [](const auto& a, const auto& b) {
      return a.second.last_use < b.second.last_use;
    });
  }

  std::unordered_map<std::string, Kept, Hash, std::equal_to<>> kept_;
  std::uint64_t uses_ = 0;
};

}  // namespace millrace::sql
