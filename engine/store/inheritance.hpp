#pragma once

#include <functional>
#include <string_view>

namespace millrace {

/// How an attempt gets the stage of an earlier one of its job.
struct Inheritance {
  /// Whether the process that wrote the earlier stage can still write to it.
  enum class Writer { MayLive, Dead };

  std::string_view from, to;  // owners
  Writer writer = Writer::MayLive;
  /// Asked between two steps of a copy, of 8 MiB at most each; when it says yes the result is
  /// Cancelled. A place to renew a lease.
  std::function<bool()> stopping{};
};

}  // namespace millrace
