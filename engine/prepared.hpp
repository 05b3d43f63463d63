#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/engine.hpp"

namespace millrace {

/// A pipeline of the inline lane whose shape was planned once. Where only parameters of nodes are open, a request puts its
/// values into a copy of the plan; where more is open, or the planner moved parameters about, it is validated anew.
class Engine::Prepared {
 public:
  /// A pipeline that is wrong whatever its parameters are is InvalidArgument, with every fault in the message.
  static Result<std::shared_ptr<const Prepared>> make(const Json& document, Registry& registry, Services& services);

  /// Returns the plan with the values in it. The error of a wrong value is InvalidArgument.
  Result<std::shared_ptr<const Plan>> bind(const Json& values, Registry& registry, Services& services) const;

 private:
  // A node whose parameters are open: where it stands in the plan and in the document.
  struct Open {
    std::size_t node, place;  // plan_->nodes[node].chain[place]
    std::size_t op;           // document_["ops"][op]
  };

  Json document_;
  std::shared_ptr<const Plan> plan_;  // null: every request validates
  std::vector<Open> open_;
};

}  // namespace millrace
