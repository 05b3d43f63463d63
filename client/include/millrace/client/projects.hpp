#pragma once

#include <cstdint>
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

  // What millrace serves beyond the document of the API. A list takes the filters `name` (of the
  // models) and `stage`.

  /// Returns a page of the stages of a project, each with the model that is in force there.
  Json stages(std::int64_t id, const ListOptions& options = {});
  /// Returns a page of the events of a project, the newest first.
  Json promotions(std::int64_t id, const ListOptions& options = {});
  /// Puts the model that was in force before in force again; returns the event.
  Json roll_back(std::int64_t id, const std::string& name, const std::string& stage,
                 const std::optional<std::string>& comment = std::nullopt);
  /// Leaves a stage without a model; returns the event.
  Json retire(std::int64_t id, const std::string& name, const std::string& stage,
              const std::optional<std::string>& comment = std::nullopt);

  /// The setting selected_project as it was given, null when it is unset.
  [[nodiscard]] Json selected() const { return config()->get("selected_project"); }
};

}  // namespace millrace::client
