#include "engine/catalog/database_probe.hpp"

#include <chrono>
#include <utility>

#include "engine/catalog/part.hpp"
#include "engine/catalog/revision.hpp"

namespace millrace {

namespace {

// A connection that the server has closed fails at once; one to a silent server after a second.
constexpr std::chrono::milliseconds kAtOnce{500};

}  // namespace

Result<void> DatabaseProbe::ask() {
  const auto began = std::chrono::steady_clock::now();
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock{mutex_};
    connection = std::move(idle_);
  }
  const bool is_old = connection != nullptr;
  if (!is_old) {
    MR_TRY(connection, database_.connect(Database::Use::Probe));
  }
  auto asked = read_revision(*connection, kRegistry);
  if (!asked.ok() && is_old && std::chrono::steady_clock::now() - began < kAtOnce)
    asked = read_revision(*connection, kRegistry);
  if (!asked.ok()) return std::move(asked).error();
  const std::lock_guard lock{mutex_};
  idle_ = std::move(connection);
  return {};
}

}  // namespace millrace
