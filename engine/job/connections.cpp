#include "engine/job/connections.hpp"

#include <utility>

#include <fmt/format.h>

namespace millrace {

Result<void> Connections::replace(std::string_view source, NamedConnections connections) {
  if (connections.size() > kMostConnections) {
    return Error{Code::InvalidArgument,
                 fmt::format("connections: {} are more than the {} that are kept",
                             connections.size(), kMostConnections)};
  }
  for (const auto& [name, settings] : connections) MR_CHECK(check_connection(name, settings));
  const std::lock_guard lock{mutex_};
  for (const auto& [other, named] : sources_) {
    if (other == source) continue;
    for (const auto& [name, settings] : connections) {
      if (!named.contains(name)) continue;
      return Error{Code::Conflict,
                   fmt::format("connection {}: named both by {} and by {}; rename one", name,
                               other.empty() ? "--connection" : other,
                               source.empty() ? "--connection" : source)};
    }
  }
  sources_.insert_or_assign(std::string{source}, std::move(connections));
  return {};
}

Result<ConnectionSettings> Connections::find(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  for (const auto& [source, named] : sources_) {
    if (const auto found = named.find(name); found != named.end()) return found->second;
  }
  return no_connection(name);
}

}  // namespace millrace
