#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/engine/assets.hpp"
#include "api/route/mount.hpp"
#include "api/route/route.hpp"
#include "api/route/work_lane.hpp"
#include "engine/plugin/operator_info.hpp"

namespace millrace::api {

/// What each dialect serves about itself: its OpenAPI document, and the page that shows it. That of
/// the engine's own API shows all dialects. It outlives every request. [any thread]
class Documents {
 public:
  /// `share` is the folder share/millrace. Files are read on the lane.
  Documents(WorkLane& lane, const std::filesystem::path& share);

  /// Adds the routes of the documents to a dialect that serves them.
  void add_to(Dialect& dialect);
  /// Makes the documents when all dialects are there, before the first request.
  void write(const Mount& root, const std::vector<std::shared_ptr<Mount>>& named,
             const std::vector<const OperatorInfo*>& operators);

 private:
  /// One document by where it is asked for: its paths begin there.
  struct Texts {
    std::string at_root, below_name;
  };

  void show_file(const DirectCall& call, const http::Reply& reply, std::string name,
                 const decltype(Dialect::refuse)& refuse) const;

  WorkLane& lane_;
  const Assets assets_;
  std::map<std::string, Texts, std::less<>> texts_;  // by dialect; routes refer to them
};

}  // namespace millrace::api
