#include "tools/millrace/configuration.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace millrace::tool {
namespace {

bool is_set(const char* value) { return value != nullptr && *value != '\0'; }

// The configuration file without what the environment says: CLI11 would let the file win.
class Configuration final : public CLI::ConfigBase {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    auto read = ConfigBase::from_config(input);
    const auto is_overruled = [](const CLI::ConfigItem& item) {
      return is_set(std::getenv(environment_name(item.name).c_str()));
    };
    read.erase(std::remove_if(read.begin(), read.end(), is_overruled), read.end());
    return read;
  }
};

std::string default_file() {
  if (const char* file = std::getenv("MILLRACE_CONFIG"); is_set(file)) return file;
  const char* folder = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  std::filesystem::path base;
  if (is_set(folder)) {
    base = folder;
  } else if (is_set(home)) {
    base = std::filesystem::path{home} / ".config";
  } else {
    return {};
  }
  const auto file = base / "millrace/config.toml";
  std::error_code failed;
  return std::filesystem::exists(file, failed) ? file.string() : std::string{};
}

void name_environment(CLI::App& app) {
  for (auto* option : app.get_options()) {
    const auto names = option->get_lnames();
    if (!names.empty() && names.front() != "help" && names.front() != "version") {
      option->envname(environment_name(names.front()));
    }
  }
  for (auto* subcommand : app.get_subcommands([](CLI::App*) { return true; }))
    name_environment(*subcommand);
}

void refuse_unknown_keys(CLI::App& app) {
  app.allow_config_extras(CLI::config_extras_mode::error);
  for (auto* subcommand : app.get_subcommands([](CLI::App*) { return true; }))
    refuse_unknown_keys(*subcommand);
}

}  // namespace

std::string environment_name(const std::string& option) {
  std::string name = "MILLRACE_";
  for (const char c : option) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

void add_configuration(CLI::App& app) {
  name_environment(app);
  refuse_unknown_keys(app);
  app.config_formatter(std::make_shared<Configuration>());
  const auto file = default_file();
  // A file that the environment names must be there; the usual one need not.
  app.set_config(
      "--config", file,
      "Configuration file (TOML or INI): a key for each option, a section for each subcommand",
      !file.empty());
}

}  // namespace millrace::tool
