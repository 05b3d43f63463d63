#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/plugin/operator_info.hpp"

struct mr_operator;

namespace millrace {

class Registry;
class Services;

/// What the rules for edges need of a role; the roles between filter and output follow the same
/// rules.
enum class NodeRole { Unknown, Input, Filter, Augment, Output, Other };

/// Parameters that were checked for one operator, shared by all nodes that have equal ones.
struct CheckedNode {
  std::shared_ptr<const Json> params;  // shared with the nodes of the graph
  std::shared_ptr<const OperatorInfo>
      info;  // with the traits of these parameters; shared with the nodes of the graph
  std::vector<Fault> faults;  // pointers relative to the params
};

/// A type word of the document and what is behind it.
struct ResolvedType {
  std::shared_ptr<const OperatorInfo>
      info;  // null: unknown operator; shared with the nodes of the graph
  const mr_operator* table = nullptr;
  NodeRole role = NodeRole::Unknown;
  std::string_view problem_kind{};  // why it cannot be used, when it cannot
  std::string problem;

  std::deque<CheckedNode> checked;     // in places that do not move
  const CheckedNode* empty = nullptr;  // the one for no parameters
  const Json* defaults = nullptr;      // of the pipeline, for this operator
  std::size_t default_bytes = 0;       // of a copy of them
  std::unordered_multimap<std::size_t, std::pair<const Json*, const CheckedNode*>> by_params;
};

/// Finds operators and checks parameters, once for equal ones. [one thread]
class Resolver {
 public:
  /// Bytes of all copies of defaults, in all the nodes that have them.
  static constexpr std::size_t kMostBytes = 64u << 20;

  /// `defaults` are those of the pipeline; they must outlive the resolver.
  Resolver(Registry& registry, Services& services, const PipelineRules& rules, const Json& defaults)
      : registry_{registry}, services_{services}, rules_{rules}, defaults_{defaults} {}

  /// Returns what a type word stands for. Stays where it is while the resolver lives.
  ResolvedType& type(const std::string& word);
  /// Returns the checked parameters of a usable type. `params` must outlive the resolver.
  const CheckedNode& check(ResolvedType& type, const Json& params);
  /// Returns what is wrong with the defaults that the pipeline has for an operator; pointers are
  /// relative to them.
  std::vector<Fault> check_defaults(const std::string& id, const Json& params);

 private:
  const CheckedNode& check_anew(ResolvedType& type, const Json& params);
  void resolve(const std::string& word, ResolvedType& type);

  Registry& registry_;
  Services& services_;
  const PipelineRules& rules_;
  const Json& defaults_;
  std::unordered_map<std::string, ResolvedType> types_;
  const std::string* last_word_ = nullptr;  // a key of types_: runs of one type are common
  ResolvedType* last_ = nullptr;
  std::size_t bytes_ = 0;  // of copies of defaults so far
};

}  // namespace millrace
