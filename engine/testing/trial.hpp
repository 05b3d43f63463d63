#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/testing/example.hpp"
#include "engine/testing/memory_services.hpp"
#include "engine/testing/plugin_finder.hpp"

namespace millrace::testing {

/// What came out of a run, in a form that is equal when it means the same.
struct Transcript {
  Code code = Code::Internal;  // of the first call that failed
  bool is_ok = true;
  std::string message;
  std::map<std::string, Json> schemas;               // port -> columns of the first batch with rows
  std::map<std::string, std::vector<Json>> emitted;  // port -> rows of each batch
  Json outside = Json::object();  // staged outputs, objects that were put, results

  /// All rows of a port, one below the other, for every port.
  [[nodiscard]] Json rows() const;
  /// Everything that counts, for comparing two runs.
  [[nodiscard]] Json whole() const;
};

/// One instance of an operator in made-up surroundings, called step by step. The first failure
/// stops it: later steps do nothing. Steps return *this.
class Trial {
 public:
  /// How often an operator may ask to be called again for one batch.
  static constexpr int kMostCalls = 10'000;

  /// `helpers` outlive it; null: parallel() has the caller's thread alone.
  Trial(const FoundOperator& found, const Example& example,
        std::shared_ptr<MemoryServices> services = {}, ParallelHelpers* helpers = nullptr);
  ~Trial();

  Trial& push(Batch batch);
  /// Lets an input emit until it ends, but `most` times.
  Trial& produce(std::int64_t most);
  /// Asks an input that has ended once more.
  Trial& produce_past_end();
  Trial& finish();
  /// Numbers the next batch.
  Trial& at(std::int64_t sequence);
  /// State after the batches so far; empty with a failure in transcript().
  std::string snapshot();
  /// Replaces the instance by a new one that goes on from `state`. The store stays as it is.
  Trial& restore(const std::string& state);
  /// Destroys the instance.
  Trial& destroy();

  [[nodiscard]] bool has_checkpoint() const { return instance_.has_checkpoint(); }
  [[nodiscard]] bool has_ended() const { return has_ended_; }
  /// Whether it asked to be called again without an end.
  [[nodiscard]] bool is_endless() const { return is_endless_; }
  /// What is wrong with the batches that it emitted, and the port that it does not declare.
  [[nodiscard]] const std::string& flaw() const { return flaw_; }
  [[nodiscard]] const std::string& odd_port() const { return odd_port_; }
  /// What came out so far, and what lies in the store.
  [[nodiscard]] Transcript transcript() const;
  /// Forgets what was emitted so far, not what lies in the store.
  Trial& forget();
  [[nodiscard]] const std::shared_ptr<MemoryServices>& services() const { return services_; }

 private:
  static void take(void* user, std::string_view port, Batch batch);
  Call call();
  void make();
  // Notes what a call came to, and calls again while the operator wants it.
  template <class Again>
  void follow(Result<Answer> answer, Again again);
  void note(const Error& error);

  const FoundOperator& found_;
  const Example& example_;
  std::shared_ptr<MemoryServices>
      services_;  // shared by the trial before a crash and the one after
  OperatorInstance instance_;
  std::int64_t sequence_ = 0;
  ParallelHelpers* helpers_;
  bool has_ended_ = false;
  bool is_endless_ = false;
  std::string flaw_;
  std::string odd_port_;
  Transcript transcript_;
};

}  // namespace millrace::testing
