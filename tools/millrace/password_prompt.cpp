#include "tools/millrace/password_prompt.hpp"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <termios.h>
#include <unistd.h>

namespace millrace::tool {
namespace {

// Turns the terminal's echo off while it lives.
class HiddenInput {
 public:
  HiddenInput() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;
  ~HiddenInput() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }

 private:
  termios before_{};
};

Result<std::string> read_line(std::istream& stream) {
  std::string line;
  if (!std::getline(stream, line)) return Error{Code::InvalidArgument, "no password was given"};
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

Result<std::string> ask(const char* prompt) {
  std::fputs(prompt, stderr);
  const HiddenInput hidden;
  auto line = read_line(std::cin);
  std::fputc('\n', stderr);
  return line;
}

}  // namespace

Result<std::string> read_hidden(const char* prompt) {
  return ::isatty(STDIN_FILENO) == 0 ? read_line(std::cin) : ask(prompt);
}

Result<std::string> read_password(const std::string& file, bool is_new) {
  if (!file.empty()) {
    std::ifstream stream{file};
    if (!stream) return Error{Code::NotFound, "cannot read the password file: " + file};
    return read_line(stream);
  }
  if (::isatty(STDIN_FILENO) == 0) return read_line(std::cin);
  MR_TRY(std::string password, ask("Password: "));
  if (!is_new) return password;
  MR_TRY(const std::string again, ask("Repeat for confirmation: "));
  if (again != password) return Error{Code::InvalidArgument, "the two passwords differ"};
  return password;
}

}  // namespace millrace::tool
