#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/clock.hpp"
#include "engine/base/json.hpp"
#include "engine/plugin/fault.hpp"
#include "engine/plugin/services.hpp"

namespace millrace {

class HeldReports;
class ParallelHelpers;
struct OperatorInfo;
struct ParameterRule;

/// Takes what an operator emits. Port "" is the main one. Called on the thread of the call, during
/// it.
using EmitFunction = void (*)(void* user, std::string_view port, Batch batch);

/// The surroundings of one call into an operator; made on the stack by whoever calls.
struct Call {
  Services& services;
  std::string_view node{};
  std::int64_t sequence = 0;
  unsigned attempt = 0;
  EmitFunction emit = nullptr;
  void* emit_user = nullptr;
  const Clock* clock = nullptr;  // with `deadline`: stopping() says yes once it has passed
  std::optional<Clock::Steady> deadline{};
  HeldReports* held = nullptr;         // takes what the call tells, instead of the services
  ParallelHelpers* helpers = nullptr;  // for parallel(); null: the thread of the call works alone
};

/// What process() and finish() of an operator answer: it is done, or wants to be called again.
enum class Answer { Done, More };

/// One instance of an operator, behind the C table. Never throws: what a plugin throws has become a
/// code and a text at its own border. Movable; destroys the instance. [one thread at a time]
class OperatorInstance {
 public:
  OperatorInstance() = default;
  OperatorInstance(const mr_operator* table, void* self) : table_{table}, self_{self} {}
  OperatorInstance(OperatorInstance&& other) noexcept;
  OperatorInstance& operator=(OperatorInstance&& other) noexcept;
  ~OperatorInstance();

  /// Makes one with parameters that were checked by check_parameters(). `params` must outlive the
  /// instance.
  static Result<OperatorInstance> create(const mr_operator& table, const Json& params,
                                         const Call& call);

  [[nodiscard]] explicit operator bool() const { return self_ != nullptr; }
  [[nodiscard]] bool is_source() const;
  [[nodiscard]] bool has_checkpoint() const;

  /// Returns false when the source has ended.
  Result<bool> produce(const Call& call);
  /// One call each. After More the next call is process_more(), or finish_step() again.
  Result<Answer> process_step(const Call& call, Batch batch);
  Result<Answer> process_more(const Call& call);
  Result<Answer> finish_step(const Call& call);
  /// The same to their end: calls until the operator is done. Cancelled when the call is to stop
  /// before that.
  Result<void> process(const Call& call, Batch batch);
  Result<void> finish(const Call& call);
  Result<std::string> snapshot(const Call& call);
  Result<void> restore(const Call& call, std::string_view state);

 private:
  const mr_operator* table_ = nullptr;
  void* self_ = nullptr;
};

/// Whether a call should return soon: the job stops, or the deadline of the call has passed. [any
/// thread]
[[nodiscard]] bool is_stopping(const Call& call);

/// Result of checking one node's parameters: defaults filled in, traits that depend on them, and
/// every fault (pointers are relative to the params object: "/sigma").
struct CheckedParams {
  Json params;
  Json traits = Json::object();  // declaration members replaced by plan()
  std::vector<Fault> faults;
};

/// Checks `given` against the declaration (type, range, enum, unknown names with the nearest known
/// one) and then, when the declaration is satisfied and `table` is not null, by the operator's own
/// plan(). `services` answers check_uri.
CheckedParams check_parameters(const OperatorInfo& info, const mr_operator* table,
                               const Json& given, Services& services);

/// Checks new values of some parameters, those of `rules`, where all others have been checked
/// before: `params` are the old ones of all, and come back with the new values in them. The traits
/// come as the operator says them, unchecked.
CheckedParams check_changed_parameters(const mr_operator* table,
                                       const std::vector<ParameterRule>& rules, const Json& given,
                                       Json params, Services& services);

}  // namespace millrace
