#include "api/atflow/jobs.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "api/route/json_text.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/json_members.hpp"

#include <fmt/format.h>

namespace millrace::atflow {

namespace {

Json condition(std::string_view column, std::string_view op, Json value) {
  return Json{{"column", column}, {"op", op}, {"value", std::move(value)}};
}

// Jobs that the caller may see: those of its key, all for an administrator.
Json visible_to(const api::Caller& caller) {
  Json where = Json::array({condition("dialect", "=", "atflow")});
  if (!caller.is_admin) where.push_back(condition("owner", "=", caller.owner));
  return where;
}

api::Refusal no_such_job(const api::Values& values) {
  return api::refusal(Code::NotFound, "no_job", fmt::format("no such job: {}", values.text("id")));
}

// The states of the document; publishing is the end of running, and what waits is queued.
std::string_view status_word(std::string_view state) {
  if (state == "waiting") return "queued";
  return state == "publishing" ? "running" : state;
}

Json parsed(const Column<std::string_view>& column, std::int64_t row) {
  auto value = api::read_row(column.value(row, "{}"));
  return value.is_object() ? value : Json::object();
}

std::string time_text(const Column<std::int64_t>& column, std::int64_t row) {
  const auto micros = column[row];
  return micros ? to_rfc3339(from_micros(*micros)) : std::string{};
}

enum class StatisticsNames { Both, OfList, OfGet };

Json statistics(const Json& result, bool is_finished, StatisticsNames names) {
  Json classes = Json::array(), detections = Json::array();
  Json clusters{{"total", 0}, {"faceMax", 0}, {"faceMin", 0}};
  std::int64_t files = 0;
  const auto found = result.find("targetFileStatistics");
  if (is_finished && found != result.end() && found->is_object()) {
    files = found->value("fileCount", std::int64_t{0});
    classes = found->value("class", classes);
    detections = found->value("detect", detections);
    clusters = found->value("facecluster", clusters);
  }
  Json made{{"fileCount", files}};
  if (names != StatisticsNames::OfGet) {
    made["class"] = classes;
    made["detect"] = detections;
  }
  if (names != StatisticsNames::OfList) {
    made["classification"] = classes;
    made["detection"] = detections;
  }
  made["facecluster"] = clusters;
  return made;
}

Json counts_of(const Json& counts) {
  Json made = Json::object();
  for (const char* name : {"read", "badLines", "generated", "written", "failed"}) {
    append_member(made, name, counts.value(name, std::int64_t{0}));
  }
  return made;
}

// Rows of the entity jobs as the items of List and Get.
class Items {
 public:
  Items(const Batch& rows, const Settings& settings, StatisticsNames lonely)
      : number_{rows.column<std::int64_t>("id")},
        external_id_{rows.column<std::string_view>("external_id")},
        state_{rows.column<std::string_view>("state")},
        facts_{rows.column<std::string_view>("facts")},
        result_{rows.column<std::string_view>("result")},
        counts_{rows.column<std::string_view>("counts")},
        error_{rows.column<std::string_view>("error")},
        created_{rows.column<std::int64_t>("created")},
        finished_{rows.column<std::int64_t>("finished")},
        names_{settings.stats_aliases ? StatisticsNames::Both : lonely} {}

  // A job that was run again by its number has no id of this dialect.
  [[nodiscard]] std::string id(std::int64_t row) const {
    const auto chosen = external_id_[row];
    return chosen ? std::string{*chosen} : std::to_string(number_.value(row));
  }

  [[nodiscard]] Json item(std::int64_t row) const {
    const Json facts = parsed(facts_, row);
    const std::string_view state = state_.value(row);
    Json made{{"id", id(row)}};
    for (const char* name : {"prefix", "sourceFile", "targetFile", "logFile"}) {
      append_member(made, name, facts.value(name, std::string{}));
    }
    made["createTime"] = time_text(created_, row);
    made["targetFileStatistics"] = statistics(parsed(result_, row), state == "finished", names_);
    made["type"] = facts.value("type", std::string{});
    made["status"] = status_word(state);
    made["finishTime"] = time_text(finished_, row);
    made["seed"] = facts.value("seed", std::int64_t{0});
    made["counts"] = counts_of(parsed(counts_, row));
    made["error"] = parsed(error_, row).value("message", std::string{});
    if (const auto sources = facts.find("sourceFiles"); sources != facts.end())
      made["sourceFiles"] = *sources;
    return made;
  }

 private:
  Column<std::int64_t> number_;
  Column<std::string_view> external_id_, state_, facts_, result_, counts_, error_;
  Column<std::int64_t> created_, finished_;
  StatisticsNames names_;
};

std::int64_t limit_of(const api::Values& values) {
  return std::min(values.integer("limit"), kMostListed);
}

}  // namespace

// The marker's own row is fetched as the first, which proves that it exists; one row more than the
// page tells whether another page follows.
api::TranslateResult translate_list(const api::Call& call) {
  const auto marker = call.values.text("marker");
  Json where = visible_to(call.caller);
  if (!marker.empty()) where.push_back(condition("external_id", "<=", marker));
  api::Bound bound;
  bound.parameters = Json{{"where", std::move(where)},
                          {"limit", limit_of(call.values) + (marker.empty() ? 1 : 2)}};
  return bound;
}

api::ReplyResult reply_list(const api::Answered& answered, const Settings& settings) {
  const auto limit = limit_of(answered.values);
  const auto marker = answered.values.text("marker");
  Json items = Json::array();
  bool is_marker_found = marker.empty(), has_more = false;
  std::string last;
  for (const auto& [node, rows] : answered.outcome->rows) {
    const Items view{rows, settings, StatisticsNames::OfList};
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      if (!is_marker_found) {
        if (view.id(row) != marker) break;
        is_marker_found = true;
        continue;
      }
      has_more = static_cast<std::int64_t>(items.size()) == limit;
      if (has_more) break;
      items.push_back(view.item(row));
      last = view.id(row);
    }
  }
  if (!is_marker_found) {
    return api::refusal(Code::InvalidArgument, "marker",
                        fmt::format("marker is not the id of a job: {}", marker));
  }
  return http::Response::json(
      200, Json{{"items", std::move(items)}, {"marker", has_more ? last : ""}}.dump());
}

api::TranslateResult translate_one(const api::Call& call) {
  Json where = visible_to(call.caller);
  where.push_back(condition("external_id", "=", call.values.text("id")));
  api::Bound bound;
  bound.parameters = Json{{"where", std::move(where)}};
  return bound;
}

api::ReplyResult reply_one(const api::Answered& answered, const Settings& settings) {
  for (const auto& [node, rows] : answered.outcome->rows) {
    if (rows.empty()) continue;
    return http::Response::json(200, Items{rows, settings, StatisticsNames::OfGet}.item(0).dump());
  }
  return no_such_job(answered.values);
}

api::TranslateResult translate_abort(const api::Call& call) {
  MR_TRY(auto bound, translate_one(call));
  // The engine knows the job by a number of its own.
  bound.refuse = [id = std::string{call.values.text("id")}](Error error) -> api::Refusal {
    if (error.code != Code::Conflict) return {.error = std::move(error)};
    return api::refusal(Code::Conflict, "job_ended", "job has ended, and cannot be aborted: " + id);
  };
  return bound;
}

api::ReplyResult reply_abort(const api::Answered& answered) {
  const auto& rows = answered.outcome->rows;
  const bool is_found = std::any_of(rows.begin(), rows.end(),
                                    [](const auto& emitted) { return !emitted.rows.empty(); });
  if (!is_found) return no_such_job(answered.values);
  return http::Response{};
}

}  // namespace millrace::atflow
