#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "engine/store/store.hpp"

namespace millrace::detail {

/// Reads http and https addresses within limits. The address that is really connected to is
/// checked, after name resolution and again at each redirect; proxies of the environment are not
/// used, since they would hide it. [any thread; blocks; one curl handle for each thread keeps
/// connections open]
class Fetcher {
 public:
  explicit Fetcher(FetchLimits limits);

  /// Error codes: NotFound (404, 410), PermissionDenied (401, 403, an address or a redirect that is
  /// not allowed), Exhausted (more than max_bytes), DeadlineExceeded, Unavailable, Cancelled, Io.
  Result<std::unique_ptr<ObjectReader>> open(const Uri& uri,
                                             const std::function<bool()>& stopping) const;
  Result<ObjectStat> stat(const Uri& uri, const std::function<bool()>& stopping) const;

 private:
  FetchLimits limits_;
  std::vector<std::string> listed_;  // allowed hosts in the form of host_and_port, or a host alone
};

}  // namespace millrace::detail
