#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace millrace {

/// A bound that somebody can run into, as `millrace limits` shows it. Its value is that of the
/// constant, or of the default of the setting, by which the code keeps it.
struct Limit {
  std::string_view name;  // "http.head_bytes": the component, and what is bounded
  std::uint64_t value;
  std::string_view unit;       // "bytes", "s", or what is counted
  std::string_view doc;        // of what, and what becomes of one more
  std::string_view setting{};  // that changes it: "--connections"; empty: none does
};

using Limits = std::vector<Limit>;

}  // namespace millrace
