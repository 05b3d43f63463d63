#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <millrace/client/base_action.hpp>

namespace millrace::client {

/// The users of the registry.
class Users : public BaseAction {
 public:
  explicit Users(const ConfigSource& source = {}) : BaseAction{source, "users"} {}

  Json create(const std::string& login, const std::optional<std::string>& name,
              const std::optional<std::string>& email, const std::string& password);
  /// The documented spelling of remove().
  Json detele(std::int64_t id) { return remove(id); }
};

}  // namespace millrace::client
