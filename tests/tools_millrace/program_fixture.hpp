#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/spawn.hpp"
#include "tests/fixtures/child_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// A folder of its own for one test, with the program run as a person would: its HOME is the
/// folder, and nothing of the environment of the tests reaches it.
class ProgramFixture {
 public:
  /// Runs the program to its end, in the folder; `input` is what it reads from its standard input.
  Finished run(const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment = {},
               const std::string& input = {}) const;
  /// Starts the program to run beside the test, in the folder; what it says goes to the files
  /// "stdout" and "stderr" there.
  [[nodiscard]] ChildProcess start(const std::vector<std::string>& arguments) const;

  /// The words that start the program like that, for who starts it otherwise.
  [[nodiscard]] std::vector<std::string> words(const std::vector<std::string>& arguments) const;

  /// Writes a file in the folder, with folders above it; returns its path.
  std::string write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] bool exists(const std::string& name) const;
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace millrace::test
