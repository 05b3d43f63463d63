#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/spawn.hpp"

#include <sys/types.h>

namespace millrace::test {

/// A folder of its own for one test, with the program run as a person would: its HOME is the
/// folder, and nothing of the environment of the tests reaches it.
class ProgramFixture {
 public:
  ProgramFixture();
  ~ProgramFixture();
  ProgramFixture(const ProgramFixture&) = delete;
  ProgramFixture& operator=(const ProgramFixture&) = delete;

  /// Runs the program to its end, in the folder.
  Finished run(const std::vector<std::string>& arguments,
               const std::map<std::string, std::string>& environment = {}) const;

  /// Writes a file in the folder, with folders above it; returns its path.
  std::string write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] bool exists(const std::string& name) const;
  [[nodiscard]] std::string path(const std::string& name) const {
    return (folder_ / name).string();
  }

 private:
  std::filesystem::path folder_;
};

/// The program running beside the test, its output in files of the fixture's folder.
class RunningProgram {
 public:
  RunningProgram(const ProgramFixture& fixture, const std::vector<std::string>& arguments);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  void signal(int number) const;
  /// Returns what stands on its standard output once that ends in a line feed; fails the test after
  /// a minute.
  [[nodiscard]] std::string first_line() const;
  /// Waits for its end; returns the exit code, or 1000 + the number of the signal that ended it.
  int wait();

 private:
  const ProgramFixture& fixture_;
  pid_t process_ = 0;
};

}  // namespace millrace::test
