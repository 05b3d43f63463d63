// The program `millrace`: everything that a person does with Millrace from the shell. One file
// holds each subcommand; docs/command-line.md describes them.
#include <algorithm>
#include <csignal>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "engine/plugin/nearest.hpp"
#include "tools/millrace/configuration.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/new_user.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/registry_program.hpp"
#include "tools/millrace/registry_words.hpp"
#include "tools/millrace/whole_number.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

void add_options(CLI::App& app, Program& program) {
  program.data = default_data_folder();
  app.set_version_flag("--version", "millrace " MILLRACE_VERSION, "Prints the version");
  app.add_option("--data", program.data,
                 "Data folder: catalog, store, journal; default: millrace below ~/.local/share");
  app.add_option(
         "--plugins", program.plugins,
         "Folders with further plugins, with \":\" between them; may be given several times")
      ->take_all()
      ->delimiter(':')
      ->allow_extra_args(false);
  app.add_option("--workers", program.workers, "Threads that compute; 0: one for each core");
  app.add_option("--control-workers", program.control_workers,
                 "Threads for requests and the life of jobs")
      ->check(CLI::Range(2, 1024));
  app.add_option("--database-requests", program.database_requests,
                 "Requests that ask databases of the user at a time; more are refused")
      ->check(CLI::Range(1, 1024));
  app.add_option("--waiting-workers", program.waiting_workers,
                 "Threads for operators that wait for files, servers and databases; 0: four times "
                 "the share of a job");
  app.add_option("--waiting-share", program.waiting_share,
                 "How many of them one job may hold; 0: as many as --workers, and at least 8");
  app.add_option("--declared-threads", program.declared_threads,
                 "Threads that the nodes of all running jobs may declare; 0: as many as --workers")
      ->check(non_negative_fault, "NONNEGATIVE");
  app.add_option("--declared-memory", program.declared_memory_bytes,
                 "Memory that they may declare, such as 8gb; 0: four fifths of the machine's")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--catalog", program.catalog,
                 "Database of the catalog: sqlite:PATH or mysql://user@host:port/database; "
                 "default: in the data folder");
  app.add_option("--catalog-password-file", program.catalog_password_file,
                 "File with the password for mysql:");
  app.add_option("--connection", program.connections,
                 "NAME=ADDRESS: a database that pipelines call by that name, sqlite:PATH or "
                 "mysql://user@host:port/schema; may be given several times")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--connection-password-file", program.connection_password_files,
                 "NAME=FILE: its password, the first line of a file that only you may read; else "
                 "the environment variable MILLRACE_PASSWORD_OF_NAME")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option(
         "--max-scratch", program.max_scratch_bytes,
         "Bytes that one job may keep on the disk while it runs (sorting, large states), as "
         "a number or 20GB; default: 64GB")
      ->transform(CLI::AsSizeValue(false))
      ->check(positive_fault, "POSITIVE");
  app.add_option("--max-contents", program.max_content_bytes,
                 "Bytes of contents (files of models) that one attempt at a job may write, as a "
                 "number or 20GB; default: 64GB")
      ->transform(CLI::AsSizeValue(false))
      ->check(positive_fault, "POSITIVE");
  app.add_flag("--json", program.json, "Data as JSON");
  app.add_flag("--quiet,-q", program.quiet, "No progress and no remarks");
  app.add_option("--log-level", program.log_level,
                 "What goes to the log on stderr: error, warn, info, debug, trace")
      ->check(CLI::IsMember({"error", "warn", "info", "debug", "trace"}));
}

// In the help of each command, those below it too.
void point_to_common_options(CLI::App& command) {
  const auto own = command.get_footer();
  command.footer(own + (own.empty() ? "" : "\n") +
                 "Options of every command, such as --data and --json: millrace --help");
  for (auto* below : command.get_subcommands([](CLI::App*) { return true; }))
    point_to_common_options(*below);
}

// Returns what is wrong with the words in front of the first option, empty when each is a command
// or stands behind one that has none below it.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& words) {
  const auto* group = &app;
  std::string path;
  for (const auto& word : words) {
    const auto commands = group->get_subcommands([](const CLI::App*) { return true; });
    if (commands.empty() || word.starts_with('-')) return {};
    const auto named = std::find_if(commands.begin(), commands.end(), [&](const CLI::App* command) {
      return command->check_name(word);
    });
    if (named == commands.end()) {
      std::vector<std::string_view> names;
      for (const auto* command : commands) names.emplace_back(command->get_name());
      const auto nearest = nearest_name(word, names);
      return fmt::format(
          "there is no command \"{}{}\"{}", path, word,
          nearest.empty() ? std::string{} : fmt::format("; did you mean \"{}{}\"?", path, nearest));
    }
    group = *named;
    path += group->get_name() + " ";
  }
  return {};
}

int usage_error(const CLI::App& app, const CLI::ParseError& error,
                const std::vector<std::string>& words) {
  auto text = unknown_command(app, words);
  if (text.empty()) text = error.what();
  complain(text + " (millrace --help tells more)");
  return kUsage;
}

// The standard output is for data.
void log_to_stderr(const std::string& level) {
  auto logger = spdlog::stderr_color_mt("millrace");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

int run(int count, char** arguments) {
  CLI::App app{
      "Millrace runs data and model work for machine learning as graphs of plugin operators."};
  Program program;
  program.app = &app;
  app.require_subcommand(1);
  app.fallthrough();
  add_options(app, program);
  add_run(app, program);
  add_validate(app, program);
  add_explain(app, program);
  add_operators(app, program);
  add_jobs(app, program);
  add_serve(app, program);
  add_limits(app, program);
  add_models(app, program);
  add_registry(app, program, add_user_here);
  add_user(app, program);
  add_client_config(app, program);
  add_plugin(app, program);
  add_completion(app, program);
  for (auto* command : app.get_subcommands([](CLI::App*) { return true; })) {
    command->fallthrough();
    point_to_common_options(*command);
  }
  app.footer(
      "Every option has an environment variable (--data is MILLRACE_DATA), and a key in the "
      "configuration file.\n"
      "Examples:\n"
      "  millrace run pipeline.json --set list=photos.jsonlist\n"
      "  millrace validate pipeline.json\n"
      "  millrace serve --data /var/lib/millrace --listen 127.0.0.1:8080\n"
      "Exit codes: 0 done, 1 failed or no, 2 usage, 3 bad input, 4 not found, 5 unavailable, 130 "
      "interrupted.");
  add_configuration(app);
  auto words = with_two_dashes({arguments, arguments + count});
  std::vector<const char*> rewritten;
  for (const auto& word : words) rewritten.push_back(word.c_str());
  try {
    app.parse(count, rewritten.data());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help and --version
    return usage_error(app, error, {arguments + 1, arguments + count});
  }
  log_to_stderr(program.log_level);
  return program.action();
}

}  // namespace
}  // namespace millrace::tool

int main(int count, char** arguments) {
  std::signal(SIGPIPE, SIG_IGN);  // a reader that goes away is seen where we write
  try {
    if (count > 0 && millrace::tool::is_registry_program(arguments[0])) {
      millrace::tool::log_to_stderr("warn");
      return millrace::tool::run_registry_program(count, arguments);
    }
    return millrace::tool::run(count, arguments);
  } catch (const std::exception& error) {
    millrace::tool::complain(std::string{"internal error: "} + error.what());
    return millrace::tool::kFailed;
  }
}
