#include "api/atflow/mix.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "api/atflow/errors.hpp"
#include "api/route/json_text.hpp"
#include "engine/base/json_members.hpp"

namespace millrace::atflow {

namespace {

constexpr std::int64_t kMaxSeed = (std::int64_t{1} << 53) - 1;

struct NodeKind {
  std::string_view type;
  std::array<std::string_view, 4> params;  // what the document and its additions name
};
constexpr std::array kKinds{NodeKind{"input", {"file"}},
                            NodeKind{"filter", {"label", "values", "trim", "invert"}},
                            NodeKind{"augment", {"condition", "ops", "default"}},
                            NodeKind{"output", {"prefix", "file", "unique", "shuffle"}}};
constexpr std::array<std::string_view, 5> kNodeMembers{"name", "type", "preOps", "postOps",
                                                       "params"};

// Of these an empty text is none: it counts as absent.
constexpr std::array<std::string_view, 3> kNeverEmpty{"file", "prefix", "label"};

bool is_absent(std::string_view name, const Json& value) {
  if (value.is_null()) return true;
  const bool is_empty = value.is_string() && value.get_ref<const std::string&>().empty();
  return is_empty && std::find(kNeverEmpty.begin(), kNeverEmpty.end(), name) != kNeverEmpty.end();
}

// Members that are null count as absent, unknown ones are ignored: keeps the named ones that have a
// value.
template <class Names>
Json keep(const Json& object, const Names& names) {
  Json kept = Json::object();
  for (const std::string_view name : names) {
    const auto found = name.empty() ? object.end() : object.find(name);
    if (found != object.end() && !is_absent(name, *found)) append_member(kept, name, *found);
  }
  return kept;
}

Json keep_known(const Json& node) {
  if (!node.is_object()) return node;
  Json kept = keep(node, kNodeMembers);
  const auto params = kept.find("params");
  const auto type = kept.find("type");
  if (params == kept.end() || !params->is_object() || type == kept.end() || !type->is_string())
    return kept;
  for (const NodeKind& kind : kKinds) {
    if (type->get_ref<const std::string&>() == kind.type) *params = keep(*params, kind.params);
  }
  return kept;
}

std::string text_of(const Json& object, std::string_view name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// What List and Get show of the job besides its state.
Json facts_of(const Json& ops, const std::string& log_file, std::int64_t seed) {
  std::string prefix, target;
  Json sources = Json::array();
  for (const Json& node : ops) {
    if (!node.is_object()) continue;
    const auto type = text_of(node, "type");
    const Json params = node.value("params", Json::object());
    if (type == "input") sources.push_back(text_of(params, "file"));
    if (type == "output") {
      prefix = text_of(params, "prefix");
      target = text_of(params, "file");
    }
  }
  while (prefix.ends_with('/')) prefix.pop_back();
  return Json{{"type", "mix"},
              {"prefix", prefix},
              {"sourceFile", sources.empty() ? Json("") : sources.front()},
              {"sourceFiles", sources},
              {"targetFile", target},
              {"logFile", log_file},
              {"seed", seed}};
}

}  // namespace

api::TranslateResult translate_mix(const http::Request& request, const api::Caller& caller) {
  const auto body = api::read_body(request);
  if (!body.ok()) return refusal("json", "body is not valid JSON: " + body.error().message);
  if (!body->is_object()) return refusal("json", "body must be a JSON object");
  const Json fields = keep(*body, std::array<std::string_view, 3>{"ops", "logFile", "seed"});

  const auto given = fields.find("ops");
  if (given == fields.end() || !given->is_array() || given->empty()) {
    return refusal("ops_empty", "ops: must be an array of at least one node");
  }
  Json ops = Json::array();
  for (const Json& node : *given) ops.push_back(keep_known(node));

  std::int64_t seed = 0;
  if (const auto found = fields.find("seed"); found != fields.end()) {
    if (!found->is_number_integer()) return refusal("field_type", "seed: must be an integer");
    seed = found->is_number_unsigned() && found->get<std::uint64_t>() > kMaxSeed
               ? -1
               : found->get<std::int64_t>();
    if (seed < 0 || seed > kMaxSeed)
      return refusal("seed_range", "seed: must be within 0 to 2^53 - 1");
  }
  std::string log_file;
  if (const auto found = fields.find("logFile"); found != fields.end()) {
    if (!found->is_string()) return refusal("field_type", "logFile: must be a string");
    log_file = found->get<std::string>();
  }
  if (log_file.empty()) {
    const auto bucket = caller.facts.value("logBucket", std::string{});
    if (bucket.empty()) {
      return refusal(
          "field_missing",
          "logFile: must be given, since neither the key nor the server has a log bucket");
    }
    log_file = bucket + "/" + request.id + "/" + request.id + "_log.jsonlist";
  }

  api::Bound bound;
  bound.job.external_id = request.id;
  bound.job.facts = facts_of(ops, log_file, seed);
  bound.parameters = Json{{"ops", std::move(ops)},
                          {"logFile", log_file},
                          {"seed", seed},
                          {"maxRecords", caller.facts.value("maxRecords", kMaxRecords)},
                          {"defaults", caller.facts.value("nodeDefaults", Json::object())}};
  bound.rules.strict_mix = true;
  bound.rules.relaxed_roles = caller.facts.value("relaxed", false);
  bound.rules.max_nodes = kMostMixNodes;
  bound.rules.check_sources = true;
  return bound;
}

api::ReplyResult reply_accepted(const api::Answered& answered) {
  const int status = answered.caller.facts.value("acceptedStatus", 202);
  return http::Response::json(status, Json{{"id", answered.job->external_id}}.dump());
}

}  // namespace millrace::atflow
