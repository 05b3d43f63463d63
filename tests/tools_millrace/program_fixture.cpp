#include "tests/tools_millrace/program_fixture.hpp"

#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <sys/wait.h>

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

ProgramFixture::ProgramFixture() {
  std::string name = (fs::temp_directory_path() / "millrace-tools-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a temporary folder"};
  folder_ = name;
}

ProgramFixture::~ProgramFixture() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

Finished ProgramFixture::run(const std::vector<std::string>& arguments,
                             const std::map<std::string, std::string>& environment) const {
  Command command;
  command.program = "env";
  command.arguments = environment_words(folder_, environment);
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

RunningProgram::RunningProgram(const ProgramFixture& fixture,
                               const std::vector<std::string>& arguments)
    : fixture_{fixture} {
  auto words = environment_words(fixture.path("."), {});
  words.insert(words.begin(), "env");
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const auto output = fixture.path("stdout");
  const auto errors = fixture.path("stderr");
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error{"cannot fork"};
  if (process_ == 0) {
    const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const int err = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::execvp("env", pointers.data());
    ::_exit(127);
  }
}

RunningProgram::~RunningProgram() {
  if (process_ == 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void RunningProgram::signal(int number) const { ::kill(process_, number); }

std::string RunningProgram::first_line() const {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (std::chrono::steady_clock::now() < deadline) {
    const auto text = fixture_.read("stdout");
    if (const auto end = text.find('\n'); end != std::string::npos) return text.substr(0, end);
    std::this_thread::yield();
  }
  throw std::runtime_error{"the program said nothing: " + fixture_.read("stderr")};
}

int RunningProgram::wait() {
  int status = 0;
  ::waitpid(process_, &status, 0);
  process_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

}  // namespace millrace::test
