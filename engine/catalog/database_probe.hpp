#pragma once

#include <memory>
#include <mutex>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Asks a database whether it answers, on a connection of its own that waits for a second at each
/// step; two or three seconds in all. [any thread; blocks]
class DatabaseProbe {
 public:
  explicit DatabaseProbe(Database& database) : database_{database} {}

  Result<void> ask();

 private:
  Database& database_;
  std::mutex mutex_;  // guards idle_
  std::unique_ptr<Connection> idle_;
};

}  // namespace millrace
