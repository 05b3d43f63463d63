#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "engine/base/result.hpp"

namespace millrace {

struct Command {
  std::string program;  // found along PATH
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  // added to ours
  std::string input;                               // what the program reads from its standard input
  std::chrono::milliseconds timeout{60'000};
  std::size_t max_output = 16u << 20;  // bytes of each stream; more is Exhausted
};

struct Finished {
  int exit_code = 0;  // 128 + number of the signal that ended it
  std::string output;
  std::string errors;
};

/// Starts other programs. [any thread; blocks]
class Spawn {
 public:
  virtual ~Spawn() = default;
  /// Runs the command to its end, in a process group of its own; children that it leaves behind in
  /// that group are killed. Past the timeout it is killed with its children, and the result is
  /// DeadlineExceeded. An exit code other than 0 is not an Error; a program that does not exist is
  /// NotFound.
  virtual Result<Finished> run(const Command& command) = 0;
};

/// Returns the real one (posix_spawn), which lives as long as the program.
Spawn& system_spawn();

}  // namespace millrace
