#include "engine/job/catalog_change.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "engine/base/utf8.hpp"
#include "engine/catalog/catalog.hpp"
#include "engine/job/job_service.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Error wrong(std::string_view what) {
  return {Code::InvalidArgument,
          fmt::format("catalog change: {}; wanted is {{\"entity\": \"jobs\", \"action\": \"abort\" "
                      "or \"retry\", \"id\": number}}; an abort takes \"where\" instead of an id",
                      what)};
}

Result<std::string> text_member(const Json& change, const char* name) {
  const auto found = change.find(name);
  if (found == change.end()) return std::string{};
  if (!found->is_string()) return wrong(fmt::format("{} is not a string", name));
  return found->get<std::string>();
}

// Finds the job by either of its names, among those that the owner may see.
Result<JobId> find_job(Catalog& catalog, const Json& change, std::string_view owner) {
  Json where = Json::array();
  std::string shown;
  if (const auto id = change.find("id"); id != change.end()) {
    if (!id->is_number_integer()) return wrong("id is not an integer");
    where.push_back({{"column", "id"}, {"op", "="}, {"value", *id}});
    shown = id->dump();
  } else {
    MR_TRY(const std::string dialect, text_member(change, "dialect"));
    MR_TRY(const std::string external, text_member(change, "external_id"));
    if (dialect.empty() || external.empty()) return wrong("no job named");
    where.push_back({{"column", "dialect"}, {"op", "="}, {"value", dialect}});
    where.push_back({{"column", "external_id"}, {"op", "="}, {"value", external}});
    shown = external;
  }
  MR_TRY(const Batch found,
         catalog.query({{"entity", "jobs"}, {"columns", {"id"}}, {"where", where}}, owner));
  if (found.rows() == 0)
    return Error{Code::NotFound, fmt::format("no such job: {}", printable(shown))};
  return JobId{found.column<std::int64_t>("id").value(0)};
}

// Aborts those of the jobs that have not ended, and returns their ids. One that ends meanwhile
// needs no abort.
Result<Batch> abort_where(Catalog& catalog, JobService& jobs, const Json& where, StopReason reason,
                          std::string_view owner) {
  if (!where.is_array() || where.empty()) return wrong("where is not a list of conditions");
  auto conditions = where;
  conditions.push_back(
      {{"column", "state"}, {"op", "in"}, {"value", {"waiting", "queued", "running"}}});
  MR_TRY(const Batch found, catalog.query({{"entity", "jobs"},
                                           {"columns", {"id"}},
                                           {"where", std::move(conditions)},
                                           {"order", {"id"}},
                                           {"limit", kMostAbortedJobs + 1}},
                                          owner));
  if (found.rows() > kMostAbortedJobs) {
    return Error{Code::Exhausted, fmt::format("more than {} jobs meet the conditions: none of them "
                                              "is aborted; add conditions that fewer jobs meet",
                                              kMostAbortedJobs)};
  }
  Builder<std::int64_t> aborted;
  const auto ids = found.column<std::int64_t>("id");
  for (std::int64_t row = 0; row < ids.size(); ++row) {
    const auto done = jobs.abort(JobId{ids.value(row)}, reason);
    const bool has_ended =
        !done.ok() && (done.error().code == Code::Conflict || done.error().code == Code::NotFound);
    if (!done.ok() && !has_ended) return done.error();
    if (done.ok()) aborted.append(ids.value(row));
  }
  return Batch{}.with("id", std::move(aborted));
}

// Jobs are changed by what runs them.
Result<Batch> change_job(Catalog& catalog, JobService& jobs, const Json& change,
                         std::string_view owner) {
  static constexpr std::array<std::string_view, 7> kMembers{
      "entity", "action", "id", "dialect", "external_id", "where", "reason"};
  for (const auto& [key, value] : change.items()) {
    if (std::find(kMembers.begin(), kMembers.end(), key) == kMembers.end()) {
      return wrong(fmt::format("unknown member: {}", printable(key)));
    }
  }
  MR_TRY(const std::string action, text_member(change, "action"));
  if (action != "abort" && action != "retry")
    return wrong(fmt::format("unknown action: {}", printable(action)));
  MR_TRY(const std::string reason_word, text_member(change, "reason"));
  const StopReason reason = reason_word.empty() ? StopReason::User : read_stop_reason(reason_word);
  if (reason == StopReason::None || (action == "retry" && !reason_word.empty())) {
    return wrong(fmt::format("reason does not fit: {}", printable(reason_word)));
  }
  if (const auto where = change.find("where"); where != change.end()) {
    if (action != "abort") return wrong("where is for aborts");
    for (const char* name : {"id", "dialect", "external_id"})
      if (change.contains(name)) return wrong(fmt::format("{} beside where", name));
    return abort_where(catalog, jobs, *where, reason, owner);
  }
  MR_TRY(const JobId id, find_job(catalog, change, owner));
  if (action == "abort") {
    MR_CHECK(jobs.abort(id, reason));
  } else {
    MR_CHECK(jobs.retry(id));
  }
  return catalog.query(
      {{"entity", "jobs"},
       {"where", Json::array({Json{{"column", "id"}, {"op", "="}, {"value", id.value}}})}},
      owner);
}

}  // namespace

Result<Batch> change_catalog(Catalog& catalog, JobService& jobs, const Json& change,
                             const Asker& asker) {
  if (!change.is_object()) return wrong("not an object");
  if (change.value("entity", Json{}) == "jobs")
    return change_job(catalog, jobs, change, asker.owner);
  return catalog.change(change, asker);
}

}  // namespace millrace
