#include "api/atflow/jobs.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "api/atflow/errors.hpp"
#include "api/route/json_text.hpp"
#include "engine/base/clock.hpp"
#include "engine/base/json_members.hpp"

namespace millrace::atflow {

namespace {

constexpr std::int64_t kDefaultLimit = 100, kMaxLimit = kMostListed;

Json condition(std::string_view column, std::string_view op, Json value) {
  return Json{{"column", column}, {"op", op}, {"value", std::move(value)}};
}

// Jobs that the caller may see: those of its key, all for an administrator.
Json visible_to(const api::Caller& caller) {
  Json where = Json::array({condition("dialect", "=", "atflow")});
  if (!caller.is_admin) where.push_back(condition("owner", "=", caller.owner));
  return where;
}

bool is_job_id(std::string_view text) {
  return text.size() == 24 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

api::Refusal no_such_job(std::string_view id) {
  return refusal("no_job", "no such job: " + std::string{id}, Code::NotFound);
}

// The states of the document; publishing is the end of running.
std::string_view status_word(std::string_view state) {
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
  Items(const Batch& rows, const api::Caller& caller, StatisticsNames lonely)
      : number_{rows.column<std::int64_t>("id")},
        external_id_{rows.column<std::string_view>("external_id")},
        state_{rows.column<std::string_view>("state")},
        facts_{rows.column<std::string_view>("facts")},
        result_{rows.column<std::string_view>("result")},
        counts_{rows.column<std::string_view>("counts")},
        error_{rows.column<std::string_view>("error")},
        created_{rows.column<std::int64_t>("created")},
        finished_{rows.column<std::int64_t>("finished")},
        names_{caller.facts.value("aliases", true) ? StatisticsNames::Both : lonely} {}

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

std::optional<std::int64_t> positive(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_digits =
      !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_digits && problem == std::errc::result_out_of_range) return kMaxLimit;
  if (!is_digits || problem != std::errc{} || value <= 0) return std::nullopt;
  return value;
}

std::int64_t limit_of(const http::Request& request) {
  const auto given = request.query_value("limit");
  return given ? std::min(positive(*given).value_or(kDefaultLimit), kMaxLimit) : kDefaultLimit;
}

std::string_view marker_of(const http::Request& request) {
  return request.query_value("marker").value_or("");
}

}  // namespace

// The marker's own row is fetched as the first, which proves that it exists; one row more than the
// page tells whether another page follows.
api::TranslateResult translate_list(const http::Request& request, const api::Caller& caller) {
  const auto limit = request.query_value("limit");
  if (limit && !positive(*limit)) {
    return refusal("limit", "limit must be a positive integer: " + std::string{*limit});
  }
  const auto marker = marker_of(request);
  if (!marker.empty() && !is_job_id(marker)) {
    return refusal("marker", "marker is not the id of a job: " + std::string{marker});
  }
  Json where = visible_to(caller);
  if (!marker.empty()) where.push_back(condition("external_id", "<=", marker));
  api::Bound bound;
  bound.parameters =
      Json{{"where", std::move(where)}, {"limit", limit_of(request) + (marker.empty() ? 1 : 2)}};
  return bound;
}

api::ReplyResult reply_list(const api::Answered& answered) {
  const auto limit = limit_of(answered.request);
  const auto marker = marker_of(answered.request);
  Json items = Json::array();
  bool is_marker_found = marker.empty(), has_more = false;
  std::string last;
  for (const auto& [node, rows] : answered.outcome->rows) {
    const Items view{rows, answered.caller, StatisticsNames::OfList};
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
  if (!is_marker_found)
    return refusal("marker", "marker is not the id of a job: " + std::string{marker});
  return http::Response::json(
      200, Json{{"items", std::move(items)}, {"marker", has_more ? last : ""}}.dump());
}

api::TranslateResult translate_one(const http::Request& request, const api::Caller& caller) {
  const auto id = request.path_value("id");
  if (!is_job_id(id)) return no_such_job(id);
  Json where = visible_to(caller);
  where.push_back(condition("external_id", "=", id));
  api::Bound bound;
  bound.parameters = Json{{"where", std::move(where)}};
  return bound;
}

api::ReplyResult reply_one(const api::Answered& answered) {
  for (const auto& [node, rows] : answered.outcome->rows) {
    if (rows.empty()) continue;
    return http::Response::json(
        200, Items{rows, answered.caller, StatisticsNames::OfGet}.item(0).dump());
  }
  return no_such_job(answered.request.path_value("id"));
}

api::ReplyResult reply_abort(const api::Answered& answered) {
  const auto& rows = answered.outcome->rows;
  const bool is_found = std::any_of(rows.begin(), rows.end(),
                                    [](const auto& emitted) { return !emitted.rows.empty(); });
  if (!is_found) return no_such_job(answered.request.path_value("id"));
  return http::Response{};
}

}  // namespace millrace::atflow
