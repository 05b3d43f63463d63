#pragma once

#include <optional>
#include <string>

#include <millrace/client/base_action.hpp>

namespace millrace::client {

/// The projects of the registry.
class Projects : public BaseAction {
 public:
  explicit Projects(const ConfigSource& source = {}) : BaseAction{source, "projects"} {}

  /// Makes a project in the selected workspace.
  Json create(const std::string& name, const std::optional<std::string>& description = std::nullopt,
              const std::optional<std::string>& git_url = std::nullopt);
  /// The setting selected_project as it was given, null when it is unset.
  [[nodiscard]] Json selected() const { return config()->get("selected_project"); }
};

}  // namespace millrace::client
