#include "tools/millrace/password_prompt.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <poll.h>
#include <signal.h>
#include <span>
#include <termios.h>
#include <unistd.h>
#include <vector>

namespace millrace::tool {
namespace {

volatile sig_atomic_t caught = 0;       // a signal, 0 for none
volatile int alarm_pipe[2] = {-1, -1};  // a byte for each signal, so that a wait ends

extern "C" void remember_signal(int number) {
  const int before = errno;
  caught = number;
  static_cast<void>(!::write(alarm_pipe[1], "", 1));  // when it is full there is a byte already
  errno = before;
}

// Turns the terminal's echo off while it lives, and holds back the signals that would end or stop
// the program in the meantime: they end the wait for a letter instead, on whatever thread they
// come.
class HiddenInput {
 public:
  HiddenInput() {
    caught = 0;
    std::array<int, 2> ends{-1, -1};
    static_cast<void>(!::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK));  // -1: a signal may wait
    alarm_pipe[0] = ends[0];
    alarm_pipe[1] = ends[1];
    struct sigaction action {};
    action.sa_handler = remember_signal;
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &action, &actions_[i]);
    ::tcgetattr(STDIN_FILENO, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  ~HiddenInput() {
    // What was typed too much is dropped, else a shell would show it.
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    for (std::size_t i = 0; i < kSignals.size(); ++i)
      ::sigaction(kSignals[i], &actions_[i], nullptr);
    for (volatile int& end : alarm_pipe) {
      ::close(end);
      end = -1;
    }
  }

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

  termios before_{};
  std::array<struct sigaction, kSignals.size()> actions_{};
};

Error nothing_given() { return {Code::InvalidArgument, "no password was given"}; }

Result<std::string> read_line(std::istream& stream) {
  std::string line;
  if (!std::getline(stream, line)) return nothing_given();
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

// Not through a stream, which would begin again after a signal or be at its end for ever.
Result<std::string> read_terminal() {
  std::string line;
  while (caught == 0) {
    std::array<pollfd, 2> waits{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{alarm_pipe[0], POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0 || waits[1].revents != 0) continue;
    char letter = 0;
    if (::read(STDIN_FILENO, &letter, 1) <= 0) return nothing_given();
    if (letter == '\n') return line;
    line += letter;
  }
  return nothing_given();
}

Result<std::vector<std::string>> ask_once(std::span<const char* const> prompts) {
  const HiddenInput hidden;
  std::vector<std::string> lines;
  for (const char* prompt : prompts) {
    std::fputs(prompt, stderr);
    auto line = read_terminal();
    std::fputc('\n', stderr);
    if (!line.ok()) return std::move(line).error();
    lines.push_back(*std::move(line));
  }
  return lines;
}

// The echo stays off from the first line to the last, so that lines that are pasted together stay
// hidden too.
Result<std::vector<std::string>> ask(std::span<const char* const> prompts) {
  while (true) {
    auto lines = ask_once(prompts);
    const int number = caught;
    if (number == 0) return lines;
    ::raise(number);  // with the echo on: as a rule the end
    if (number != SIGTSTP) return nothing_given();
  }
}

}  // namespace

Result<std::string> read_hidden(const char* prompt) {
  if (::isatty(STDIN_FILENO) == 0) return read_line(std::cin);
  MR_TRY(auto lines, ask(std::span{&prompt, 1}));
  return std::move(lines.front());
}

Result<std::string> read_password(const std::string& file, bool is_new) {
  if (!file.empty()) {
    std::ifstream stream{file};
    if (!stream) return Error{Code::NotFound, "cannot read the password file: " + file};
    return read_line(stream);
  }
  constexpr const char* kPrompt = "Password: ";
  if (!is_new || ::isatty(STDIN_FILENO) == 0) return read_hidden(kPrompt);
  MR_TRY(auto lines, ask(std::array{kPrompt, "Repeat for confirmation: "}));
  if (lines[0] != lines[1]) return Error{Code::InvalidArgument, "the two passwords differ"};
  return std::move(lines[0]);
}

}  // namespace millrace::tool
