#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/plugin/connection_settings.hpp"

namespace millrace {

/// The databases that the settings of an engine name. They may be read anew at any time: a run is
/// told what holds when it asks. [any thread]
class Connections {
 public:
  /// Replaces those of one `source`, such as "audience"; "" are those of the command line. All stay
  /// as they are where one is wrong (InvalidArgument) or another source has its name (Conflict).
  Result<void> replace(std::string_view source, NamedConnections connections);
  [[nodiscard]] Result<ConnectionSettings> find(std::string_view name) const;

 private:
  mutable std::mutex mutex_;  // guards sources_
  std::map<std::string, NamedConnections, std::less<>> sources_;
};

}  // namespace millrace
