#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::api {

/// The pipeline files that lie beside the program: share/millrace/pipelines/<folder>/<name>.json.
/// Read once, at start. [any thread]
class PipelineLibrary {
 public:
  struct Entry {
    std::filesystem::path file;
    Json document;
  };

  /// Reads every file; one that is not a JSON object is DataInvalid, naming the file and the place
  /// in it.
  static Result<PipelineLibrary> open(const std::filesystem::path& folder);

  /// Returns null when there is none. `name` is "folder/name".
  [[nodiscard]] const Entry* find(std::string_view name) const;
  /// The same, as an error that names the file that should be there.
  [[nodiscard]] Result<const Entry*> get(std::string_view name) const;
  [[nodiscard]] const std::map<std::string, Entry, std::less<>>& all() const { return entries_; }

 private:
  std::filesystem::path folder_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace millrace::api
