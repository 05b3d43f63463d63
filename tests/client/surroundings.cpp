#include "tests/client/surroundings.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <unistd.h>

#include "engine/base/spawn.hpp"

namespace millrace::test {

namespace fs = std::filesystem;

Surroundings::Surroundings() : before_{fs::current_path()} {
  std::vector<std::string> names;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string_view text{*line};
    const std::string name{text.substr(0, text.find('='))};
    const bool is_proxy = name.size() > 6 && (name.ends_with("_proxy") || name.ends_with("_PROXY"));
    if (name.starts_with("MAISIE_") || name.starts_with("GIT_") || is_proxy) names.push_back(name);
  }
  for (const auto& name : names) {
    keep(name);
    ::unsetenv(name.c_str());
  }
  // What the person who runs the tests has configured for git.
  set("GIT_CONFIG_GLOBAL", "/dev/null");
  set("GIT_CONFIG_NOSYSTEM", "1");
  fs::current_path(folder_.path());
}

Surroundings::~Surroundings() {
  fs::current_path(before_);
  for (const auto& [name, value] : variables_) {
    value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }
}

void Surroundings::keep(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  variables_.emplace(name, value == nullptr ? std::nullopt : std::optional<std::string>{value});
}

void Surroundings::set(const std::string& name, const std::string& value) {
  keep(name);
  ::setenv(name.c_str(), value.c_str(), 1);
}

fs::path Surroundings::write(const std::string& name, const std::string& text) const {
  const auto file = folder_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream{file, std::ios::binary} << text;
  return file;
}

std::string Surroundings::read(const std::string& name) const {
  std::ifstream file{folder_ / name, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string Surroundings::run(const std::string& program,
                              const std::vector<std::string>& arguments) {
  Command command;
  command.program = program;
  command.arguments = arguments;
  const auto finished = system_spawn().run(command);
  if (!finished.ok()) throw std::runtime_error{finished.error().message};
  if (finished->exit_code != 0) throw std::runtime_error{program + ": " + finished->errors};
  return finished->output;
}

void Surroundings::enter(const std::string& name) const {
  fs::create_directories(folder_ / name);
  fs::current_path(folder_ / name);
}

}  // namespace millrace::test
