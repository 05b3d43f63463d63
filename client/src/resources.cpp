#include <millrace/client/projects.hpp>
#include <millrace/client/users.hpp>
#include <millrace/client/workspaces.hpp>

namespace millrace::client {

Json Projects::create(const std::string& name, const std::optional<std::string>& description,
                      const std::optional<std::string>& git_url) {
  return BaseAction::create({{"name", name},
                             {"description", description},
                             {"git_url", git_url},
                             {"workspace_id", setting("selected_workspace")}});
}

Json Users::create(const std::string& login, const std::optional<std::string>& name,
                   const std::optional<std::string>& email, const std::string& password) {
  return BaseAction::create(
      {{"login", login}, {"name", name}, {"email", email}, {"password", password}});
}

Json Workspaces::create(const std::string& name, const std::optional<std::string>& description) {
  return BaseAction::create({{"name", name}, {"description", description}});
}

}  // namespace millrace::client
