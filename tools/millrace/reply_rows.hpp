#pragma once

#include <mutex>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/json.hpp"
#include "engine/run/run.hpp"

namespace millrace::tool {

/// Returns the rows of a batch, each an object with a member for each column: bytes as Base64,
/// times as text (RFC 3339), and without the column that the engine keeps for itself.
std::vector<Json> rows_json(const Batch& batch);

/// The rows that the newest job has given back, which is the one that a person waits for. [any
/// thread]
class ReplyRows {
 public:
  void take(JobId job, std::vector<NodeRows> rows);
  [[nodiscard]] std::vector<NodeRows> give();

 private:
  std::mutex mutex_;  // guards the two below
  JobId newest_{};
  std::vector<NodeRows> rows_;
};

}  // namespace millrace::tool
