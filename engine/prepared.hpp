#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "engine/graph/bind.hpp"
#include "engine/plugin/parameter_rules.hpp"

namespace millrace {

/// A pipeline of the inline lane whose shape was planned once. Where only parameters of nodes are
/// open, a request checks its values and puts them into a plan that no other request uses at the
/// time; where more is open, or the planner moved parameters about, it is validated anew.
class Engine::Prepared : public std::enable_shared_from_this<Prepared> {
 public:
  /// A pipeline that is wrong whatever its parameters are is InvalidArgument, with every fault in
  /// the message.
  static Result<std::shared_ptr<const Prepared>> make(const Json& document, Registry& registry,
                                                      Services& services);

  /// Returns the plan with the values in it, for one run at a time. The error of a wrong value is
  /// InvalidArgument. [any thread]
  Result<std::shared_ptr<const Plan>> bind(const Json& values, Registry& registry,
                                           Services& services) const;

 private:
  // A node some of whose parameters are open.
  struct Open {
    std::size_t node, place;           // plan_->nodes[node].chain[place]
    Json members;                      // those that are open, as the document has them
    std::vector<ParameterRule> rules;  // theirs
    Json traits;                       // what the operator said of the values it was planned with
  };

  // A copy of the plan whose open nodes have parameters of their own.
  struct Copy {
    Plan plan;
    std::vector<std::shared_ptr<Json>> params;  // of open_, in that order; shared with the plan
  };

  Result<std::shared_ptr<const Plan>> validate_anew(const Json& values, Registry& registry,
                                                    Services& services) const;
  // Returns whether the plan has the op's node, as the op says it.
  bool add_open(const Json& op, const Graph& graph, Services& services);
  std::shared_ptr<Copy> take_copy() const;

  Json document_;
  std::shared_ptr<const Plan> plan_;  // null: every request validates
  std::optional<Declarations> declared_;
  std::vector<Open> open_;
  mutable std::mutex mutex_;  // guards idle_
  mutable std::vector<std::unique_ptr<Copy>> idle_;
};

}  // namespace millrace
