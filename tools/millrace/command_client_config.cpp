#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <spawn.h>
#include <sstream>
#include <unistd.h>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/password_prompt.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/registry.hpp"

#include <sys/stat.h>
#include <sys/wait.h>

namespace millrace::tool {
namespace {

using client::Settings;

bool is_secret(std::string_view name) {
  return name == "auth_user_password" || name == "auth_app_token";
}

// What a table shows of a setting.
Json shown_value(const Settings& settings, std::string_view name) {
  const auto* value = settings.find(name);
  if (value == nullptr || value->is_null()) return nullptr;
  return is_secret(name) ? Json("***") : *value;
}

int list_settings(const Program& program, const std::string& file) {
  Settings settings{std::make_shared<client::Log>(registry_log(program))};
  try {
    client::FetchOptions options;
    if (!file.empty()) options.filename = file;
    settings.fetch(options);
  } catch (const client::ConfigInitializationError& error) {
    report({Code::InvalidArgument, error.what()}, program.json);
    return kUsage;
  }
  Json list = Json::array();
  std::vector<std::vector<Cell>> rows{{text_cell("key"), text_cell("value"), text_cell("source")}};
  for (const auto name : Settings::names()) {
    const auto key = Settings::environment_name(name);
    const auto value = shown_value(settings, name);
    const auto source = settings.getsource(name);
    list.push_back({{"key", key}, {"value", value}, {"source", source ? Json(*source) : Json{}}});
    rows.push_back(
        {text_cell(key), text_cell(value_text(value)), text_cell(source.value_or("None"))});
  }
  if (program.json) {
    print_json(list);
  } else {
    print(box_table("Configuration", rows, is_coloured()));
  }
  return kOk;
}

// One setting as an option of `generate`.
struct SettingOption {
  std::string_view setting;
  const char* names;
  const char* doc;
};

constexpr std::array<SettingOption, 11> kOptions{
    {{"api_url", "--api-url,--api_url,--url", "Address of the registry, with /api/v1"},
     {"api_page", "--api-page,--api_page,--page", "Page of lists"},
     {"api_per_page", "--api-per-page,--api_per_page,--per_page", "Objects on a page"},
     {"git_local_repo", "--git-local-repo,--git_local_repo,--repo", "Folder of a git repository"},
     {"auth_user_login", "--auth-user-login,--auth_user_login,--login", "Login"},
     {"auth_ssh_key", "--auth-ssh-key,--auth_ssh_key,--key", "File of an SSH key"},
     {"logging_enable", "--logging-enable,--logging_enable,--enable", "Whether there is a log"},
     {"logging_level", "--logging-level,--logging_level,--level", "From which level on"},
     {"logging_file", "--logging-file,--logging_file", "File of the log"},
     {"selected_project", "--selected-project,--selected_project,--project", "Number of a project"},
     {"selected_workspace", "--selected-workspace,--selected_workspace,--workspace",
      "Number of a workspace"}}};

struct GenerateArguments {
  std::map<std::string, std::string, std::less<>> values{{"api_page", "1"},
                                                         {"api_per_page", "10"},
                                                         {"logging_enable", "True"},
                                                         {"logging_level", "INFO"}};
  bool asks_password = false, asks_token = false;
  std::string folder = ".";
};

// Writes a file that only its owner can read, from the first byte on; an older one is replaced.
Result<void> write_private(const std::filesystem::path& file, std::string_view text) {
  auto stage = file.string() + ".XXXXXX";
  const int descriptor = ::mkstemp(stage.data());
  if (descriptor < 0) return system_error("write configuration", file.string(), errno);
  auto left = text;
  int failed = 0;
  while (failed == 0 && !left.empty()) {
    const auto put = ::write(descriptor, left.data(), left.size());
    if (put < 0 && errno != EINTR) failed = errno;
    if (put > 0) left.remove_prefix(static_cast<std::size_t>(put));
  }
  if (failed == 0 && ::fchmod(descriptor, 0600) != 0) failed = errno;
  if (::close(descriptor) != 0 && failed == 0) failed = errno;
  if (failed == 0 && ::rename(stage.c_str(), file.c_str()) != 0) failed = errno;
  if (failed == 0) return {};
  ::unlink(stage.c_str());
  return system_error("write configuration", file.string(), failed);
}

int generate(const Program& program, GenerateArguments& given) {
  for (const auto& [is_asked, setting, prompt] :
       {std::tuple{given.asks_password, "auth_user_password", "Password: "},
        std::tuple{given.asks_token, "auth_app_token", "App token: "}}) {
    if (!is_asked) continue;
    const auto secret = read_hidden(prompt);
    if (!secret.ok()) return aborted();
    given.values[setting] = *secret;
  }
  for (const auto& [name, value] : given.values) {
    if (value.find_first_of("\r\n") == std::string::npos) continue;
    complain("a setting is one line: " + name);
    return kUsage;
  }
  const auto file = std::filesystem::path{given.folder} / ".maisie";
  if (const auto written = write_private(file, settings_file_text(given.values)); !written.ok())
    return report(written.error(), program.json);
  if (program.json) {
    print_json({{"path", file.lexically_normal().string()}});
  } else {
    print("Configuration file successfully created\n");
  }
  return kOk;
}

// Runs the editor of the environment on a file, with this terminal.
int edit(const Program& program) {
  client::Log log{registry_log(program)};
  const auto file = client::find_settings_file(std::filesystem::current_path(), log).string();
  if (file.empty()) {
    return report({Code::NotFound, "there is no file .maisie in this folder or below it"},
                  program.json);
  }
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  std::istringstream words{editor == nullptr || *editor == '\0' ? "vi" : editor};
  std::vector<std::string> arguments{std::istream_iterator<std::string>{words}, {}};
  if (arguments.empty()) arguments.emplace_back("vi");
  arguments.push_back(file);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  pid_t process = 0;
  if (const int failed =
          ::posix_spawnp(&process, pointers[0], nullptr, nullptr, pointers.data(), environ);
      failed != 0) {
    return report(system_error("run editor", arguments[0], failed), program.json);
  }
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? kOk : kFailed;
}

void add_generate(CLI::App& group, Program& program) {
  auto* command = group.add_subcommand("generate", "Writes a file .maisie that only you can read");
  const auto given =
      std::make_shared<GenerateArguments>();  // shared with the callback, which runs later
  for (const auto& option : kOptions) {
    command->add_option_function<std::string>(
        option.names,
        [given, setting = option.setting](const std::string& value) {
          given->values[std::string{setting}] = value;
        },
        option.doc);
  }
  command->add_flag("--auth-user-password,--auth_user_password,--password", given->asks_password,
                    "Asks for the password");
  command->add_flag("--auth-app-token,--auth_app_token,--token", given->asks_token,
                    "Asks for the app token");
  command->add_option("--config-file-path,--config_file_path,--file", given->folder, "Folder");
  command->footer(
      "Example:\n  millrace client-config generate --url http://127.0.0.1:8080/maisie/api/v1 "
      "--login admin --password --project 1");
  command->callback([&program, given] {
    program.action = [&program, given] { return generate(program, *given); };
  });
}

}  // namespace

void add_client_config(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand(
      "client-config", "Settings of the registry's client: models, projects, users, workspaces");
  group->require_subcommand(1);
  group->fallthrough();
  auto* ls = group->add_subcommand("ls", "Lists the settings and where each comes from");
  const auto file = std::make_shared<std::string>();  // shared with the callback, which runs later
  ls->add_option("--settings", *file,
                 "File with them; default: a file .maisie in this folder or below it");
  ls->callback([&program, file] {
    program.action = [&program, file] { return list_settings(program, *file); };
  });
  add_generate(*group, program);
  auto* editor = group->add_subcommand(
      "edit", "Opens the first file .maisie of this folder, or below it, in $VISUAL or $EDITOR");
  editor->callback([&program] { program.action = [&program] { return edit(program); }; });
}

std::string settings_file_text(const std::map<std::string, std::string, std::less<>>& values) {
  std::string text, section;
  for (const auto name : Settings::names()) {
    const auto found = values.find(name);
    if (found == values.end()) continue;
    const auto middle = name.find('_');
    if (section != name.substr(0, middle)) {
      section = name.substr(0, middle);
      text += (text.empty() ? "[" : "\n[") + section + "]\n";
    }
    text += std::string{name.substr(middle + 1)} + " = " + found->second + "\n";
  }
  return text;
}

}  // namespace millrace::tool
