#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <millrace/testing/harness.hpp>

#include "engine/plugin/operator_instance.hpp"
#include "engine/testing/helper_threads.hpp"
#include "engine/testing/memory_services.hpp"
#include "engine/testing/plugin_finder.hpp"

namespace millrace::testing {
namespace {

Status to_status(const Error& error) { return Status{static_cast<int>(error.code), error.message}; }

FoundOperator find_or_throw(std::string_view id, const HarnessOptions& options) {
  auto found = find_operator(id, options);
  if (!found.ok()) throw std::runtime_error{found.error().message};
  return *found;
}

Json parse_or_throw(std::string_view text) {
  auto json = parse_json(text);
  if (!json.ok()) throw std::runtime_error{"parameters are no JSON: " + json.error().message};
  return *std::move(json);
}

std::vector<std::string> known_ports(const OperatorInfo& info, const Json& traits) {
  OperatorInfo planned = info;
  return apply_traits(planned, traits).ok() ? planned.ports : info.ports;
}

}  // namespace

struct OperatorHarness::State {
  State(std::string_view id, std::string_view params, const HarnessOptions& options)
      : found{find_or_throw(id, options)},
        node{options.node},
        services{options.job, options.seed, options.folder},
        checked{check_parameters(*found.info, found.table, parse_or_throw(params), services)},
        ports{known_ports(*found.info, checked.traits)},
        helpers{std::max(options.threads, 1u) - 1} {
    services.numbers.token = options.token;
    services.numbers.lease = options.lease;
    for (const auto& fault : checked.faults) {
      faults.push_back(ParameterFault{fault.kind, fault.pointer, fault.message});
    }
  }

  Call call() {
    Call made{services, node, sequence};
    made.emit = &State::take;
    made.emit_user = this;
    made.helpers = &helpers;
    return made;
  }

  // Makes the instance when there is none yet.
  Result<void> ready() {
    if (!faults.empty()) {
      return Error{Code::InvalidArgument,
                   "params" + faults.front().pointer + ": " + faults.front().message};
    }
    if (instance) return {};
    MR_TRY(instance, OperatorInstance::create(*found.table, checked.params, call()));
    return {};
  }

  static void take(void* user, std::string_view port, Batch batch) {
    auto& self = *static_cast<State*>(user);
    try {
      batch.validate();
    } catch (const std::exception& caught) {
      self.note(std::string{"emitted a batch that is not well-formed: "} + caught.what());
      return;
    }
    if (!port.empty() &&
        std::find(self.ports.begin(), self.ports.end(), port) == self.ports.end()) {
      self.note("emitted on a port that it does not declare: " + std::string{port});
    }
    self.outputs[std::string{port}].push_back(std::move(batch));
  }

  void note(std::string text) {
    if (flaw.empty()) flaw = std::move(text);
  }

  // The status of a call: its own, or what was wrong with what it emitted.
  Status status_of(const Result<void>& result) {
    if (!result.ok()) return to_status(result.error());
    if (flaw.empty()) return {};
    return Status{MR_DATA_INVALID, std::exchange(flaw, {})};
  }

  const std::vector<Batch>* batches(std::string_view port) const {
    const auto place = outputs.find(port);
    return place == outputs.end() ? nullptr : &place->second;
  }

  FoundOperator found;
  std::string node;
  MemoryServices services;
  CheckedParams checked;
  std::vector<std::string> ports;
  std::vector<ParameterFault> faults;
  HelperThreads helpers;
  std::map<std::string, std::vector<Batch>, std::less<>> outputs;
  OperatorInstance instance;
  std::int64_t sequence = 0;
  bool has_ended = false;
  std::string flaw;  // of an emitted batch
};

OperatorHarness::OperatorHarness(std::string_view id, std::string_view params,
                                 const HarnessOptions& options)
    : state_{std::make_unique<State>(id, params, options)} {}
OperatorHarness::~OperatorHarness() = default;
OperatorHarness::OperatorHarness(OperatorHarness&&) noexcept = default;
OperatorHarness& OperatorHarness::operator=(OperatorHarness&&) noexcept = default;

const std::vector<ParameterFault>& OperatorHarness::faults() const { return state_->faults; }
std::string OperatorHarness::params() const { return state_->checked.params.dump(); }
std::string OperatorHarness::traits() const { return state_->checked.traits.dump(); }

Status OperatorHarness::push(ArrowArray* array, ArrowSchema* schema,
                             std::optional<std::int64_t> sequence) {
  Batch batch = Batch::import(array, schema);
  if (const auto made = state_->ready(); !made.ok()) return to_status(made.error());
  if (sequence) state_->sequence = *sequence;
  const auto result = state_->instance.process(state_->call(), std::move(batch));
  ++state_->sequence;
  return state_->status_of(result);
}

Status OperatorHarness::run(std::int64_t most) {
  if (const auto made = state_->ready(); !made.ok()) return to_status(made.error());
  for (std::int64_t i = 0; i < most && !state_->has_ended; ++i) {
    const auto more = state_->instance.produce(state_->call());
    if (!more.ok()) return to_status(more.error());
    ++state_->sequence;
    state_->has_ended = !*more;
    if (!state_->flaw.empty()) return state_->status_of({});
  }
  return {};
}

bool OperatorHarness::has_ended() const { return state_->has_ended; }

Status OperatorHarness::finish() {
  if (const auto made = state_->ready(); !made.ok()) return to_status(made.error());
  return state_->status_of(state_->instance.finish(state_->call()));
}

std::string OperatorHarness::snapshot() {
  if (const auto made = state_->ready(); !made.ok()) throw std::runtime_error{made.error().message};
  auto state = state_->instance.snapshot(state_->call());
  if (!state.ok()) throw std::runtime_error{state.error().message};
  return *std::move(state);
}

Status OperatorHarness::restore(std::string_view state, std::int64_t next_sequence) {
  destroy();
  state_->sequence = next_sequence;
  state_->has_ended = false;
  if (const auto made = state_->ready(); !made.ok()) return to_status(made.error());
  return state_->status_of(state_->instance.restore(state_->call(), state));
}

void OperatorHarness::destroy() { OperatorInstance{std::move(state_->instance)}; }

std::int64_t OperatorHarness::rows(std::string_view port) const {
  std::int64_t rows = 0;
  if (const auto* batches = state_->batches(port)) {
    for (const auto& batch : *batches) rows += batch.rows();
  }
  return rows;
}

std::size_t OperatorHarness::emitted(std::string_view port) const {
  const auto* batches = state_->batches(port);
  return batches == nullptr ? 0 : batches->size();
}

void OperatorHarness::share_batch(std::size_t index, std::string_view port, ArrowArray* array,
                                  ArrowSchema* schema) const {
  const auto* batches = state_->batches(port);
  if (batches == nullptr || index >= batches->size())
    throw std::out_of_range{"no such batch was emitted"};
  (*batches)[index].share().export_to(array, schema);
}

void OperatorHarness::clear() { state_->outputs.clear(); }

const std::vector<LoggedEvent>& OperatorHarness::events() const { return state_->services.events; }
const std::vector<ToldMetric>& OperatorHarness::metrics() const { return state_->services.metrics; }
const std::map<std::string, std::int64_t>& OperatorHarness::counts() const {
  return state_->services.counts;
}
const std::map<std::string, std::string>& OperatorHarness::results() const {
  return state_->services.results;
}
const std::vector<std::string>& OperatorHarness::logs() const { return state_->services.logs; }

void OperatorHarness::put_object(std::string_view uri, std::string_view bytes) {
  state_->services.objects[std::string{uri}] = bytes;
}

std::optional<std::string> OperatorHarness::object(std::string_view uri) const {
  const auto& objects = state_->services.objects;
  const auto found = objects.find(uri);
  return found == objects.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::string> OperatorHarness::staged(std::string_view uri) const {
  const auto& staged = state_->services.staged;
  const auto found = staged.find(uri);
  return found == staged.end() ? std::nullopt : std::optional{found->second->bytes()};
}

std::vector<std::string> OperatorHarness::staged_uris() const {
  std::vector<std::string> uris;
  for (const auto& [uri, writer] : state_->services.staged) uris.push_back(uri);
  return uris;
}

void OperatorHarness::add_connection(std::string_view name, std::string_view address,
                                     std::string_view password) {
  ConnectionSettings settings{std::string{address}, std::string{password}};
  if (const auto checked = check_connection(name, settings); !checked.ok())
    throw std::runtime_error{checked.error().message};
  state_->services.connections.insert_or_assign(std::string{name}, std::move(settings));
}

void OperatorHarness::stop() { state_->services.is_stopping = true; }

void OperatorHarness::answer_catalog_raw(RawAnswer answer) {
  state_->services.answer = [answer = std::move(answer)](const Json& request) -> Result<Batch> {
    ArrowArray array{};
    ArrowSchema schema{};
    try {
      answer(request.dump(), &array, &schema);
    } catch (const std::exception& caught) {
      return Error{Code::Unavailable, caught.what()};
    }
    return Batch::import(&array, &schema);
  };
}

}  // namespace millrace::testing
