#pragma once

#include <string>

#include <millrace/client/json.hpp>

namespace millrace::client {

/// What the server answered to one request.
struct Reply {
  long status = 0;        // 0: no answer
  Json body{};            // null when the answer is no JSON
  std::string problem{};  // empty: the answer is a success

  [[nodiscard]] bool ok() const { return problem.empty(); }
};

}  // namespace millrace::client
