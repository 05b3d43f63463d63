#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

/// What a node needs beside a thread that calls it: declared by its operator, or in the pipeline.
struct Resources {
  enum class Kind { Compute, Wait, Train };

  static constexpr std::int64_t kMostThreads = 1024;
  static constexpr std::int64_t kMostMemoryBytes = std::int64_t{1} << 50;

  std::int64_t threads = 0;       // that it uses of its own while it is called
  std::int64_t memory_bytes = 0;  // that it keeps
  std::optional<Kind> kind;       // absent: as `blocking` says

  [[nodiscard]] bool empty() const { return threads == 0 && memory_bytes == 0 && !kind; }
};

/// Reads {"threads", "memory_bytes", "class": "compute" | "wait" | "train"}, all optional.
/// DataInvalid names the member.
Result<Resources> read_resources(const Json& json);
Json to_json(const Resources& resources);

}  // namespace millrace
