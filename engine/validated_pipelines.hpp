#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "engine/base/recent_table.hpp"
#include "engine/base/shared_json.hpp"
#include "engine/graph/graph.hpp"
#include "engine/store/rights.hpp"

namespace millrace {

/// The pipelines that were found valid last: who submits the same one again need not wait for its
/// check. Keeps none whose check asked the store (Graph::asked_store, or for its sources), and none
/// that is large.
/// [any thread]
class ValidatedPipelines {
 public:
  static constexpr std::size_t kMost = 128;
  static constexpr std::size_t kMostBytes = 8 * 1024;  // of one with its values, as text

  /// What a check depends on; with the operators that the process has, on nothing else.
  struct Asked {
    const Json& document;
    const Json& parameters;
    const StoreRights& rights;
    const PipelineRules& rules;
  };
  struct Valid {
    SharedJson document;  // with its parameters in it
    std::shared_ptr<const Graph> graph;
  };

  /// Returns what was kept for the same question, or null.
  std::shared_ptr<const Valid> find(const Asked& asked);
  void keep(const Asked& asked, Valid valid);

 private:
  struct Kept {
    Json document, parameters;
    StoreRights rights;
    PipelineRules rules;
    Valid valid;
  };

  std::mutex mutex_;
  RecentTable<std::shared_ptr<const Kept>> kept_{kMost};  // by hash of document and parameters
};

}  // namespace millrace
