#include "tools/millrace/job_view.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>
#include <vector>

#include "engine/job/progress_json.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

Json time_json(std::int64_t micros) {
  return micros == 0 ? Json{} : Json(to_rfc3339(from_micros(micros)));
}

std::string text(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

const Json* object(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_object() && !found->empty() ? &*found : nullptr;
}

// Reads "2026-08-01T12:00:00.123Z"; nothing for other texts.
std::optional<double> seconds_of(const std::string& time) {
  std::tm parts{};
  const char* rest = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  double fraction = 0;
  if (*rest == '.') fraction = std::strtod(rest, nullptr);
  return static_cast<double>(::timegm(&parts)) + fraction;
}

std::optional<double> duration(const Json& job) {
  const auto started = seconds_of(text(job, "started"));
  const auto finished = seconds_of(text(job, "finished"));
  if (!started || !finished) return std::nullopt;
  return std::max(0.0, *finished - *started);
}

// The count that says best what the job was for, with its rate.
std::string throughput_text(const Json& counts, double seconds) {
  for (const auto* name : {"generated", "written", "read"}) {
    const auto count = counts.find(name);
    if (count == counts.end() || !count->is_number() || count->get<double>() <= 0) continue;
    const auto rate = count->get<double>() / std::max(seconds, 0.001);
    return fmt::format("throughput  {} {} a second\n",
                       rate < 100 ? fmt::format("{:.1f}", rate) : grouped(std::llround(rate)),
                       name);
  }
  return {};
}

std::string counts_text(const Json& counts) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : counts.items()) {
    if (value.is_number()) rows.push_back({name, grouped(value.get<std::int64_t>())});
  }
  return table(rows);
}

void add_label_rows(const Json& statistics, const char* member,
                    std::vector<std::vector<std::string>>& rows) {
  const auto labels = statistics.find(member);
  if (labels == statistics.end() || !labels->is_array()) return;
  for (const auto& label : *labels) {
    const auto name = std::string{member} + "." + text(label, "name");
    if (const auto* counts = object(label, "count")) {
      for (const auto& [value, count] : counts->items()) {
        rows.push_back(
            {name, value, count.is_number() ? grouped(count.get<std::int64_t>()) : count.dump()});
      }
    }
    rows.push_back({name, "(total)", grouped(label.value("total", std::int64_t{0}))});
  }
}

std::string statistics_text(const Json& statistics) {
  std::vector<std::vector<std::string>> rows{{"LABEL", "VALUE", "COUNT"}};
  rows.push_back({"records", "", grouped(statistics.value("fileCount", std::int64_t{0}))});
  add_label_rows(statistics, "class", rows);
  add_label_rows(statistics, "detect", rows);
  if (const auto* clusters = object(statistics, "facecluster");
      clusters != nullptr && clusters->value("total", 0) > 0) {
    rows.push_back({"facecluster", "(total)", grouped(clusters->value("total", std::int64_t{0}))});
  }
  return table(rows);
}

}  // namespace

Json job_json(const Job& job, const std::optional<Progress>& progress) {
  Json json = Json::object();
  json["id"] = job.id.value;
  json["dialect"] = job.dialect;
  json["externalId"] = job.external_id.empty() ? Json{} : Json(job.external_id);
  json["owner"] = job.owner;
  json["queue"] = job.queue;
  json["name"] = job.name;
  json["priority"] = job.priority;
  json["state"] = to_string(job.state);
  json["stopReason"] = to_string(job.stop_reason);
  json["created"] = time_json(job.created_us);
  json["started"] = time_json(job.started_us);
  json["finished"] = time_json(job.finished_us);
  json["notBefore"] = time_json(job.not_before_us);
  json["after"] = job.after.job ? Json{{"job", job.after.job.value},
                                       {"delay_s", job.after.delay.count()},
                                       {"when", to_string(job.after.when)}}
                                : Json{};
  json["attempt"] = job.attempt;
  json["maxAttempts"] = job.max_attempts;
  json["progress"] = progress ? to_json(*progress) : job.progress;
  json["counts"] = job.counts;
  json["result"] = job.result;
  json["error"] = job.error;
  json["facts"] = job.facts;
  return json;
}

Json event_json(const JobEvent& event) {
  return {{"sequence", event.sequence},
          {"time", time_json(event.time_us)},
          {"kind", event.kind},
          {"body", event.body}};
}

bool is_final(const Json& job) {
  const auto state = read_job_state(text(job, "state"));
  return state && millrace::is_final(*state);
}

int ended_code(const Json& job) {
  const auto state = text(job, "state");
  if (state == to_string(JobState::Finished)) return kOk;
  const bool is_ours = state == to_string(JobState::Aborted) &&
                       text(job, "stopReason") == to_string(StopReason::User);
  return is_ours ? kInterrupted : kFailed;
}

int report_ended(const Json& job, bool json, bool quiet) {
  if (json) {
    print_json(job);
  } else if (!quiet) {
    print(summary_text(job));
  }
  if (const auto why = error_text(job); !why.empty() && !json) {
    complain(
        fmt::format("job {} {}: {}", job.value("id", std::int64_t{0}), text(job, "state"), why));
  }
  return ended_code(job);
}

std::string error_text(const Json& job) {
  const auto* error = object(job, "error");
  if (error == nullptr) return {};
  const auto node = text(*error, "node");
  return fmt::format("{}{}", text(*error, "message"),
                     node.empty() ? "" : fmt::format(" (node {})", node));
}

std::string summary_text(const Json& job) {
  auto out = fmt::format("job {} {}", job.value("id", std::int64_t{0}), text(job, "state"));
  const auto reason = text(job, "stopReason");
  if (text(job, "state") == to_string(JobState::Aborted) && !reason.empty())
    out += fmt::format(" ({})", reason);
  const auto seconds = duration(job);
  if (seconds) out += fmt::format(" after {:.1f} s", *seconds);
  out += "\n";
  if (const auto* counts = object(job, "counts")) {
    out += counts_text(*counts);
    if (seconds) out += throughput_text(*counts, *seconds);
  }
  const auto* result = object(job, "result");
  if (result == nullptr) return out;
  const auto* statistics = object(*result, "targetFileStatistics");
  if (statistics != nullptr) out += "\n" + statistics_text(*statistics);
  for (const auto& [name, value] : result->items()) {
    if (name != "targetFileStatistics") {
      out += fmt::format("{}  {}\n", name,
                         value.is_string() ? value.get<std::string>() : value.dump());
    }
  }
  return out;
}

std::string details_text(const Json& job) {
  auto out = summary_text(job);
  if (const auto why = error_text(job); !why.empty()) out += "error  " + why + "\n";
  std::vector<std::vector<std::string>> rows;
  constexpr std::array<std::pair<const char*, const char*>, 8> kMembers{
      {{"name", "name"},
       {"dialect", "dialect"},
       {"externalId", "external id"},
       {"queue", "queue"},
       {"owner", "owner"},
       {"created", "created"},
       {"started", "started"},
       {"finished", "finished"}}};
  for (const auto& [member, title] : kMembers) {
    if (auto value = text(job, member); !value.empty()) rows.push_back({title, std::move(value)});
  }
  if (const auto* after = object(job, "after")) {
    const auto delay = after->value("delay_s", std::int64_t{0});
    rows.push_back({"after", fmt::format("job {} {}{}", after->value("job", std::int64_t{0}),
                                         text(*after, "when"),
                                         delay > 0 ? fmt::format(", and {} s", delay) : "")});
  }
  // One that a crash or a restart ended is begun anew and counts as none that failed.
  rows.push_back({"attempts", fmt::format("{} ({} may fail)", job.value("attempt", 0),
                                          job.value("maxAttempts", 0))});
  return out + "\n" + table(rows);
}

std::string event_text(const Json& event) {
  auto line = fmt::format("{}  {}", text(event, "time"), text(event, "kind"));
  if (const auto* body = object(event, "body"))
    line += "  " + body->dump(-1, ' ', false, Json::error_handler_t::replace);
  return line + "\n";
}

}  // namespace millrace::tool
