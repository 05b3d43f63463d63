#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace millrace::client::detail {

struct Finished {
  int exit_code = 0;  // 128 + number of the signal that ended it
  std::string output, errors;
};

/// Runs words[0], found along PATH, with the other words as its arguments and no input; no shell
/// is between. `environment` is all that it gets ("NAME=value"). Throws GitError when it cannot be
/// started, takes longer than `timeout` (then it is killed with what it started) or writes more
/// than a MiB. [any thread; blocks]
Finished run_program(std::vector<std::string> words, std::vector<std::string> environment,
                     std::chrono::milliseconds timeout);

}  // namespace millrace::client::detail
