#include "engine/engine.hpp"

#include <algorithm>
#include <optional>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

#include "engine/base/password.hpp"
#include "engine/data_folder.hpp"
#include "engine/data_lock.hpp"
#include "engine/job/connections.hpp"
#include "engine/job/inline_services.hpp"
#include "engine/job/sealed_files.hpp"
#include "engine/prepared.hpp"
#include "engine/validated_pipelines.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// Threads of the waiting pool that a job may hold on a machine of few cores.
constexpr std::size_t kLeastShare = 8;

std::filesystem::path program_folder() {
  std::error_code problem;
  return std::filesystem::read_symlink("/proc/self/exe", problem).parent_path();
}

std::int64_t memory_of_machine() {
  return std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
}

// Members of a node's parameters that are addresses to read from, by the operator's declaration.
std::vector<std::string> read_addresses(const OperatorInfo& info) {
  std::vector<std::string> names;
  for (const auto& [name, declaration] : info.params.items()) {
    const bool is_read = declaration.value("type", std::string{}) == "uri" &&
                         declaration.value("access", std::string{"read"}) == "read";
    if (is_read) names.push_back(name);
  }
  return names;
}

// Makes one batch of the rows of a node: a reply looks at them together, however many batches an
// input needed. They stay apart where their columns differ.
void join_rows(std::vector<NodeRows>& rows) {
  std::vector<NodeRows> joined;
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t last = first + 1;
    while (last < rows.size() && rows[last].node == rows[first].node &&
           rows[last].rows.schema() == rows[first].rows.schema())
      ++last;
    if (last - first == 1) {
      joined.push_back(std::move(rows[first]));
    } else {
      std::vector<Batch> parts;
      for (std::size_t i = first; i < last; ++i) parts.push_back(std::move(rows[i].rows));
      joined.push_back({std::move(rows[first].node), Batch::concat(std::move(parts))});
    }
    first = last;
  }
  rows = std::move(joined);
}

// Adds a fault for each address that is to be read and does not exist. Other people's servers are
// not asked: one that hangs would hang the request that submits.
void add_missing_sources(Engine::Checked& checked, Services& services) {
  const Json& ops = (*checked.document)["ops"];
  for (const Node& node : checked.graph->nodes) {
    for (const std::string& name : read_addresses(*node.info)) {
      const auto value = node.params->find(name);
      if (value == node.params->end() || !value->is_string()) continue;
      const auto& address = value->get_ref<const std::string&>();
      if (address.starts_with("http:") || address.starts_with("https:")) continue;
      const auto found = services.stat(address);
      const bool is_folder = found.ok() && found->is_folder;
      if (!is_folder && (found.ok() || found.error().code != Code::NotFound)) continue;
      const auto op = std::find_if(ops.begin(), ops.end(),
                                   [&](const Json& each) { return each["name"] == node.name; });
      const auto pointer = fmt::format("/ops/{}/params/{}", op - ops.begin(), name);
      if (is_folder) {
        checked.faults.push_back(
            {"source_missing", pointer, "a folder is there, and no file: " + address});
        continue;
      }
      checked.faults.push_back(
          {found.error().detail == "no_bucket" ? "bucket_missing" : "source_missing", pointer,
           found.error().message});
    }
  }
}

}  // namespace

struct Engine::State {
  explicit State(DataLock taken) : lock{std::move(taken)} {}

  // In the order in which they are needed; destroyed the other way round.
  DataLock lock;
  EngineSettings settings;
  std::unique_ptr<Registry> registry;
  ValidatedPipelines validated;
  Connections connections;
  std::unique_ptr<Store> store;
  std::unique_ptr<Catalog> catalog;
  std::unique_ptr<Scheduler> scheduler;
  std::unique_ptr<SealedFiles> sealed;
  std::unique_ptr<JobStore> job_store;
  std::unique_ptr<JobService> jobs;

  StoreServices::Surroundings around() { return {*store, *catalog, *jobs, &connections}; }
};

Engine::Engine() = default;
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(EngineSettings settings) {
  MR_CHECK(open_data_folder(settings.data));
  settings.data = std::filesystem::absolute(settings.data);
  MR_TRY(auto lock, DataLock::take(settings.data));
  if (settings.plugins.empty()) {
    settings.plugins.push_back((program_folder() / "../lib/millrace/plugins").lexically_normal());
  }
  if (settings.workers == 0) settings.workers = std::max(1u, std::thread::hardware_concurrency());
  if (settings.declared_threads == 0)
    settings.declared_threads = static_cast<std::int64_t>(settings.workers);
  if (settings.declared_memory_bytes == 0)
    settings.declared_memory_bytes = memory_of_machine() / 5 * 4;
  if (settings.waiting_share == 0) {
    settings.waiting_share = settings.waiting_workers > 0
                                 ? std::max<std::size_t>(settings.waiting_workers / 4, 1)
                                 : std::max(settings.workers, kLeastShare);
  }
  if (settings.waiting_workers == 0) settings.waiting_workers = 4 * settings.waiting_share;
  if (settings.catalog.address.empty()) {
    settings.catalog.address = "sqlite:" + (settings.data / "catalog.sqlite").string();
  }
  // Who shares a catalog takes over jobs of others, and finds their scratch where all find the
  // store.
  const bool is_shared =
      settings.catalog.address.rfind("sqlite:", 0) != 0 && !settings.store.folder.empty();
  if (settings.store.work.empty())
    settings.store.work = is_shared ? settings.store.folder / ".work" : settings.data / "work";
  if (settings.sealed.empty())
    settings.sealed = is_shared ? settings.store.folder / ".sealed" : settings.data / "sealed";
  if (settings.store.folder.empty()) settings.store.folder = settings.data / "store";

  auto state = std::make_unique<State>(std::move(lock));
  state->settings = settings;
  MR_CHECK(state->connections.replace({}, settings.connections));
  MR_TRY(state->registry, Registry::open(settings.plugins));
  MR_TRY(state->store, Store::open(settings.store));
  MR_TRY(state->catalog, Catalog::open(settings.catalog, system_clock()));
  state->scheduler = make_worker_pools({.control = settings.control_workers,
                                        .waiting = settings.waiting_workers,
                                        .compute = settings.workers,
                                        .hashing = static_cast<std::size_t>(kMostHashesAtOnce),
                                        .databases = settings.database_requests,
                                        .waiting_share = settings.waiting_share,
                                        .declared_threads = settings.declared_threads,
                                        .declared_memory_bytes = settings.declared_memory_bytes},
                                       system_clock());
  MR_TRY(auto sealed, open_disk(settings.sealed, DiskOwner::Program));
  MR_TRY(state->sealed, SealedFiles::open(std::move(sealed)));
  state->job_store = std::make_unique<JobStore>(*state->catalog, state->sealed->place());
  state->jobs = std::make_unique<JobService>(*state->job_store, *state->registry, *state->store,
                                             *state->catalog, *state->scheduler, settings.jobs,
                                             JobSecrets{&state->connections, state->sealed.get()});
  std::unique_ptr<Engine> engine{new Engine};  // the constructor is private
  engine->state_ = std::move(state);
  return engine;
}

Result<void> Engine::start() { return state_->jobs->start(); }

Result<void> Engine::set_connections(std::string_view source, NamedConnections connections) {
  return state_->connections.replace(source, std::move(connections));
}

Result<void> Engine::announce(const std::string& address) { return state_->lock.announce(address); }

Engine::Checked Engine::validate(const Json& document, const Json& parameters,
                                 const StoreRights& rights, const PipelineRules& rules) {
  const ValidatedPipelines::Asked asked{document, parameters, rights, rules};
  if (const auto known = state_->validated.find(asked)) return {known->graph, {}, known->document};
  InlineServices services{state_->around(), rights, {}};
  auto validation = validate_document(document, parameters, *state_->registry, services, rules);
  Checked checked{std::move(validation.graph), std::move(validation.faults), {}};
  checked.document = std::move(validation.document);
  if (!validation.sealed.is_null())
    checked.sealed = std::make_shared<const Json>(std::move(validation.sealed));
  if (!checked.graph) return checked;
  if (rules.check_sources) add_missing_sources(checked, services);
  if (!checked.faults.empty()) checked.graph = nullptr;
  if (checked.graph && !checked.sealed)
    state_->validated.keep(asked, {checked.document, checked.graph});
  return checked;
}

Result<std::shared_ptr<const Plan>> Engine::plan(const Graph& graph) {
  return make_plan(graph, *state_->registry);
}

void Engine::submit(JobRequest request, StoreRights rights, JobStore::Submitted submitted) {
  state_->jobs->submit(std::move(request), std::move(rights), std::move(submitted));
}

void Engine::submit_all(std::vector<JobRequest> requests, StoreRights rights,
                        JobStore::SubmittedAll submitted) {
  state_->jobs->submit_all(std::move(requests), std::move(rights), std::move(submitted));
}

void Engine::submit_chain(JobChain chain, StoreRights rights, JobStore::SubmittedChain submitted) {
  state_->jobs->submit_chain(std::move(chain), std::move(rights), std::move(submitted));
}

Result<std::shared_ptr<const Engine::Prepared>> Engine::prepare(const Json& document) {
  InlineServices services{state_->around(), StoreRights{}, {}};
  return Prepared::make(document, *state_->registry, services);
}

Outcome Engine::run_inline(const Prepared& prepared, const Json& parameters,
                           const StoreRights& rights, Asker asker) {
  Cancel cancel{state_->scheduler->clock(), asker.until};
  InlineServices services{state_->around(), rights, std::move(asker), 0, &cancel};
  Outcome outcome;
  auto plan = prepared.bind(parameters, *state_->registry, services);
  if (!plan.ok()) {
    outcome.error = std::move(plan).error();
    return outcome;
  }
  services.set_connections((*plan)->connections);
  InlineScheduler scheduler{state_->scheduler->clock()};
  run_plan(*std::move(plan), scheduler, services, cancel, {},
           [&](Outcome ended) { outcome = std::move(ended); });
  scheduler.drain();
  if (outcome.stopped == StopReason::Deadline)
    outcome.error = Error{Code::DeadlineExceeded, "stopped at its deadline"};
  if (outcome.rows.size() > 1) join_rows(outcome.rows);
  if (!outcome.error) {
    if (auto published = services.publish(); !published.ok())
      outcome.error = std::move(published).error();
  }
  if (outcome.error) outcome.error->message = services.hide(outcome.error->message);
  outcome.counts = services.counts();
  outcome.result = services.result();
  return outcome;
}

JobService& Engine::jobs() { return *state_->jobs; }
JobStore& Engine::job_store() { return *state_->job_store; }
Store& Engine::store() { return *state_->store; }
Catalog& Engine::catalog() { return *state_->catalog; }
Registry& Engine::registry() { return *state_->registry; }
Scheduler& Engine::scheduler() { return *state_->scheduler; }
const EngineSettings& Engine::settings() const { return state_->settings; }

}  // namespace millrace
