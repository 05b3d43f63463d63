#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/abi.h>
#include <millrace/batch.hpp>

#define MILLRACE_TESTING_API __attribute__((visibility("default")))

namespace millrace::testing {

/// What a call into the operator came to: MR_OK, or an MR_ code and the text that came with it.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(int code, std::string message) : code_{code}, message_{std::move(message)} {}
  [[nodiscard]] bool ok() const { return code_ == MR_OK; }
  [[nodiscard]] int code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }

 private:
  int code_ = MR_OK;
  std::string message_;
};

/// One thing that is wrong with the parameters; the pointer is relative to them: "/sigma".
struct ParameterFault {
  std::string kind, pointer, message;
};

/// What the operator told of one record (Context::record_event).
struct LoggedEvent {
  int level = MR_LOG_ERROR;
  std::string code, message, file, url, op;
  std::int64_t line = 0;
};

/// What the operator told of a curve (Context::metric).
struct ToldMetric {
  std::string name;
  std::int64_t step = 0;
  double value = 0;
};

struct HarnessOptions {
  std::string library;  // the plugin that has the operator; empty: look through the folders
  std::vector<std::string> plugin_folders;  // empty: $MILLRACE_PLUGINS (with ":" between), else
                                            // millrace/plugins beside the harness library
  std::string folder;  // file: addresses below it are real files; everything else lives in memory
  std::string job = "job-1";
  std::string node = "node";
  std::uint64_t seed = 1;
  unsigned threads = 1;                // that Context::parallel() has, the caller's among them
  std::int64_t token = 1;              // fencing token of the attempt; 0: not a queued job
  std::chrono::milliseconds lease{0};  // 0: it is not told
};

/// One operator alone, with everything around it made up: feed it batches and look at what came
/// out. The store is in memory (or in a folder), nothing is published, the catalog is answered by a
/// function. [one thread]
class MILLRACE_TESTING_API OperatorHarness {
 public:
  /// Finds the operator and checks its parameters (JSON) as the engine does. Throws
  /// std::runtime_error when there is no such operator or its plugin does not load; wrong
  /// parameters are no exception but faults().
  explicit OperatorHarness(std::string_view id, std::string_view params = "{}",
                           const HarnessOptions& options = {});
  ~OperatorHarness();
  OperatorHarness(OperatorHarness&&) noexcept;
  OperatorHarness& operator=(OperatorHarness&&) noexcept;

  [[nodiscard]] const std::vector<ParameterFault>& faults() const;
  /// The parameters with their defaults, as JSON text.
  [[nodiscard]] std::string params() const;
  /// What plan() replaced, as JSON text: {"emits": {...}}.
  [[nodiscard]] std::string traits() const;

  /// Puts one batch into the operator; batches are numbered from 0 unless `sequence` says
  /// otherwise. The first call makes the instance. An operator that asks for more is called until
  /// it is done; so it is by finish(). With faults() it fails with MR_INVALID_ARGUMENT.
  Status push(Batch batch, std::optional<std::int64_t> sequence = {}) {
    ArrowArray array{};
    ArrowSchema schema{};
    std::move(batch).export_to(&array, &schema);
    return push(&array, &schema, sequence);
  }
  /// The same with a pair in C form, which is taken over.
  Status push(ArrowArray* array, ArrowSchema* schema, std::optional<std::int64_t> sequence = {});
  /// Lets an input emit until it ends, or `most` times.
  Status run(std::int64_t most = 1'000'000);
  [[nodiscard]] bool has_ended() const;  // an input has said that there is no more
  Status finish();

  /// State after the batches so far; throws std::runtime_error when the operator keeps none.
  [[nodiscard]] std::string snapshot();
  /// Replaces the instance by a new one that goes on from `state`, numbering batches from
  /// `next_sequence`. The store stays.
  Status restore(std::string_view state, std::int64_t next_sequence = 0);
  /// Destroys the instance, as the end of the job does. What it emitted stays.
  void destroy();

  // What came out. Port "" is the main one.
  [[nodiscard]] std::int64_t rows(std::string_view port = {}) const;
  [[nodiscard]] std::size_t emitted(std::string_view port = {}) const;  // number of batches
  [[nodiscard]] Batch batch_at(std::size_t index, std::string_view port = {}) const {
    ArrowArray array{};
    ArrowSchema schema{};
    share_batch(index, port, &array, &schema);
    return Batch::import(&array, &schema);
  }
  /// All emitted batches one below the other.
  [[nodiscard]] Batch table(std::string_view port = {}) const {
    std::vector<Batch> parts;
    for (std::size_t i = 0; i < emitted(port); ++i) parts.push_back(batch_at(i, port));
    return Batch::concat(std::move(parts));
  }
  /// Values of a column over all emitted rows. T is one of Column's types, or std::string. A null
  /// throws std::runtime_error: use optional_column().
  template <class T>
  [[nodiscard]] std::vector<T> column(std::string_view name, std::string_view port = {}) const {
    std::vector<T> values;
    for (const auto& value : optional_column<T>(name, port)) {
      if (!value)
        throw std::runtime_error{"column " + std::string{name} +
                                 " has a null: use optional_column()"};
      values.push_back(*value);
    }
    return values;
  }
  template <class T>
  [[nodiscard]] std::vector<std::optional<T>> optional_column(std::string_view name,
                                                              std::string_view port = {}) const {
    using Read = std::conditional_t<std::is_same_v<T, std::string>, std::string_view, T>;
    std::vector<std::optional<T>> values;
    if (emitted(port) == 0) return values;
    const Batch all = table(port);
    const auto read = all.template column<Read>(name);
    for (std::int64_t row = 0; row < read.size(); ++row) {
      const auto value = read[row];
      values.push_back(value ? std::optional<T>{T{*value}} : std::nullopt);
    }
    return values;
  }
  /// Forgets what came out so far.
  void clear();

  [[nodiscard]] const std::vector<LoggedEvent>& events() const;
  [[nodiscard]] const std::vector<ToldMetric>& metrics() const;
  [[nodiscard]] const std::map<std::string, std::int64_t>& counts() const;
  [[nodiscard]] const std::map<std::string, std::string>& results() const;  // key -> JSON text
  [[nodiscard]] const std::vector<std::string>& logs() const;               // "warn: text"

  // The store.
  void put_object(std::string_view uri, std::string_view bytes);
  /// Bytes of an object, published or put, or of a sealed content ("blob:NAME"); empty when there
  /// is none.
  [[nodiscard]] std::optional<std::string> object(std::string_view uri) const;
  /// Bytes of a staged output, empty when there is none.
  [[nodiscard]] std::optional<std::string> staged(std::string_view uri) const;
  [[nodiscard]] std::vector<std::string> staged_uris() const;

  /// Tells of a database by this name (Context::connection). Throws std::runtime_error when the
  /// address is none.
  void add_connection(std::string_view name, std::string_view address,
                      std::string_view password = {});

  /// Makes Context::stopping() say yes.
  void stop();
  /// Answers query() and change(): gets the JSON text, returns rows; throws to fail.
  void answer_catalog(std::function<Batch(std::string_view)> answer) {
    answer_catalog_raw([answer = std::move(answer)](std::string_view text, ArrowArray* array,
                                                    ArrowSchema* schema) {
      answer(text).export_to(array, schema);
    });
  }

 private:
  using RawAnswer = std::function<void(std::string_view, ArrowArray*, ArrowSchema*)>;
  void share_batch(std::size_t index, std::string_view port, ArrowArray* array,
                   ArrowSchema* schema) const;
  void answer_catalog_raw(RawAnswer answer);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::testing
