#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "engine/graph/plan.hpp"
#include "engine/plugin/registry.hpp"

namespace millrace {

/// Makes the nodes that passes put into a plan.
class NodeMaker {
 public:
  /// Both outlive it.
  NodeMaker(Plan& plan, Registry& registry) : plan_{plan}, registry_{registry} {}

  /// Makes a node of the operator `id` for the sake of `origin`, whose name, a dot and `ending` are
  /// its name, with a number where that is taken. It has those of the origin's parameters that the
  /// operator declares too, for the others what the pipeline has as defaults of the operator, and
  /// the origin's retries and times. NotFound with the text of `missing` where there is no such
  /// operator; InvalidArgument where it cannot take the parameters.
  Result<Node> make(const std::string& id, const Node& origin, std::string_view ending,
                    const std::function<std::string()>& missing);

 private:
  std::string free_name(const std::string& wanted);

  Plan& plan_;
  Registry& registry_;
  std::optional<std::unordered_set<std::string>> names_;  // made when the first node is put in
};

}  // namespace millrace
