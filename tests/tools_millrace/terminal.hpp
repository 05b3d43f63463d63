#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace millrace::test {

/// A program on a pseudo terminal of its own, as its session's leader: what is typed goes through
/// the terminal's echo and its keys for signals. Throws std::runtime_error when that cannot be had,
/// or when a minute passes without what is waited for. [test's thread]
class Terminal {
 public:
  /// Starts words[0], looked for in PATH.
  explicit Terminal(const std::vector<std::string>& words);
  /// Kills the program if it still runs.
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  void type(const std::string& keys) const;
  /// Waits until the terminal shows this behind what was waited for last.
  void wait_for(const std::string& text);
  /// Says whether it shows what is typed. It is the terminal's, so it outlives the program.
  [[nodiscard]] bool echoes() const;
  /// Waits for the program's end; returns its exit code, or 1000 + the number of the signal.
  int wait();
  /// Everything that it has shown; the whole of it after wait().
  [[nodiscard]] const std::string& shown() const { return shown_; }

 private:
  /// Reads what is there, and waits for it for a while; false: there is nothing.
  bool read_some(int wait_ms);

  int screen_ = -1;
  int line_ = -1;  // the program's side
  pid_t process_ = -1;
  std::string shown_;
  std::size_t waited_ = 0;  // bytes of shown_ that were waited for
};

}  // namespace millrace::test
