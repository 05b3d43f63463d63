#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <utility>

#include "engine/engine.hpp"
#include "tools/millrace/job_access.hpp"
#include "tools/millrace/job_view.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

constexpr std::chrono::milliseconds kPause{100};
constexpr int kEventPage = 1000;

class LocalJobs : public JobAccess {
 public:
  explicit LocalJobs(Engine& engine) : engine_{engine} {}

  Result<Json> list(const JobQuery& query) override {
    JobStore::Filter filter;
    filter.state = query.state;
    filter.queue = query.queue;
    filter.dialect = query.dialect;
    filter.before = JobId{query.before};
    filter.limit = query.limit + 1;  // one more tells whether there are more
    MR_TRY(auto jobs, engine_.job_store().list(filter));
    const bool has_more = jobs.size() > static_cast<std::size_t>(query.limit);
    if (has_more) jobs.pop_back();
    Json items = Json::array();
    for (const auto& job : jobs) items.push_back(job_json(job, engine_.jobs().progress(job.id)));
    Json list = Json::object();
    list["items"] = std::move(items);
    list["next"] = has_more ? Json(jobs.back().id.value) : Json{};
    return list;
  }

  Result<Json> get(std::int64_t id) override {
    MR_TRY(const auto job, engine_.job_store().get(JobId{id}));
    return job_json(job, engine_.jobs().progress(job.id));
  }

  Result<std::vector<Json>> events(std::int64_t id, std::int64_t after) override {
    MR_CHECK(
        engine_.job_store().get(JobId{id}));  // a job that does not exist is not one without events
    std::vector<Json> all;
    while (true) {
      MR_TRY(const auto page, engine_.job_store().events(JobId{id}, after, kEventPage));
      for (const auto& event : page) all.push_back(event_json(event));
      if (page.size() < kEventPage) return all;
      after = page.back().sequence;
    }
  }

  Result<std::int64_t> submit(const JobSubmission& submission) override {
    StoreRights rights;
    rights.any_file = true;  // a person at the shell
    rights.databases = true;
    auto checked = engine_.validate(submission.pipeline, submission.values, rights);
    if (!checked.graph) {
      const auto& fault = checked.faults.front();
      return Error{Code::InvalidArgument,
                   fmt::format("the pipeline is not valid: {}: {}", fault.pointer, fault.message)};
    }
    JobRequest request;
    request.pipeline = std::move(checked.document);
    request.sealed = std::move(checked.sealed);
    request.queue = submission.queue.empty() ? checked.graph->queue : submission.queue;
    request.priority = submission.priority == 0 ? checked.graph->priority : submission.priority;
    request.max_attempts = submission.max_attempts;
    request.after = submission.after;
    return number_of([&](JobStore::Submitted submitted) {
      engine_.submit(std::move(request), rights, std::move(submitted));
    });
  }

  Result<void> abort(std::int64_t id) override {
    MR_CHECK(engine_.jobs().abort(JobId{id}, StopReason::User));
    return {};
  }

  Result<void> retry(std::int64_t id) override { return engine_.jobs().retry(JobId{id}); }

  Result<std::int64_t> rerun(std::int64_t id) override {
    return number_of([&](JobStore::Submitted submitted) {
      engine_.jobs().rerun(JobId{id}, std::move(submitted));
    });
  }

  Result<void> start() override { return engine_.start(); }

  void pause(std::int64_t id) override {
    // Shared with the callback, which may still be under way when unwatch() returns.
    struct Signal {
      std::mutex mutex;  // guards is_changed
      std::condition_variable condition;
      bool is_changed = false;
    };
    const auto signal = std::make_shared<Signal>();
    const auto watch = engine_.jobs().watch(JobId{id}, [signal](JobId) {
      const std::lock_guard lock{signal->mutex};
      signal->is_changed = true;
      signal->condition.notify_all();
    });
    {
      std::unique_lock lock{signal->mutex};
      signal->condition.wait_for(lock, kPause, [&] { return signal->is_changed; });
    }
    engine_.jobs().unwatch(watch);
  }

 private:
  // Waits until a submission is on disk.
  static Result<std::int64_t> number_of(const std::function<void(JobStore::Submitted)>& submit) {
    std::promise<Result<JobStore::Submission>> submitted;
    auto outcome = submitted.get_future();
    submit([&](Result<JobStore::Submission> made) { submitted.set_value(std::move(made)); });
    MR_TRY(const auto made, outcome.get());
    return made.id.value;
  }

  Engine& engine_;
};

// The jobs of a folder that this process opened for a moment.
class FolderJobs final : public LocalJobs {
 public:
  explicit FolderJobs(std::unique_ptr<Engine> engine)
      : LocalJobs{*engine}, owned_{std::move(engine)} {}

 private:
  std::unique_ptr<Engine> owned_;
};

}  // namespace

std::unique_ptr<JobAccess> jobs_of(Engine& engine) { return std::make_unique<LocalJobs>(engine); }

std::unique_ptr<JobAccess> jobs_of(std::unique_ptr<Engine> engine) {
  return std::make_unique<FolderJobs>(std::move(engine));
}

}  // namespace millrace::tool
