#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "api/http/blocking_work.hpp"
#include "api/http/body_budget.hpp"
#include "api/http/server.hpp"

namespace millrace::http {

/// What all connections of a server share. Owned by the server, outlives its threads. [any thread]
struct Commons {
  explicit Commons(const ServerSettings& settings);

  /// Shared, weakly, with the sinks of bodies.
  const std::shared_ptr<BlockingWork> blocking = std::make_shared<BlockingWork>();
  /// Shared with the bodies of requests, which may outlive the server.
  const std::shared_ptr<BodyBudget> body_memory, body_files;
  const std::filesystem::path body_folder;
  const std::size_t most_connections;
  std::atomic<std::size_t> connections{0};  // open, of all listeners
};

}  // namespace millrace::http
