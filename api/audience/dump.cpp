// Dumps: the production rows of tasks, merged with an older dump.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "api/audience/checks.hpp"
#include "api/audience/model_routes.hpp"
#include "api/audience/refusals.hpp"
#include "engine/base/ascii.hpp"
#include "engine/base/clock.hpp"
#include "engine/job/job.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

// A job begins anew when the database was away amid it.
constexpr int kAttempts = 5;

api::Refusal not_dumped(std::string_view why) {
  return refuse_with(500, fmt::format("dump flow is failed since of {}", why));
}

// A request for a dump, with the settings in the place of what it leaves out.
struct Dump {
  Json task_ids = Json::array(), job_ids = Json::array();
  std::string old_schema, new_schema, schema, queue;
};

Dump read_dump(const api::Values& values, const Settings& settings) {
  const auto text_or = [&](std::string_view name, const std::string& other) {
    return std::string{values.text(name, other)};
  };
  Dump dump{.old_schema = text_or("OLD_TABLE_DATABASE", settings.dump_from_schema),
            .new_schema = text_or("NEW_TABLE_DATABASE", settings.output_schema),
            .schema = text_or("DUMP_DATABASE", settings.dump_to_schema),
            .queue = text_or("QUEUE", "")};
  for (const auto& id : *values.list("ID_LIST"))
    (id.is_string() ? dump.task_ids : dump.job_ids).push_back(id);
  return dump;
}

// Tables of the dump take the place of others, so nothing else may be where they are. Servers that
// do not tell upper from lower case have one schema for two names.
Result<void, api::Refusal> check_schemas(const Dump& dump, const Settings& settings) {
  const std::array others{settings.input_schema, settings.output_schema, dump.old_schema,
                          dump.new_schema};
  const auto own = lower_case(dump.schema);
  const bool is_taken = std::any_of(others.begin(), others.end(), [&](const std::string& other) {
    return lower_case(other) == own;
  });
  if (own.empty() || is_taken) return not_dumped("DUMP_DATABASE must be a schema of its own");
  if (dump.old_schema.empty())
    return not_dumped("OLD_TABLE_DATABASE must be given, since the server has none");
  if (dump.new_schema.empty())
    return not_dumped("NEW_TABLE_DATABASE must be given, since the server has none");
  return {};
}

Result<void, api::Refusal> check_queue(const std::string& queue) {
  if (auto checked = check_queue_name(queue); !checked.ok())
    return not_dumped(checked.error().message);
  if (queue == kPromptQueue)
    return not_dumped(
        fmt::format("QUEUE must be another than {}, which is the server's own", kPromptQueue));
  return {};
}

Json shown(const Dump& dump, const Json& ids) {
  return {{"ID_LIST", ids},
          {"OLD_TABLE_DATABASE", dump.old_schema},
          {"NEW_TABLE_DATABASE", dump.new_schema},
          {"DUMP_DATABASE", dump.schema},
          {"QUEUE", dump.queue}};
}

api::TranslateResult translate(const api::Call& call, const ModelParts& parts) {
  const auto settings = parts.settings->get();
  MR_CHECK(check_dump_ids(call.values));
  auto dump = read_dump(call.values, *settings);
  MR_CHECK(check_schemas(dump, *settings));
  MR_CHECK(check_queue(dump.queue));
  auto told = shown(dump, *call.values.find("ID_LIST"));
  api::Bound bound{.parameters = {{"state_schema", settings->output_schema},
                                  {"old_schema", dump.old_schema},
                                  {"new_schema", dump.new_schema},
                                  {"dump_schema", dump.schema},
                                  {"task_ids", std::move(dump.task_ids)},
                                  {"job_ids", std::move(dump.job_ids)},
                                  {"now", local_time(system_clock().now())}}};
  if (settings->profile == Profile::Reference) bound.parameters["platform_of"] = "first";
  bound.job.queue = dump.queue;
  bound.job.max_attempts = kAttempts;
  bound.refuse = [](const Error& error) { return not_dumped(error.message); };
  bound.reply = [told = std::move(told)](const api::Answered&) -> api::ReplyResult {
    return envelope(200, told);
  };
  return bound;
}

}  // namespace

api::Route dump_tasks_route(api::Route declared, ModelParts parts) {
  declared.lane = api::Lane::Queued;
  declared.translate = [parts = std::move(parts)](const api::Call& call) {
    return translate(call, parts);
  };
  return declared;
}

}  // namespace millrace::audience
