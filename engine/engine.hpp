#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/shared_json.hpp"
#include "engine/graph/graph.hpp"
#include "engine/graph/plan.hpp"
#include "engine/job/job_service.hpp"
#include "engine/plugin/registry.hpp"
#include "engine/run/run.hpp"

namespace millrace {

struct EngineSettings {
  std::filesystem::path data;  // catalog, store, lock, staging; made when missing
  std::vector<std::filesystem::path>
      plugins;                        // folders; empty: beside the program, ../lib/millrace/plugins
  std::size_t workers = 0;            // compute pool; 0: as many as there are cores
  std::size_t control_workers = 8;    // requests, the life of jobs, checkpoints, aborts
  std::size_t database_requests = 8;  // that ask databases of the user at a time
  std::size_t waiting_workers = 0;    // operators that wait; 0: four times the share of a job
  std::size_t waiting_share = 0;  // of them, for one job; 0: as many as `workers`, and at least 8
  std::int64_t declared_threads = 0;  // that nodes of all jobs may declare; 0: as many as `workers`
  std::int64_t declared_memory_bytes =
      0;                       // the same of memory; 0: four fifths of what the machine has
  DatabaseSettings catalog{};  // empty address: sqlite:DATA/catalog.sqlite
  StoreSettings
      store{};  // empty folder: DATA/store; empty work: DATA/work, or .work in a shared store
  JobSettings jobs{};
  NamedConnections connections{};  // databases that pipelines speak of by name
  /// For the values of secret parameters; empty: DATA/sealed, or .sealed in a shared store.
  std::filesystem::path sealed{};
};

/// The façade: everything that the API server and the command line do with the engine. [any thread]
class Engine {
 public:
  /// Locks the data folder: a second engine on it is Conflict, naming the process that holds it.
  static Result<std::unique_ptr<Engine>> open(EngineSettings settings);
  /// Drains: nothing accepted is lost.
  ~Engine();

  /// Starts taking jobs from the queue; open() alone only reads and validates.
  Result<void> start();

  /// Replaces the databases that pipelines speak of by name, of one source: "" are those of the
  /// settings. See Connections.
  Result<void> set_connections(std::string_view source, NamedConnections connections);

  /// Writes into the lock of the data folder where this engine is served, for programs that find it
  /// in use.
  Result<void> announce(const std::string& address);

  struct Checked {
    std::shared_ptr<const Graph> graph;  // null when there are faults; shared with whoever runs it
    std::vector<Fault> faults;
    // With its parameters bound, faults or not: what a JobRequest takes, and beside it the values
    // of those that stand in no row (take_sealed); null: there are none.
    SharedJson document;
    std::shared_ptr<const Json> sealed{};
  };
  /// Binds parameters and validates, without running anything. `rights` decide which addresses are
  /// open. Blocks only when `rules` ask for a look at the sources.
  Checked validate(const Json& document, const Json& parameters, const StoreRights& rights,
                   const PipelineRules& rules = {});
  Result<std::shared_ptr<const Plan>> plan(const Graph& graph);

  /// The queued lane: the job is on disk when `submitted` is called. The request's pipeline must
  /// have been validated.
  void submit(JobRequest request, StoreRights rights, JobStore::Submitted submitted);

  /// Many at once, each answered like one that came alone.
  void submit_all(std::vector<JobRequest> requests, StoreRights rights,
                  JobStore::SubmittedAll submitted);

  /// Many of which each waits for another: all are on disk when `submitted` is called, or none.
  void submit_chain(JobChain chain, StoreRights rights, JobStore::SubmittedChain submitted);

  /// A pipeline of the inline lane, validated once; requests only bind parameters.
  class Prepared;
  Result<std::shared_ptr<const Prepared>> prepare(const Json& document);
  /// Runs it on the calling thread (a thread of the control pool, never an HTTP thread), not
  /// journalled. The rows of a node are one batch. What is not done at `asker.until` is
  /// DeadlineExceeded; a change of the catalog that was made by then stays.
  Outcome run_inline(const Prepared& prepared, const Json& parameters, const StoreRights& rights,
                     Asker asker = {});

  JobService& jobs();
  JobStore& job_store();
  Store& store();
  Catalog& catalog();
  Registry& registry();
  Scheduler& scheduler();
  const EngineSettings& settings() const;

 private:
  Engine();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
