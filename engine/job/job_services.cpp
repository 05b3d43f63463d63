#include "engine/job/job_services.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/kept_change.hpp"
#include "engine/job/job_contents.hpp"
#include "engine/job/job_origin.hpp"
#include "engine/job/job_rows.hpp"
#include "engine/plugin/log_level.hpp"
#include "engine/store/work_folder.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// Our own members of a checkpoint; no node may have such a name.
constexpr const char* kCounts = "@counts";
constexpr const char* kRows = "@rows";
constexpr const char* kResult = "@result";
constexpr const char* kRecordLog = "@record_log";
constexpr const char* kChanges = "@changes";

// Of the rows that the end of a job may write, from where on those that are inserted are written
// before it, unseen: the rest is for changes that have to wait.
constexpr std::size_t kManyRows = kMostRowsAtOnce / 2;

// Takes a member of ours out of a checkpoint; null when it has none.
Result<Json> take(Checkpoint& checkpoint, const char* name) {
  const auto found = checkpoint.states.extract(name);
  if (found.empty()) return Json{};
  return parse_json(found.mapped(), kOwnJson);
}

// Whoever has another lease meanwhile changes nothing.
Asker fenced(Asker asker, JobStore& journal, const JobStore::Lease& lease) {
  asker.fence = [&journal, lease](Connection& connection) {
    return journal.check(connection, lease);
  };
  return asker;
}

Error too_many_rows() {
  return {Code::Exhausted,
          fmt::format("catalog changes of a job: the end of it would write more than {} rows at "
                      "once, where a change of one row counts as {} and of a model as {}; make one "
                      "change of many rows of them, change fewer rows, or make several jobs of it",
                      kMostRowsAtOnce, kRowsOfChange, kMostRowsAtOnce / kMostSingleRowsAtOnce)};
}

// What is wrong with a record, and with which: a list and its line, and the address in it if any.
std::string event_text(const RecordLogEvent& event) {
  auto text = fmt::format("{}: {}", event.code, event.message);
  if (!event.file.empty()) text += fmt::format(" file={}", event.file);
  if (event.line > 0) text += fmt::format(" line={}", event.line);
  if (!event.url.empty()) text += fmt::format(" url={}", event.url);
  return text;
}

}  // namespace

JobServices::JobServices(Surroundings around, JobStore& journal, const Job& job,
                         const JobStore::Lease& lease, LeaseGuard& guard, const Cancel& cancel,
                         const Clock& clock)
    : StoreServices{around, job.rights, fenced(asker_of(job), journal, lease),
                    stage_owner(job.id, lease.token), &guard},
      journal_{journal},
      lease_{lease},
      row_{job},
      job_{std::to_string(job.id.value)},
      cancel_{cancel},
      clock_{clock},
      began_{clock.steady()},
      lines_{began_},
      metrics_{began_} {}

// The pipeline of a job may be large, and few jobs write rows.
const Origin& JobServices::origin() {
  std::call_once(has_origin_, [this] { origin_ = origin_of(row_); });
  return origin_;
}

JobServices::~JobServices() = default;

void JobServices::set_plan(const Plan& plan) {
  seed_ = plan.seed;
  max_records_ = plan.max_records;
  const std::lock_guard lock{mutex_};
  progress_.set_plan(plan);
}

Result<void> JobServices::resume(Checkpoint* checkpoint) {
  if (checkpoint == nullptr) return {};
  MR_TRY(const Json counts, take(*checkpoint, kCounts));
  MR_TRY(const Json rows, take(*checkpoint, kRows));
  MR_TRY(Json result, take(*checkpoint, kResult));
  MR_TRY(noted_log_, take(*checkpoint, kRecordLog));
  const auto changes = checkpoint->states.extract(kChanges);
  resumed_ = true;
  const std::lock_guard lock{mutex_};
  if (!changes.empty()) MR_CHECK(changes_.restore(changes.mapped(), checkpoint->sequence));
  if (counts.is_object()) counts_.restore(counts, checkpoint->sequence);
  if (rows.is_object()) progress_.restore(rows, checkpoint->sequence);
  if (result.is_object()) result_ = std::move(result);
  return {};
}

Result<void> JobServices::open_record_log(std::string_view uri) {
  MR_TRY(ObjectWriter * staged, stage(uri));
  auto log = std::make_unique<RecordLog>(*staged, clock_);
  MR_CHECK(log->resume(noted_log_));
  record_log_uri_ = uri;
  record_log_ = std::move(log);
  return {};
}

void JobServices::mark(std::int64_t sequence) {
  const std::lock_guard lock{mutex_};
  counts_.mark(sequence);
  changes_.mark(sequence);
  progress_.mark(sequence);
}

void JobServices::settle(std::int64_t sequence) {
  if (record_log_) record_log_->settle(sequence);
}

Result<void> JobServices::add_state(Checkpoint& checkpoint) {
  if (record_log_) {
    MR_TRY(const Json noted, record_log_->checkpoint(checkpoint.sequence));
    checkpoint.states[kRecordLog] = detail::dump(noted);
  }
  const std::lock_guard lock{mutex_};
  checkpoint.states[kCounts] = detail::dump(Json(counts_.up_to_mark()));
  checkpoint.states[kRows] = detail::dump(progress_.rows_up_to_mark());
  checkpoint.states[kResult] = detail::dump(result_);
  if (!changes_.empty()) checkpoint.states[kChanges] = changes_.up_to_mark();
  return {};
}

Result<void> JobServices::put_states(Checkpoint& checkpoint) {
  if (store().work() == nullptr || !StateFiles::has_large(checkpoint)) {
    state_files_.put_none();
    return {};
  }
  MR_TRY(Scratch* const files, scratch());
  return state_files_.put(*files, checkpoint);
}

void JobServices::states_written() {
  if (state_files_.empty()) return;
  if (const auto files = scratch(); files.ok()) state_files_.written(**files);
}

Result<void> JobServices::read_states(Checkpoint& checkpoint) {
  if (!StateFiles::names_files(checkpoint)) return {};
  if (store().work() == nullptr)
    return Error{Code::NotFound,
                 "checkpoint: its large states lie in a folder for scratch; none is configured"};
  MR_TRY(Scratch* const files, scratch());
  return state_files_.read(*files, checkpoint);
}

Result<void> JobServices::end_record_log(std::string_view status) {
  if (!record_log_) return {};
  return record_log_->finish(status, counts());
}

void JobServices::log(std::string_view node, int level, std::string_view given) {
  const std::string message = hide(given);
  spdlog::log(log_level(level), "{} job={} node={}", message, job_, node);
  if (level > MR_LOG_INFO) return;
  Json body{{"node", node}, {"level", level_word(level)}, {"message", message}};
  {
    const std::lock_guard lock{mutex_};
    if (!lines_.take(clock_.steady())) {
      ++suppressed_;
      return;
    }
    if (suppressed_ > 0) body["suppressed_before"] = std::exchange(suppressed_, 0);
  }
  journal_.note(lease_, "log", body);
}

void JobServices::progress(std::string_view node, std::uint64_t done, std::uint64_t total,
                           std::string_view unit) {
  const std::lock_guard lock{mutex_};
  progress_.tell(node, done, total, unit, resumed_);
}

Progress JobServices::progress() const {
  const double seconds = std::chrono::duration<double>(clock_.steady() - began_).count();
  const std::lock_guard lock{mutex_};
  Progress progress = progress_.progress(seconds);
  progress.counts = counts_.totals();
  return progress;
}

Result<void> JobServices::metric(std::string_view node, const MetricPoint& point) {
  std::optional<Json> told;
  {
    const std::lock_guard lock{mutex_};
    MR_TRY(told, metrics_.add(node, point, clock_.steady()));
  }
  if (told) journal_.note(lease_, "metric", *told);
  return {};
}

void JobServices::tell_metrics() {
  std::vector<Json> waiting;
  {
    const std::lock_guard lock{mutex_};
    waiting = metrics_.take_waiting();
  }
  for (const Json& metric : waiting) journal_.note(lease_, "metric", metric);
}

void JobServices::count(std::string_view node, std::string_view counter, std::int64_t by) {
  count_in_batch(node, 0, counter, by);
}

void JobServices::count_in_batch(std::string_view, std::int64_t sequence, std::string_view counter,
                                 std::int64_t by) {
  const std::lock_guard lock{mutex_};
  counts_.add(sequence, counter, by);
}

Result<void> JobServices::passed(std::string_view node, std::int64_t sequence, std::int64_t reached,
                                 std::int64_t left) {
  JobProgress::Rows all;
  {
    const std::lock_guard lock{mutex_};
    all = progress_.add(node, sequence, {reached, left});
  }
  const auto too_many = [&](std::string_view which) {
    return Error{Code::Exhausted,
                 fmt::format("more than {} records {} one node; make fewer copies, or raise "
                             "maxRecords: {}",
                             max_records_, which, node)};
  };
  if (reached > 0 && all.in > max_records_) return too_many("reached");
  if (left > 0 && all.out > max_records_) return too_many("left");
  return {};
}

std::map<std::string, std::int64_t> JobServices::counts() const {
  const std::lock_guard lock{mutex_};
  return counts_.totals();
}

void JobServices::record_event(std::string_view node, const RecordLogEvent& event) {
  record_event_in_batch(node, 0, event);
}

void JobServices::record_event_in_batch(std::string_view node, std::int64_t sequence,
                                        const RecordLogEvent& event) {
  if (record_log_) {
    const std::string message = hide(event.message);
    auto told = event;
    told.message = message;
    record_log_->add(sequence, told);
  } else {
    log(node, event.level, event_text(event));
  }
}

Result<void> JobServices::set_result(std::string_view key, std::string_view json) {
  MR_TRY(Json value, parse_json(json));
  const std::lock_guard lock{mutex_};
  result_[std::string{key}] = std::move(value);
  return {};
}

Json JobServices::result() const {
  const std::lock_guard lock{mutex_};
  return result_;
}

Result<MadeChange> JobServices::make_change(const Json& change) {
  if (change.is_object() && change.value("entity", Json{}) == "jobs")
    return StoreServices::make_change(change);
  MR_TRY(const Asker asking, asker());
  std::size_t rows = 0;
  {
    const std::lock_guard lock{mutex_};
    rows = changes_.rows();
  }
  MR_TRY(const KeptChange kept,
         KeptChange::make(catalog(), change, asking, lease_.job.value, rows >= kManyRows));
  MR_TRY(const auto freed, contents_to_free(catalog(), change, asking.owner));
  MR_CHECK(note_contents(freed));
  if (kept.unseen() != 0) has_unseen_.store(true, std::memory_order_relaxed);
  const std::size_t more = kept.unseen() != 0 ? 0 : kept.rows();
  if (rows + more > kMostRowsAtOnce) return too_many_rows();
  return MadeChange{kept.answer(), Json{{"rows", more}, {"change", kept.to_json()}}};
}

Result<void> JobServices::keep_change(std::string_view node, std::int64_t sequence, Json kept) {
  const KeptChanges::Item item{std::string{node}, sequence, kept["rows"].get<std::size_t>(),
                               std::move(kept["change"])};
  const std::lock_guard lock{mutex_};
  if (changes_.rows() + item.rows > kMostRowsAtOnce) return too_many_rows();
  return changes_.add(item);
}

Result<void> JobServices::drop_change(const Json& kept) {
  MR_TRY(const Asker asking, asker());
  MR_TRY(const KeptChange change, KeptChange::from_json(kept.at("change"), asking, clock_));
  return change.take_back(catalog());
}

std::string JobServices::kept_changes() const {
  const std::lock_guard lock{mutex_};
  return changes_.empty() ? std::string{} : changes_.all();
}

Result<std::unique_ptr<Scratch>> JobServices::make_scratch() {
  if (store().work() == nullptr) {
    return Error{Code::InvalidArgument, "store: no folder is configured for scratch", "uri_scheme"};
  }
  return store().work()->scratch(lease_.job, lease_.token);
}

Result<void> JobServices::note_contents(const std::vector<std::string>& names) {
  if (names.empty()) return {};
  has_contents_.store(true, std::memory_order_relaxed);
  return JobContents{catalog(), journal_}.note(lease_, names);
}

Result<bool> JobServices::note_content(std::string_view sha256) {
  MR_CHECK(note_contents({std::string{sha256}}));
  return true;
}

Result<bool> JobServices::has_noted_content(std::string_view sha256) {
  return JobContents{catalog(), journal_}.has(lease_.job, sha256);
}

// Noted before it is opened, so that a file whose model is deleted meanwhile is there until the
// job ends, and before anything of it has an effect, so that a later attempt reads the same.
Result<std::string> JobServices::model_content(std::string_view address) {
  JobContents contents{catalog(), journal_};
  if (lease_.token > 1) {  // not the first attempt
    MR_TRY(auto known, contents.model(lease_.job, address));
    if (!known.empty()) return known;
  }
  MR_TRY(const auto found, StoreServices::model_content(address));
  has_contents_.store(true, std::memory_order_relaxed);
  return contents.note_model(lease_, address, found);
}

Result<ObjectWriter*> JobServices::stage_output(std::string_view uri) {
  MR_TRY(ObjectWriter * writer, StoreServices::stage_output(uri));
  // What an attempt without a checkpoint left is not what this one goes on from.
  if (!resumed_) MR_CHECK(writer->truncate(0));
  journal_.note_staged(lease_, std::string{uri});
  return writer;
}

}  // namespace millrace
