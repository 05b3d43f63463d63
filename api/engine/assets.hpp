#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "api/http/message.hpp"
#include "engine/base/result.hpp"

namespace millrace::api {

/// The files of the page at /docs: a folder beside the program, whose names are read once. [any
/// thread; blocks]
class Assets {
 public:
  /// A folder that is not there is no error: the page then tells so.
  static Assets open(const std::filesystem::path& folder);

  /// Returns the file as a body that is sent in ranges; NotFound when the folder had no such file
  /// at start.
  [[nodiscard]] Result<http::Response> get(std::string_view name) const;

 private:
  std::filesystem::path folder_;
  std::map<std::string, std::string, std::less<>> types_;  // file -> media type
};

}  // namespace millrace::api
