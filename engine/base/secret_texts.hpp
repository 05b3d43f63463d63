#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/json.hpp"

namespace millrace {

/// The secrets that a run was told, to keep them out of what it tells: whoever writes an error or a
/// line of the log may quote what he was given. [any thread]
class SecretTexts {
 public:
  /// A shorter one is found in any text by chance, and is not looked for.
  static constexpr std::size_t kLeastBytes = 4;
  static constexpr std::size_t kMost = 1'000;

  void add(std::string_view secret);
  /// Adds all texts of a value, but no names of members.
  void add_all(const Json& value);
  /// Returns the text with "***" in the place of each secret.
  [[nodiscard]] std::string hide(std::string_view text) const;

 private:
  mutable std::mutex mutex_;                       // guards secrets_
  std::set<std::string, std::greater<>> secrets_;  // what begins with another stands before it
};

}  // namespace millrace
