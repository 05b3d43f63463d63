#include "api/atflow/mix.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace millrace::atflow {

namespace {

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

api::TranslateResult translate_mix(const api::Call& call, const Settings& settings) {
  Json body = call.values.take("body");
  Json& ops = body.at("ops");
  const auto seed = body.at("seed").get<std::int64_t>();
  const auto& id = call.request.id;
  auto log_file = body.value("logFile", std::string{});
  if (log_file.empty()) {
    const auto bucket = call.caller.facts.value("logBucket", std::string{});
    if (bucket.empty()) {
      return api::refusal(
          {{.path = "/logFile",
            .code = "parameter_missing",
            .text = "must be given, since neither the key nor the server has a log bucket"}});
    }
    log_file = bucket + "/" + id + "/" + id + "_log.jsonlist";
  }

  api::Bound bound;
  bound.job.external_id = id;
  bound.job.facts = facts_of(ops, log_file, seed);
  bound.parameters = Json{{"ops", std::move(ops)},
                          {"logFile", log_file},
                          {"seed", seed},
                          {"maxRecords", settings.max_records},
                          {"defaults", settings.node_defaults}};
  bound.rules.strict_mix = true;
  bound.rules.relaxed_roles = settings.mix_relaxed;
  bound.rules.max_nodes = kMostMixNodes;
  bound.rules.check_sources = true;
  return bound;
}

api::ReplyResult reply_accepted(const api::Answered& answered, const Settings& settings) {
  return http::Response::json(settings.accepted_status,
                              Json{{"id", answered.job->external_id}}.dump());
}

}  // namespace millrace::atflow
