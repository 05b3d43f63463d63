#pragma once

#include <optional>
#include <string>

#include <millrace/client/base_action.hpp>

namespace millrace::client {

/// The workspaces of the registry.
class Workspaces : public BaseAction {
 public:
  explicit Workspaces(const ConfigSource& source = {}) : BaseAction{source, "workspaces"} {}

  Json create(const std::string& name,
              const std::optional<std::string>& description = std::nullopt);
  /// The setting selected_workspace as it was given, null when it is unset.
  [[nodiscard]] Json selected() const { return config()->get("selected_workspace"); }
};

}  // namespace millrace::client
