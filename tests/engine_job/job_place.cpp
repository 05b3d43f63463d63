#include "job_place.hpp"

#include <chrono>
#include <fstream>
#include <stdexcept>

#include <spdlog/spdlog.h>

namespace millrace::test {

using namespace std::chrono_literals;

namespace {

std::unique_ptr<Registry> open_registry() {
  spdlog::set_level(spdlog::level::off);  // tests look at states, and operators log in loops
  auto registry = must(Registry::open({}));
  must(registry->add(MR_JOB_OPERATORS));
  return registry;
}

}  // namespace

JobPlace::JobPlace(SqlDialect kind) : registry_{open_registry()} {
  place_.emplace(kind);
  own_folder_.emplace();
  folder_ = own_folder_->path();
  database_ = place_->settings();
  settings.checkpoint_every = 0ms;
  settings.retry_first = 1ms;
  settings.retry_longest = 10ms;
}

JobPlace::JobPlace(std::filesystem::path folder)
    : folder_{std::move(folder)}, registry_{open_registry()} {
  database_.address = "sqlite:" + (folder_ / "catalog.sqlite").string();
  settings.checkpoint_every = 0ms;
}

JobPlace::JobPlace(std::filesystem::path folder, DatabaseSettings database)
    : folder_{std::move(folder)}, database_{std::move(database)}, registry_{open_registry()} {
  settings.checkpoint_every = 0ms;
}

JobPlace::JobPlace(Twin, const JobPlace& other)
    : settings{other.settings},
      folder_{other.folder_},
      database_{other.database_},
      registry_{open_registry()} {}

JobPlace::~JobPlace() { close(); }

void JobPlace::open(bool start, std::unique_ptr<Scheduler> scheduler) {
  life_ = std::make_unique<Life>();
  life_->catalog = must(Catalog::open(database_, *clock));
  StoreSettings store_settings;
  store_settings.folder = folder_ / "store";
  store_settings.work = folder_ / "work";
  store_settings.max_scratch_bytes = max_scratch_bytes;
  life_->store = must(Store::open(store_settings, open_disk));
  life_->scheduler =
      scheduler ? std::move(scheduler)
                : make_worker_pools(
                      PoolSizes{.control = 4, .waiting = 4, .compute = workers, .waiting_share = 4},
                      *clock);
  life_->sealed =
      must(SealedFiles::open(must(open_disk(folder_ / sealed_folder, DiskOwner::Program))));
  life_->jobs = std::make_unique<JobStore>(*life_->catalog, life_->sealed->place());
  life_->service = std::make_unique<JobService>(*life_->jobs, *registry_, *life_->store,
                                                *life_->catalog, *life_->scheduler, settings,
                                                JobSecrets{&connections_, life_->sealed.get()});
  if (start) must(life_->service->start());
}

Result<void> JobPlace::add_plugin(const std::filesystem::path& plugin) {
  MR_CHECK(registry_->add(plugin));
  plugins_.push_back(plugin);
  return {};
}

void JobPlace::close() {
  if (!life_) return;
  life_->service.reset();
  life_->jobs.reset();
  life_->scheduler.reset();
  life_.reset();
}

void JobPlace::abandon() {
  // A process takes its writes with it when it dies. Here they end first, or they would reach into
  // the next life: each callback may write again, until one barrier is the only write since the one
  // before.
  for (std::uint64_t before = 0;;) {
    must(catalog().write_and_wait([](Connection&) -> Result<void> { return {}; }));
    const std::uint64_t writes = catalog().counters().writes;
    if (writes == before + 1) break;
    before = writes;
  }
  // Reachable for ever, so that the leak checker knows that it is meant.
  static auto& graveyard = *new std::vector<Life*>;
  static auto& registries = *new std::vector<Registry*>;
  // What its threads log to is there when the program ends.
  static auto& loggers = *new std::vector<std::shared_ptr<spdlog::logger>>;
  loggers.push_back(spdlog::default_logger());
  graveyard.push_back(life_.release());
  registries.push_back(registry_.release());
  registry_ = open_registry();
  for (const auto& plugin : plugins_) must(registry_->add(plugin));
}

StoreRights JobPlace::rights() const { return {.databases = reaches_databases}; }

Json JobPlace::pipeline(const Json& numbers, const std::string& name,
                        const std::string& log) const {
  const std::string type = name.empty() ? "output.nothing" : "output.ledger";
  Json params = Json::object();
  if (!name.empty()) params["file"] = uri(name);
  Json document{{"ops",
                 {{{"name", "in"},
                   {"type", "input.numbers"},
                   {"preOps", Json::array()},
                   {"postOps", {"out"}},
                   {"params", numbers}},
                  {{"name", "out"},
                   {"type", type},
                   {"preOps", {"in"}},
                   {"postOps", Json::array()},
                   {"params", params}}}}};
  if (!log.empty()) document["logFile"] = uri(log);
  return document;
}

std::optional<std::string> JobPlace::read(const std::string& name) {
  const auto checked = must(store().check(uri(name), rights(), false));
  auto reader = store().open(checked);
  if (!reader.ok()) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = must((*reader)->read(buffer))) text.append(buffer.data(), got);
  return text;
}

std::vector<std::string> JobPlace::partials() const {
  std::vector<std::string> names;
  if (!std::filesystem::exists(folder_ / "store")) return names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / "store")) {
    const auto name = entry.path().filename().string();
    const bool is_note = entry.path().parent_path().filename() == ".stages";
    if (name.ends_with(".partial") && !is_note) names.push_back(name);
  }
  return names;
}

void JobPlace::touch(const std::string& name) const { std::ofstream{folder_ / name} << "x"; }

Result<JobId> JobPlace::try_submit(JobRequest request) {
  struct Waiter {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<Result<JobId>> result;
  } waiter;
  service().submit(std::move(request), rights(), [&waiter](Result<JobStore::Submission> made) {
    const std::lock_guard lock{waiter.mutex};
    waiter.result = made.ok() ? Result<JobId>{made->id} : Result<JobId>{std::move(made).error()};
    waiter.ready.notify_one();
  });
  std::unique_lock lock{waiter.mutex};
  if (!waiter.ready.wait_for(lock, 60s, [&waiter] { return waiter.result.has_value(); })) {
    throw std::runtime_error{"the submission was never answered"};
  }
  return *std::move(waiter.result);
}

JobId JobPlace::submit(JobRequest request) { return must(try_submit(std::move(request))); }

Job JobPlace::wait(JobId id, const std::function<bool(const Job&)>& is_so) {
  // Shared with a call that may still be under way when we stop watching.
  struct Waiter {
    std::mutex mutex;
    std::condition_variable changed;
    bool told = false;
  };
  const auto waiter = std::make_shared<Waiter>();
  const auto watch = service().watch(id, [waiter](JobId) {
    const std::lock_guard lock{waiter->mutex};
    waiter->told = true;
    waiter->changed.notify_one();
  });
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (true) {
    auto row = store_of_jobs().get(id);
    const bool done = row.ok() && is_so(*row);
    const bool late = std::chrono::steady_clock::now() > deadline;
    if (done || late) {
      service().unwatch(watch);
      if (done) return *std::move(row);
      throw std::runtime_error{"job " + std::to_string(id.value) + " never came so far: " +
                               (row.ok() ? std::string{to_string(row->state)} + row->error.dump()
                                         : row.error().message)};
    }
    std::unique_lock lock{waiter->mutex};
    waiter->changed.wait_for(lock, 100ms, [&waiter] { return waiter->told; });
    waiter->told = false;
  }
}

Job JobPlace::wait_until_final(JobId id) {
  return wait(id, [](const Job& job) { return is_final(job.state); });
}

Job JobPlace::wait_for(JobId id, JobState state) {
  return wait(id, [state](const Job& job) { return job.state == state; });
}

std::vector<std::string> JobPlace::journal(JobId id) {
  std::vector<std::string> kinds;
  for (const JobEvent& event : must(store_of_jobs().events(id, 0, 100'000)))
    kinds.push_back(event.kind);
  return kinds;
}

std::string numbers(std::int64_t count) {
  std::string lines;
  for (std::int64_t i = 0; i < count; ++i) lines += std::to_string(i) + "\n";
  return lines;
}

}  // namespace millrace::test
