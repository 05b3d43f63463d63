// The commands of a registry's projects, users and workspaces; those of models have a file of their
// own.
#include <memory>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/new_user.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/password_prompt.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/registry.hpp"

namespace millrace::tool {
namespace {

using Call = std::shared_ptr<RegistryCall>;  // shared with the callbacks, of which one runs later
using Config = std::shared_ptr<client::Config>;

struct Group {
  CLI::App* app;
  Call call;
};

Group add_group(CLI::App& app, Program& program, const RegistryKind& kind, const std::string& doc) {
  auto* group = app.add_subcommand(std::string{kind.group}, doc);
  group->require_subcommand(1);
  group->fallthrough();
  const auto call = std::make_shared<RegistryCall>();
  call->program = &program;
  add_settings_option(*group, *call);
  return {group, call};
}

// Adds `ls` and `rm`.
template <class Resource>
void add_common(const Group& group, Program& program, const RegistryKind& kind,
                const std::string& title) {
  const auto make = [](const Config& config) { return std::make_shared<Resource>(config); };
  add_registry_ls(*group.app, program, group.call, kind, title, make);
  add_registry_rm(*group.app, program, group.call, kind, title, make);
}

struct Words {
  std::string name, description, git_url;
};

void add_project(const Group& group, Program& program) {
  auto* command = group.app->add_subcommand("add", "Makes a project in the selected workspace");
  const auto given = std::make_shared<Words>();  // shared with the callback, which runs later
  command->add_option("--name,-n", given->name, "Name of the project");
  command->add_option("--description,-d", given->description, "What it is");
  command->add_option("--git-url,--git_url,--git", given->git_url,
                      "Address of its git repository (-git as well)");
  command->footer("They are asked for when they are absent.");
  command->callback([&program, command, given, call = group.call] {
    program.action = [&program, command, given, call] {
      if (!ask_missing({{command, "--name", "Project's name", &given->name},
                        {command, "--description", "Project's description", &given->description},
                        {command, "--git-url", "Git Repository (URL)", &given->git_url}})) {
        return aborted();
      }
      return call->run([&](const Config& config) {
        client::Projects projects{config};
        const auto made = projects.create(given->name, given->description, given->git_url);
        return show_objects(program, "List of projects", projects_kind(), made,
                            projects.last_reply());
      });
    };
  });
}

int add_user_over_api(const Program& program, const RegistryCall& call, const CLI::App& command,
                      NewUser& given) {
  if (!ask_missing({{&command, "--login", "User's login", &given.login},
                    {&command, "--name", "User's name", &given.name},
                    {&command, "--email", "User's email", &given.email}})) {
    return aborted();
  }
  const auto password = password_of(given);
  if (!password.ok()) {
    complain(password.error().message);
    return given.password_file.empty() ? aborted() : exit_code(password.error().code);
  }
  return call.run([&](const Config& config) {
    client::Users users{config};
    const auto made = users.create(given.login, given.name, given.email, *password);
    return show_objects(program, "List of users", users_kind(), made, users.last_reply());
  });
}

void add_user_command(const Group& group, Program& program, AddUserHere add_here) {
  auto* command = group.app->add_subcommand("add", "Makes a user");
  const auto given = std::make_shared<NewUser>();  // shared with the callback, which runs later
  command->add_option("--login,-l", given->login, "What the user signs in with");
  command->add_option("--name,-n", given->name, "Full name");
  command->add_option("--email,-e", given->email, "Email address");
  command
      ->add_option("--password", given->password,
                   "The password, which others may see in the list of processes; asked for when "
                   "no text follows")
      ->expected(0, 1);
  command->add_option("--password-file", given->password_file,
                      "File whose first line is the user's password");
  const auto here = std::make_shared<std::string>();  // as above: the login of a user to add here
  if (add_here != nullptr) {
    command->description(
        "Makes a user: over the API, or, with LOGIN as a word of its own, in the catalog of the "
        "data folder");
    auto* login =
        command->add_option("LOGIN", *here, "What a user of the data folder signs in with")
            ->excludes(command->get_option("--login"));
    command->add_flag("--admin", given->is_admin, "An administrator, who may change other users")
        ->needs(login);
  }
  command->footer(
      "What the API needs is asked for when it is absent; the password, hidden and twice, when "
      "there is no other word of it.");
  command->callback([&program, command, given, here, add_here, call = group.call] {
    program.action = [&program, command, given, here, add_here, call] {
      if (here->empty()) return add_user_over_api(program, *call, *command, *given);
      given->login = *here;
      return add_here(program, *given);
    };
  });
}

void add_workspace(const Group& group, Program& program) {
  auto* command = group.app->add_subcommand("add", "Makes a workspace");
  const auto given = std::make_shared<Words>();  // shared with the callback, which runs later
  command->add_option("--name,-n", given->name, "Name of the workspace");
  command->add_option("--description,-d", given->description, "What it is");
  command->footer("They are asked for when they are absent.");
  command->callback([&program, command, given, call = group.call] {
    program.action = [&program, command, given, call] {
      if (!ask_missing(
              {{command, "--name", "Workspace's name", &given->name},
               {command, "--description", "Workspace's description", &given->description}})) {
        return aborted();
      }
      return call->run([&](const Config& config) {
        client::Workspaces workspaces{config};
        const auto made = workspaces.create(given->name, given->description);
        return show_objects(program, "List of workspaces", workspaces_kind(), made,
                            workspaces.last_reply());
      });
    };
  });
}

}  // namespace

void add_registry(CLI::App& app, Program& program, AddUserHere add_here) {
  const auto projects = add_group(app, program, projects_kind(), "Projects of a registry");
  add_project(projects, program);
  add_common<client::Projects>(projects, program, projects_kind(), "List of projects");
  add_project_stages(*projects.app, program, projects.call);
  const auto users = add_group(app, program, users_kind(), "Users of a registry");
  add_user_command(users, program, add_here);
  add_common<client::Users>(users, program, users_kind(), "List of users");
  const auto workspaces = add_group(app, program, workspaces_kind(), "Workspaces of a registry");
  add_workspace(workspaces, program);
  add_common<client::Workspaces>(workspaces, program, workspaces_kind(), "List of workspaces");
}

}  // namespace millrace::tool
