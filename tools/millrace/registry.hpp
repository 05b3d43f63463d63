#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/client.hpp>

#include "tools/millrace/program.hpp"
#include "tools/millrace/registry_table.hpp"

namespace CLI {
class App;
}

namespace millrace::tool {

/// What every command of the registry is given.
struct RegistryCall {
  const Program* program = nullptr;
  std::string settings;  // file of the client's settings; empty: those that are found

  /// Builds the Config, which signs in, and runs `work` with it. Faults of the settings and of
  /// local files are told, and are the exit code.
  [[nodiscard]] int run(
      const std::function<int(const std::shared_ptr<client::Config>&)>& work) const;
};

/// Returns what client::Log gives its lines to: what matters goes to stderr.
client::LogSink registry_log(const Program& program);

/// Shows objects as a table, or with --json as they came. When there are none because the server
/// refused or was away, tells so. Returns the exit code.
int show_objects(const Program& program, std::string_view title, const RegistryKind& kind,
                 const Json& objects, const client::Reply& reply);
/// Tells of a refusal, of which the log has told already, with --json; returns the exit code.
int refused(const Program& program, const client::Reply& reply);

/// An option that is asked for when it was not given.
struct Question {
  const CLI::App* command;
  const char* option;  // "--name"
  const char* text;    // "Model name"
  std::string* answer;
};
/// Asks on stderr for what was not given, and reads lines from the standard input. At its end
/// prints "Aborted!" and returns false.
bool ask_missing(std::initializer_list<Question> questions);
/// Prints "Aborted!"; returns its exit code.
int aborted();

/// Whether the standard output is a terminal, which gets colours.
bool is_coloured();

/// Adds the option --settings to a group.
void add_settings_option(CLI::App& group, RegistryCall& call);

/// One page of a list, or one object.
struct ListArguments {
  std::int64_t id = 0;         // 0: a list
  int page = 0, per_page = 0;  // 0: those of the settings
  std::string search;
  client::ListOptions options() const;
};
void add_list_options(CLI::App& command, ListArguments& arguments);

/// Add `ls`, with no filter but names, and `rm`, which deletes an object, to a group.
using MakeResource =
    std::function<std::shared_ptr<client::BaseAction>(const std::shared_ptr<client::Config>&)>;
void add_registry_ls(CLI::App& group, Program& program, const std::shared_ptr<RegistryCall>& call,
                     const RegistryKind& kind, const std::string& title, MakeResource make);
void add_registry_rm(CLI::App& group, Program& program, const std::shared_ptr<RegistryCall>& call,
                     const RegistryKind& kind, const std::string& title, MakeResource make);

/// Adds the subcommand `compare` of `models`.
void add_models_compare(CLI::App& group, Program& program,
                        const std::shared_ptr<RegistryCall>& call);

/// Adds the subcommands for versions, lineage and promotions to `models`.
void add_model_stages(CLI::App& group, Program& program, const std::shared_ptr<RegistryCall>& call);
/// Adds the subcommands for stages and promotions to `projects`.
void add_project_stages(CLI::App& group, Program& program,
                        const std::shared_ptr<RegistryCall>& call);

/// Returns the hyperparameters, parameters and metrics of models side by side: a row for each key,
/// a column for each model, rows of which the values differ in `differs`.
std::vector<std::vector<Cell>> comparison_rows(const Json& models, Colour differs);
/// The same for programs: {"models": [...], "hyperparameters": {"lr": [0.1, 0.2]}, ...}; a value
/// that a model does not have is null.
Json comparison_json(const Json& models);

/// Returns the text of a file .maisie with these settings, as the client reads it.
std::string settings_file_text(const std::map<std::string, std::string, std::less<>>& values);

}  // namespace millrace::tool
