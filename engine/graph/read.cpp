#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include "engine/base/json_members.hpp"
#include "engine/base/utf8.hpp"
#include "engine/graph/fault_list.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/graph/pointer.hpp"
#include "engine/graph/suggestion.hpp"
#include "engine/plugin/parameter_value.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 12> kDocumentKeys{
    "version", "name",     "doc",  "params",     "ops",      "logFile",
    "queue",   "priority", "seed", "maxRecords", "defaults", "connections"};
constexpr std::array<std::string_view, 10> kNodeKeys{
    "name",  "type",       "preOps",     "postOps",   "params",
    "retry", "timeout_ms", "checkpoint", "isolation", "resources"};
constexpr std::array<std::string_view, 3> kRetryKeys{"tries", "first_ms", "longest_ms"};
constexpr std::array<std::string_view, 4> kMixTypes{"input", "filter", "augment", "output"};
constexpr std::int64_t kMaxSeed =
    (std::int64_t{1} << 53) - 1;  // what every JSON reader keeps exactly
constexpr std::int64_t kMaxMilliseconds = 7 * 24 * 3600 * std::int64_t{1000};

// Returns the member, or null when it is absent or null.
const Json* member(const Json& object, std::string_view key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// What differs between the members of the document and those of a node: where they are, and the
// word for a fault.
struct Place {
  std::string pointer;       // "" or "/ops/3"
  std::string_view subject;  // "node_" or ""
};

class Reader {
 public:
  Reader(const PipelineRules& rules, std::vector<Fault>& faults) : rules_{rules}, faults_{faults} {}

  Pipeline read(const Json& document) {
    Pipeline pipeline;
    pipeline.has_ops = false;
    if (!document.is_object()) {
      fault("document_type", "",
            fmt::format("a pipeline must be a JSON object, not {}", document.type_name()));
      return pipeline;
    }
    refuse_unknown(document, kDocumentKeys, "");
    const Place top{"", ""};
    pipeline.version = static_cast<int>(integer(document, "version", 1, 1, 1, top));
    pipeline.name = text(document, "name", "", top);
    pipeline.doc = text(document, "doc", "", top);
    pipeline.log_file = text(document, "logFile", "", top);
    pipeline.queue = text(document, "queue", "default", top);
    pipeline.priority =
        static_cast<int>(integer(document, "priority", 0, -1'000'000, 1'000'000, top));
    pipeline.seed = static_cast<std::uint64_t>(integer(document, "seed", 0, 0, kMaxSeed, top));
    pipeline.max_records = integer(document, "maxRecords", kMaxRecords, 1, kMaxSeed, top);
    read_defaults(document, pipeline);
    if (!rules_.strict_mix) read_connections(document, pipeline);
    read_ops(document, pipeline);
    return pipeline;
  }

 private:
  void fault(std::string_view kind, std::string pointer, std::string message) {
    faults_.add(kind, std::move(pointer), std::move(message));
  }

  void read_defaults(const Json& document, Pipeline& pipeline) {
    const auto* defaults = member(document, "defaults");
    if (defaults == nullptr) return;
    if (!defaults->is_object()) {
      return fault("member_type", "/defaults",
                   "\"defaults\" must be an object: id of an operator to its parameters");
    }
    for (const auto& [id, params] : defaults->items()) {
      if (params.is_object()) {
        append_member(pipeline.defaults, id, params);
      } else {
        fault("member_type", "/defaults/" + pointer_segment(id),
              fmt::format("the defaults of an operator must be an object, not {}",
                          params.type_name()));
      }
    }
  }

  void read_connections(const Json& document, Pipeline& pipeline) {
    const auto* connections = member(document, "connections");
    if (connections == nullptr) return;
    if (!connections->is_object()) {
      return fault("member_type", "/connections",
                   "\"connections\" must be an object: name to {address, password}");
    }
    if (connections->size() > kMostConnections) {
      return fault("member_range", "/connections",
                   fmt::format("more than {} connections", kMostConnections));
    }
    for (const auto& [name, settings] : connections->items()) {
      auto read = read_connection(name, settings);
      if (read.ok()) {
        pipeline.connections.insert_or_assign(name, *std::move(read));
      } else {
        fault("connection", "/connections/" + pointer_segment(name), read.error().message);
      }
    }
  }

  void read_ops(const Json& document, Pipeline& pipeline) {
    const auto* ops = member(document, "ops");
    if (ops == nullptr)
      return fault("ops_empty", "/ops", "a pipeline needs \"ops\", its array of nodes");
    if (!ops->is_array()) {
      return fault("ops_empty", "/ops",
                   fmt::format("\"ops\" must be an array of nodes, not {}", ops->type_name()));
    }
    if (ops->empty()) return fault("ops_empty", "/ops", "\"ops\" holds no node");
    if (ops->size() > rules_.max_nodes) {
      return fault("too_many_nodes", "/ops",
                   fmt::format("{} nodes are more than the {} that are allowed", ops->size(),
                               rules_.max_nodes));
    }
    pipeline.has_ops = true;
    pipeline.ops.reserve(ops->size());
    for (const auto& op : *ops) pipeline.ops.push_back(read_node(op, pipeline.ops.size()));
  }

  NodeSpec read_node(const Json& json, std::size_t index) {
    NodeSpec node;
    const Place place{node_pointer(index), "node_"};
    const auto before = faults_.count();
    if (!json.is_object()) {
      node.is_readable = false;
      fault("node_name", place.pointer,
            fmt::format("a node must be an object, not {}", json.type_name()));
      return node;
    }
    read_identity(json, index, node);
    node.has_pre_ops = read_names(json, "preOps", index, node.type == "input", node.pre_ops);
    node.has_post_ops = read_names(json, "postOps", index, node.type == "output", node.post_ops);
    read_params(json, index, node);
    if (!rules_.strict_mix) {
      refuse_unknown(json, kNodeKeys, place.pointer);
      read_retry(json, place, node);
      node.timeout =
          std::chrono::milliseconds{integer(json, "timeout_ms", 0, 0, kMaxMilliseconds, place)};
      read_checkpoint(json, place, node);
      read_isolation(json, place);
      read_own_resources(json, place, node);
    }
    node.is_readable = faults_.count() == before;
    return node;
  }

  void read_identity(const Json& json, std::size_t index, NodeSpec& node) {
    const auto* name = member(json, "name");
    if (name == nullptr) {
      fault("node_name", node_pointer(index, "name"), "a node needs a \"name\"");
    } else if (!name->is_string()) {
      fault("node_name", node_pointer(index, "name"),
            fmt::format("a node's name must be a string, not {}", name->type_name()));
    } else {
      node.name = name->get<std::string>();
    }
    const auto* type = member(json, "type");
    if (type == nullptr) {
      fault("node_type", node_pointer(index, "type"),
            "a node needs a \"type\", the id of an operator");
    } else if (!type->is_string()) {
      fault("node_type", node_pointer(index, "type"),
            fmt::format("a node's type must be a string, not {}", type->type_name()));
    } else if (type->get_ref<const std::string&>().empty()) {
      fault("node_type", node_pointer(index, "type"),
            "a node needs a \"type\", the id of an operator");
    } else {
      node.type = type->get<std::string>();
      if (rules_.strict_mix &&
          std::find(kMixTypes.begin(), kMixTypes.end(), node.type) == kMixTypes.end()) {
        fault("node_type", node_pointer(index, "type"),
              fmt::format("unknown type {}: it must be one of {}{}", shown(*type),
                          fmt::join(kMixTypes, ", "), suggestion(node.type, kMixTypes)));
        node.type.clear();
      }
    }
  }

  // Reads preOps or postOps; returns whether the list is to be taken as written.
  bool read_names(const Json& json, std::string_view key, std::size_t index, bool may_be_absent,
                  std::vector<std::string>& names) {
    const auto* list = member(json, key);
    if (list == nullptr) {
      if (!rules_.strict_mix) return false;
      if (!may_be_absent) {
        fault("node_member_missing", node_pointer(index, key),
              fmt::format("a node needs \"{}\"", key));
      }
      return true;
    }
    if (!list->is_array()) {
      fault("node_member_type", node_pointer(index, key),
            fmt::format("\"{}\" must be an array of names, not {}", key, list->type_name()));
      return true;
    }
    names.reserve(list->size());
    for (std::size_t place = 0; place < list->size(); ++place) {
      const auto& name = (*list)[place];
      if (name.is_string()) {
        names.push_back(name.get<std::string>());
      } else {
        names.emplace_back();  // keeps the places of those behind it
        fault("node_member_type", node_pointer(index, key, place),
              fmt::format("\"{}\" must hold names only, not {}", key, name.type_name()));
      }
    }
    return true;
  }

  void read_params(const Json& json, std::size_t index, NodeSpec& node) {
    const auto* params = member(json, "params");
    if (params == nullptr) {
      if (rules_.strict_mix) {
        fault("node_member_missing", node_pointer(index, "params"), "a node needs \"params\"");
      }
    } else if (!params->is_object()) {
      fault("node_member_type", node_pointer(index, "params"),
            fmt::format("\"params\" must be an object, not {}", params->type_name()));
    } else {
      node.params = *params;
      // The operator has a default for it, the format has none.
      if (rules_.strict_mix && node.type == "augment" && member(*params, "condition") == nullptr) {
        fault("node_member_missing", node_pointer(index, "params") + "/condition",
              "an augment needs \"condition\"; an empty array means every record");
      }
    }
  }

  void read_retry(const Json& json, const Place& place, NodeSpec& node) {
    const auto* retry = member(json, "retry");
    if (retry == nullptr) return;
    const Place inside{place.pointer + "/retry", place.subject};
    if (!retry->is_object()) {
      fault("node_member_type", inside.pointer,
            "\"retry\" must be an object: {tries, first_ms, longest_ms}");
      return;
    }
    refuse_unknown(*retry, kRetryKeys, inside.pointer);
    RetryPolicy policy;
    policy.tries = static_cast<int>(integer(*retry, "tries", 3, 1, 100, inside));
    policy.first = std::chrono::milliseconds{
        integer(*retry, "first_ms", policy.first.count(), 0, kMaxMilliseconds, inside)};
    policy.longest = std::chrono::milliseconds{
        integer(*retry, "longest_ms", policy.longest.count(), 0, kMaxMilliseconds, inside)};
    node.retry = policy;
  }

  void read_checkpoint(const Json& json, const Place& place, NodeSpec& node) {
    const auto* checkpoint = member(json, "checkpoint");
    if (checkpoint == nullptr) return;
    if (checkpoint->is_boolean()) {
      node.checkpoint = checkpoint->get<bool>();
    } else {
      fault("node_member_type", place.pointer + "/checkpoint",
            "\"checkpoint\" must be true or false");
    }
  }

  void read_own_resources(const Json& json, const Place& place, NodeSpec& node) {
    const auto* resources = member(json, "resources");
    if (resources == nullptr) return;
    if (auto read = read_resources(*resources); read.ok()) {
      node.resources = *read;
    } else {
      fault("node_member_range", place.pointer + "/resources", read.error().message);
    }
  }

  void read_isolation(const Json& json, const Place& place) {
    const auto* isolation = member(json, "isolation");
    if (isolation == nullptr) return;
    if (!isolation->is_string()) {
      fault("node_member_type", place.pointer + "/isolation", "\"isolation\" must be a string");
    } else if (*isolation != "thread") {
      fault("node_member_range", place.pointer + "/isolation",
            fmt::format("unknown isolation {}: this engine has \"thread\"", shown(*isolation)));
    }
  }

  std::string text(const Json& json, std::string_view key, std::string fallback,
                   const Place& place) {
    const auto* value = member(json, key);
    if (value == nullptr) return fallback;
    if (value->is_string()) return value->get<std::string>();
    fault(fmt::format("{}member_type", place.subject), fmt::format("{}/{}", place.pointer, key),
          fmt::format("\"{}\" must be a string, not {}", key, value->type_name()));
    return fallback;
  }

  std::int64_t integer(const Json& json, std::string_view key, std::int64_t fallback,
                       std::int64_t least, std::int64_t most, const Place& place) {
    const auto* value = member(json, key);
    if (value == nullptr) return fallback;
    const auto pointer = fmt::format("{}/{}", place.pointer, key);
    if (!value->is_number_integer()) {
      fault(fmt::format("{}member_type", place.subject), pointer,
            fmt::format("\"{}\" must be an integer, not {}", key, shown(*value)));
      return fallback;
    }
    const bool is_huge =
        value->is_number_unsigned() &&
        value->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()};
    if (is_huge || value->get<std::int64_t>() < least || value->get<std::int64_t>() > most) {
      fault(fmt::format("{}member_range", place.subject), pointer,
            fmt::format("\"{}\" must be {}: {}", key,
                        least == most ? fmt::format("{}", least)
                                      : fmt::format("from {} to {}", least, most),
                        shown(*value)));
      return fallback;
    }
    return value->get<std::int64_t>();
  }

  void refuse_unknown(const Json& object, std::span<const std::string_view> known,
                      const std::string& pointer) {
    if (rules_.strict_mix) return;
    for (const auto& [key, ignored] : object.items()) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      fault("unknown_key", pointer + "/" + pointer_segment(key),
            fmt::format("unknown key \"{}\"{}", printable(key, 60), suggestions_.of(key, known)));
    }
  }

  const PipelineRules& rules_;
  FaultList faults_;
  Suggestions suggestions_;
};

}  // namespace

Pipeline read_pipeline(const Json& document, const PipelineRules& rules,
                       std::vector<Fault>& faults) {
  return Reader{rules, faults}.read(document);
}

}  // namespace millrace
