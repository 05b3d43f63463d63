#include "tests/tools_millrace/program_fixture.hpp"

#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace millrace::test {
namespace {

namespace fs = std::filesystem;

// The words behind `env`: everything that the program may see of its surroundings.
std::vector<std::string> environment_words(const fs::path& folder,
                                           const std::map<std::string, std::string>& more) {
  std::vector<std::string> words{"-i",
                                 "-C",
                                 folder.string(),
                                 "HOME=" + folder.string(),
                                 "PATH=/usr/bin:/bin",
                                 "ASAN_OPTIONS=detect_leaks=1"};
  for (const auto& [name, value] : more) words.push_back(name + "=" + value);
  words.emplace_back(MILLRACE_PROGRAM);
  return words;
}

}  // namespace

Finished ProgramFixture::run(const std::vector<std::string>& arguments,
                             const std::map<std::string, std::string>& environment,
                             const std::string& input) const {
  Command command;
  command.input = input;
  command.program = "env";
  command.arguments = environment_words(folder_.path(), environment);
  command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
  command.timeout = std::chrono::minutes{2};
  auto finished = system_spawn().run(command);
  if (!finished.ok()) throw std::runtime_error{finished.error().message};
  return *std::move(finished);
}

std::string ProgramFixture::write(const std::string& name, const std::string& text) const {
  const auto file = folder_ / name;
  fs::create_directories(file.parent_path());
  std::ofstream{file, std::ios::binary} << text;
  return file.string();
}

std::string ProgramFixture::read(const std::string& name) const {
  std::ifstream file{folder_ / name, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool ProgramFixture::exists(const std::string& name) const { return fs::exists(folder_ / name); }

std::vector<std::string> ProgramFixture::words(const std::vector<std::string>& arguments) const {
  auto words = environment_words(folder_.path(), {});
  words.insert(words.begin(), "env");
  words.insert(words.end(), arguments.begin(), arguments.end());
  return words;
}

ChildProcess ProgramFixture::start(const std::vector<std::string>& arguments) const {
  return ChildProcess{words(arguments), path("stdout"), path("stderr")};
}

}  // namespace millrace::test
