#include "tests/tools_millrace/terminal.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdexcept>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <sys/wait.h>

namespace millrace::test {

namespace {

constexpr auto kPatience = std::chrono::minutes{1};

}  // namespace

Terminal::Terminal(const std::vector<std::string>& words) {
  if (::openpty(&screen_, &line_, nullptr, nullptr, nullptr) != 0)
    throw std::runtime_error{"there is no pseudo terminal"};
  ::fcntl(screen_, F_SETFD, FD_CLOEXEC);
  std::vector<char*> arguments;
  for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error{"cannot fork"};
  if (process_ == 0) {
    ::login_tty(line_);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
}

Terminal::~Terminal() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  ::close(screen_);
  ::close(line_);
}

void Terminal::type(const std::string& keys) const {
  if (::write(screen_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size()))
    throw std::runtime_error{"the terminal takes no keys"};
}

bool Terminal::read_some(int wait_ms) {
  pollfd ready{screen_, POLLIN, 0};
  if (::poll(&ready, 1, wait_ms) <= 0 || (ready.revents & POLLIN) == 0) return false;
  std::array<char, 4096> bytes{};
  const auto count = ::read(screen_, bytes.data(), bytes.size());
  if (count <= 0) return false;
  shown_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

void Terminal::wait_for(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  auto found = shown_.find(text, waited_);
  while (found == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error{"the terminal does not show \"" + text + "\" but: " + shown_};
    read_some(100);
    found = shown_.find(text, waited_);
  }
  waited_ = found + text.size();
}

bool Terminal::echoes() const {
  termios settings{};
  if (::tcgetattr(line_, &settings) != 0) throw std::runtime_error{"the terminal is gone"};
  return (settings.c_lflag & ECHO) != 0;
}

int Terminal::wait() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  int status = 0;
  // It may wait for room on the screen, so that is read meanwhile.
  while (::waitpid(process_, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error{"the program does not end; it shows: " + shown_};
    read_some(20);
  }
  process_ = -1;
  while (read_some(0)) continue;
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace millrace::test
