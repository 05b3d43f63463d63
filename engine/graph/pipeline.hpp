#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/plugin/connection_settings.hpp"
#include "engine/plugin/fault.hpp"
#include "engine/plugin/resources.hpp"

namespace millrace {

/// Rows that may reach or leave one node when the pipeline does not say how many.
inline constexpr std::int64_t kMaxRecords = 100'000'000;

/// How often and how a node's failed batch is tried again.
struct RetryPolicy {
  int tries = 1;                         // in all, so 1: no retry
  std::chrono::milliseconds first{200};  // wait before the second try; doubles each time
  std::chrono::milliseconds longest{30'000};
};

/// One node as written in the pipeline file.
struct NodeSpec {
  std::string name;
  std::string type;                   // operator id or one of the four short names
  std::vector<std::string> pre_ops;   // "name" or "name:port"
  std::vector<std::string> post_ops;  // names
  Json params = Json::object();
  RetryPolicy retry{};
  std::chrono::milliseconds timeout{0};  // for one batch; 0: none
  bool checkpoint = true;
  Resources resources{};  // what it says of them; the rest as the operator declares
  bool has_pre_ops = true, has_post_ops = true;  // were they written?
  bool is_readable = true;  // false: read_pipeline() told what is wrong; validate() checks what can
                            // still be checked
};

/// A pipeline document, its parameters bound: the mix request of atflow plus optional keys.
struct Pipeline {
  int version = 1;
  std::vector<NodeSpec> ops;
  std::string log_file;  // record log, a file URI; empty: none
  std::uint64_t seed = 0;
  std::string queue = "default";
  int priority = 0;                        // higher runs first
  std::string name;                        // for people
  std::string doc;                         // for people: what the pipeline is for
  std::int64_t max_records = kMaxRecords;  // more rows than these at any one node fail the job
  /// Operator id -> parameters that its nodes have when they do not say otherwise, those that the
  /// planner puts in among them.
  Json defaults = Json::object();
  NamedConnections connections{};  // of its own, which hide the engine's
  bool has_ops = true;             // false: read_pipeline() told why there are none
};

/// What a pipeline file may be validated for.
struct PipelineRules {
  bool strict_mix =
      false;  // the role table and mandatory keys of atflow mix, instead of the relaxed ones
  bool relaxed_roles =
      true;  // with strict_mix: also filter->filter, filter->output, augment->filter
  bool check_sources = false;  // the engine also looks whether what is read exists (kinds
                               // source_missing, bucket_missing)
  std::size_t max_nodes = 2'000'000;

  bool operator==(const PipelineRules&) const = default;
};

/// Replaces every {"$param": "name"} in `document` by the value in `given`, else by the declared
/// default, and every element {"$each": "name"} of an array by the elements of a parameter that is
/// one. Drops the declarations ("params" at the top). A parameter whose default is null may be left
/// out: the member or element that uses it is then left out too. Faults: undeclared parameter,
/// missing value, wrong type or range (kinds "param_*").
Json bind_parameters(const Json& document, const Json& given, std::vector<Fault>& faults);

/// Reads the shape of a bound document: keys, types, unknown keys (nearest name). Every fault is
/// reported; a node that could not be read wholly keeps its place and is marked, so that a node's
/// place is that of its JSON pointer. With strict_mix, unknown members and the additions to a node
/// are passed over. Kinds: docs/decisions/faults.md.
Pipeline read_pipeline(const Json& document, const PipelineRules& rules,
                       std::vector<Fault>& faults);

}  // namespace millrace
