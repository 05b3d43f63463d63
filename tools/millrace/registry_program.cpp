#include "tools/millrace/registry_program.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/registry_words.hpp"

namespace millrace::tool {

bool is_registry_program(const char* path) {
  const auto name = std::filesystem::path{path == nullptr ? "" : path}.filename();
  return name == "maisie" || name == "mai";
}

int run_registry_program(int count, char** arguments) {
  CLI::App app{"Uploads, lists and downloads the models of a registry."};
  Program program;
  program.app = &app;
  program.refusals_succeed = true;
  app.require_subcommand(1);
  app.fallthrough();
  std::string output = "table";
  app.add_option("--output", output, "What is printed: a table, or the data of the reply")
      ->check(CLI::IsMember({"table", "json"}));
  app.add_flag("--quiet,-q", program.quiet, "No progress and no remarks");
  add_client_config(app, program);
  add_models(app, program);
  add_registry(app, program, nullptr);
  app.get_subcommand("client-config")->name("config");
  // That one works on the data folder of a server here.
  auto* models = app.get_subcommand("models");
  models->remove_subcommand(models->get_subcommand("gc"));
  const auto words = with_two_dashes({arguments, arguments + count});
  std::vector<const char*> rewritten;
  for (const auto& word : words) rewritten.push_back(word.c_str());
  try {
    app.parse(static_cast<int>(rewritten.size()), rewritten.data());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    complain(std::string{error.what()} + " (--help tells more)");
    return kUsage;
  }
  program.json = output == "json";
  return program.action();
}

}  // namespace millrace::tool
