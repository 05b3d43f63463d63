#include <charconv>
#include <limits>
#include <map>

#include "tools/millrace/job_access.hpp"
#include "tools/millrace/server_client.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

constexpr std::chrono::milliseconds kPause{300};
constexpr std::chrono::milliseconds kPatience{500};  // a journal that has more sends it at once

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

Json progress_of(const std::string& data) {
  auto json = parse_json(data).value_or(Json{});
  return json.is_object() ? json : Json{};
}

class RemoteJobs final : public JobAccess {
 public:
  explicit RemoteJobs(std::unique_ptr<ServerClient> client) : client_{std::move(client)} {}

  Result<Json> list(const JobQuery& query) override {
    // The words have been checked by the command line; a queue's name may hold anything.
    auto target = fmt::format("/jobs?limit={}", query.limit);
    if (query.before > 0) target += fmt::format("&before={}", query.before);
    if (!query.state.empty()) target += "&state=" + escaped(query.state);
    if (!query.queue.empty()) target += "&queue=" + escaped(query.queue);
    if (!query.dialect.empty()) target += "&dialect=" + escaped(query.dialect);
    return client_->request("GET", target);
  }

  Result<Json> get(std::int64_t id) override {
    MR_TRY(auto job, client_->request("GET", fmt::format("/jobs/{}", id)));
    if (!progress_.is_null()) job["progress"] = progress_;
    return job;
  }

  Result<std::vector<Json>> events(std::int64_t id, std::int64_t after) override {
    std::vector<Json> all;
    MR_CHECK(client_->stream(fmt::format("/jobs/{}/events?after={}", id, after), kPatience,
                             [&](const ServerClient::Event& event) {
                               if (event.id.empty())
                                 return false;  // progress: the journal has been told
                               const Json data = parse_json(event.data).value_or(Json{});
                               Json line = Json::object();
                               line["sequence"] = number_of(event.id);
                               line["time"] =
                                   data.is_object() ? data.value("time", Json{}) : Json{};
                               line["kind"] = event.name;
                               line["body"] =
                                   data.is_object() ? data.value("body", Json{}) : Json{};
                               all.push_back(std::move(line));
                               return true;
                             }));
    return all;
  }

  Result<std::int64_t> submit(const JobSubmission& submission) override {
    Json body{{"pipeline", submission.pipeline},
              {"params", submission.values},
              {"priority", submission.priority},
              {"maxAttempts", submission.max_attempts}};
    if (!submission.queue.empty()) body["queue"] = submission.queue;
    if (const auto& after = submission.after; after.job) {
      body["after"] = Json{{"job", after.job.value},
                           {"delay_s", after.delay.count()},
                           {"when", to_string(after.when)}};
    }
    MR_TRY(const auto made, client_->request("POST", "/jobs", body.dump()));
    return made.value("id", std::int64_t{0});
  }

  Result<void> abort(std::int64_t id) override { return post(fmt::format("/jobs/{}/abort", id)); }
  Result<void> retry(std::int64_t id) override { return post(fmt::format("/jobs/{}/retry", id)); }

  Result<std::int64_t> rerun(std::int64_t id) override {
    MR_TRY(const auto made, client_->request("POST", fmt::format("/jobs/{}/rerun", id)));
    return made.value("id", std::int64_t{0});
  }

  Result<void> start() override { return {}; }

  void pause(std::int64_t id) override {
    // Only what is new: no line has a number beyond this one.
    const auto listened = client_->stream(
        fmt::format("/jobs/{}/events?after={}", id, std::numeric_limits<std::int32_t>::max()),
        kPause, [&](const ServerClient::Event& event) {
          progress_ = progress_of(event.data);
          return true;
        });
    // A server that is gone is seen by the next get().
    static_cast<void>(listened);
  }

 private:
  static std::string escaped(const std::string& text) {
    std::string out;
    for (const char c : text) {
      const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
      out += is_plain ? std::string{c} : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
  }

  Result<void> post(const std::string& target) {
    MR_CHECK(client_->request("POST", target));
    return {};
  }

  std::unique_ptr<ServerClient> client_;
  Json progress_;  // of the job that is waited for, as the stream told it last
};

}  // namespace

Result<std::unique_ptr<JobAccess>> jobs_of(const std::string& address, const std::string& token) {
  MR_TRY(auto client, ServerClient::open(address, token));
  return std::unique_ptr<JobAccess>{std::make_unique<RemoteJobs>(std::move(client))};
}

}  // namespace millrace::tool
