#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// What a client sees of its surroundings: an empty current folder, and an environment without
/// settings, proxies and git variables. All is put back at the end. [one test at a time]
class Surroundings {
 public:
  Surroundings();
  ~Surroundings();
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;

  /// Sets a variable until the end.
  void set(const std::string& name, const std::string& value);
  /// Writes a file below the folder, with folders above it; returns its path.
  std::filesystem::path write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  /// Makes a folder below this one the current one.
  void enter(const std::string& name) const;
  /// Runs another program to its end; throws when it fails. Returns what it wrote.
  static std::string run(const std::string& program, const std::vector<std::string>& arguments);

 private:
  void keep(const std::string& name);

  TemporaryFolder folder_;
  std::filesystem::path before_;
  std::map<std::string, std::optional<std::string>> variables_;  // as they were
};

/// Lines of a client's log, "ERROR text".
using LogLines = std::vector<std::string>;

}  // namespace millrace::test
