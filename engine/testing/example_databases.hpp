#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/connection_settings.hpp"

namespace millrace::testing {

/// The databases that an example tells of: SQLite files in a folder that goes with this. [one
/// thread]
class ExampleDatabases {
 public:
  /// Statements that make each, by the name under which operators ask for it.
  using Statements = std::map<std::string, std::vector<std::string>, std::less<>>;

  static Result<std::unique_ptr<ExampleDatabases>> make(const Statements& statements);
  ~ExampleDatabases();
  ExampleDatabases(const ExampleDatabases&) = delete;
  ExampleDatabases& operator=(const ExampleDatabases&) = delete;

  [[nodiscard]] const NamedConnections& connections() const { return connections_; }
  /// The rows of the tables that the statements made: {"output": {"people": [[1, "Ada"]]}}. What an
  /// operator makes for itself beside them is not what came out.
  [[nodiscard]] Json contents() const;

 private:
  explicit ExampleDatabases(std::filesystem::path folder) : folder_{std::move(folder)} {}

  const std::filesystem::path folder_;
  NamedConnections connections_;
  std::map<std::string, std::vector<std::string>> tables_;  // by database
};

}  // namespace millrace::testing
