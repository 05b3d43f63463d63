#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

#include <millrace/operator.hpp>

namespace {

bool exists(const std::string& path) { return !path.empty() && std::filesystem::exists(path); }

// Emits the numbers from 0, `rows` a batch. At batch `gate_at` it waits until the file `gate`
// exists, when `deaf` within one call that does not look whether it should stop, having made the
// file `gate`.reached; until the file `fail_until` exists it fails with `code` there, or at batch
// `fail_at`.
class Numbers final : public millrace::Source, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "input.numbers";
  static constexpr auto kRole = millrace::Role::Input;
  static constexpr auto kParams = R"({
    "batches": {"type": "integer", "default": 1}, "rows": {"type": "integer", "default": 1},
    "gate": {"type": "string", "default": ""}, "gate_at": {"type": "integer", "default": 0},
    "fail_until": {"type": "string", "default": ""}, "code": {"type": "integer", "default": 8},
    "events": {"type": "boolean", "default": false}, "pause_us": {"type": "integer", "default": 0},
    "fail_at": {"type": "integer", "default": -1},
    "deaf": {"type": "boolean", "default": false}, "note": {"type": "string", "default": ""}})";

  explicit Numbers(const millrace::Params& params)
      : batches_{params.integer("batches", 1)},
        rows_{params.integer("rows", 1)},
        gate_{params.string("gate")},
        gate_at_{params.integer("gate_at")},
        fail_until_{params.string("fail_until")},
        fail_at_{params.integer("fail_at", -1)},
        code_{static_cast<int>(params.integer("code", MR_UNAVAILABLE))},
        events_{params.boolean("events")},
        pause_us_{params.integer("pause_us")},
        deaf_{params.boolean("deaf")} {}

  bool produce(millrace::Context& context) override {
    const std::int64_t fail_at = fail_at_ < 0 ? gate_at_ : fail_at_;
    if (next_ == fail_at && !fail_until_.empty() && !exists(fail_until_)) {
      throw millrace::Failure(code_, "not yet: waiting for " + fail_until_);
    }
    if (next_ == gate_at_ && deaf_) {
      std::ofstream{gate_ + ".reached"};
      while (!exists(gate_)) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    if (next_ == gate_at_ && !gate_.empty() && !exists(gate_)) {
      if (context.stopping()) throw millrace::Failure(MR_CANCELLED, "stopped at the gate");
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      return true;
    }
    if (next_ >= batches_) return false;
    if (pause_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds{pause_us_});
    millrace::Builder<std::int64_t> numbers;
    for (std::int64_t row = 0; row < rows_; ++row) {
      const std::int64_t number = next_ * rows_ + row;
      numbers.append(number);
      if (events_)
        context.record_event(
            {.code = "bad_line", .message = "told", .file = "list", .line = number + 1});
    }
    context.count("read", rows_);
    ++next_;
    context.progress(static_cast<std::uint64_t>(next_ * rows_),
                     static_cast<std::uint64_t>(batches_ * rows_), "rows");
    context.emit(millrace::Batch{}.with("number", std::move(numbers)));
    return true;
  }

  std::string snapshot(millrace::Context&) override { return std::to_string(next_); }
  void restore(millrace::Context&, std::string_view state) override {
    std::from_chars(state.data(), state.data() + state.size(), next_);
  }

 private:
  std::int64_t batches_, rows_;
  std::string gate_;
  std::int64_t gate_at_;
  std::string fail_until_;
  std::int64_t fail_at_;
  int code_;
  bool events_;
  std::int64_t pause_us_;
  bool deaf_;
  std::int64_t next_ = 0;
};

// Writes a line for each number to a staged object. Its state holds a byte that is not UTF-8, as
// states may.
class Ledger final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "output.ledger";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kParams =
      R"({"file": {"type": "string"}, "log": {"type": "integer", "default": 0},
          "column": {"type": "string", "default": "number"},
          "state_bytes": {"type": "integer", "default": 0}})";

  explicit Ledger(const millrace::Params& params)
      : file_{params.string("file")},
        column_{params.string("column", "number")},
        log_{params.integer("log")},
        state_bytes_{params.integer("state_bytes")} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    auto& writer = open(context);
    std::string lines;
    const auto numbers = batch.column<std::int64_t>(column_);
    for (std::int64_t row = 0; row < batch.rows(); ++row)
      lines += std::to_string(numbers.value(row)) + "\n";
    writer.write(lines);
    size_ += lines.size();
    rows_ += batch.rows();
    context.count("written", batch.rows());
    for (std::int64_t i = 0; i < log_; ++i)
      context.log(millrace::Level::Info, "line " + std::to_string(i));
  }

  void finish(millrace::Context& context) override {
    open(context);
    context.count("generated", 1);
    context.result("rows", std::to_string(rows_));
  }

  std::string snapshot(millrace::Context&) override {
    return std::string{"\xff"} + std::to_string(size_) + " " + std::to_string(rows_) +
           std::string(static_cast<std::size_t>(state_bytes_), ' ');
  }
  void restore(millrace::Context&, std::string_view state) override {
    const auto space = state.find(' ');
    std::from_chars(state.data() + 1, state.data() + space, size_);
    std::from_chars(state.data() + space + 1, state.data() + state.size(), rows_);
  }

 private:
  millrace::Writer& open(millrace::Context& context) {
    if (!is_open_) {
      writer_ = context.stage(file_);
      writer_.truncate(size_);
      is_open_ = true;
    }
    return writer_;
  }

  std::string file_;
  std::string column_;
  std::int64_t log_;
  std::int64_t state_bytes_;  // blanks behind the state
  millrace::Writer writer_;
  bool is_open_ = false;
  std::uint64_t size_ = 0;
  std::int64_t rows_ = 0;
};

// Passes its rows on, several instances side by side; counts each as `counter` and tells the record
// log of every third. Each row takes `pause_us`, and row `gate_at` waits until the file `gate`
// exists where one is named.
class Teller final : public millrace::Operator {
 public:
  static constexpr auto kName = "augment.teller";
  static constexpr auto kRole = millrace::Role::Augment;
  static constexpr auto kParams = R"({"counter": {"type": "string", "default": "generated"},
    "pause_us": {"type": "integer", "default": 0}, "gate": {"type": "string", "default": ""},
    "gate_at": {"type": "integer", "default": 0}, "metrics": {"type": "integer", "default": 0}})";
  static constexpr auto kTraits = R"({"replicable": true, "grain": 1, "accepts_any": true})";

  explicit Teller(const millrace::Params& params)
      : counter_{params.string("counter", "generated")},
        pause_us_{params.integer("pause_us")},
        gate_{params.string("gate")},
        gate_at_{params.integer("gate_at")},
        metrics_{params.integer("metrics")} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    const auto numbers = batch.column<std::int64_t>("number");
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      const std::int64_t number = numbers.value(row);
      while (number == gate_at_ && !gate_.empty() && !exists(gate_)) {
        if (context.stopping()) throw millrace::Failure(MR_CANCELLED, "stopped at the gate");
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
      if (pause_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds{pause_us_});
      if (number % 3 == 0)
        context.record_event({.code = "third", .message = counter_, .url = std::to_string(number)});
      for (std::int64_t step = 0; step < metrics_; ++step)
        context.metric("loss", step, 1.0 / static_cast<double>(step + 1));
    }
    context.count(counter_, batch.rows());
    context.emit(std::move(batch));
  }

 private:
  std::string counter_;
  std::int64_t pause_us_;
  std::string gate_;
  std::int64_t gate_at_;
  std::int64_t metrics_;
};

// Appends a line for each number to scratch, and tells at its end what lies there.
class Keeper final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "output.keeper";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kParams = "{}";
  explicit Keeper(const millrace::Params&) {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    open(context);
    std::string lines;
    const auto numbers = batch.column<std::int64_t>("number");
    for (std::int64_t row = 0; row < batch.rows(); ++row)
      lines += std::to_string(numbers.value(row)) + "\n";
    writer_.write(lines);
    size_ += lines.size();
  }

  void finish(millrace::Context& context) override {
    open(context);
    std::string text = "\"";
    for (const char c : context.read_all(kFile, 1'000'000)) {
      c == '\n' ? text += "\\n" : text += c;
    }
    context.result("kept", text + '"');
  }

  std::string snapshot(millrace::Context&) override { return std::to_string(size_); }
  void restore(millrace::Context& context, std::string_view state) override {
    std::from_chars(state.data(), state.data() + state.size(), size_);
    if (size_ > 0) open(context);
  }

 private:
  static constexpr auto kFile = "work:///kept";

  void open(millrace::Context& context) {
    if (is_open_) return;
    writer_ = context.stage(kFile);
    writer_.truncate(size_);
    is_open_ = true;
  }

  millrace::Writer writer_;
  bool is_open_ = false;
  std::uint64_t size_ = 0;
};

// Inserts a tag for each row, named `prefix` and the number, and passes the rows on. With
// `together` those of a batch are one change; with `describe` a second change gives each tag a
// description by the id that the first one answered; with `update` it changes that tag so often and
// inserts none. Behind the changes of the batch that has the number `gate_at` it makes the file
// `gate`.reached and waits until the file `gate` exists. Unless `tries` is 1, all but that try of a
// batch fail.
class Tagger final : public millrace::Operator {
 public:
  static constexpr auto kName = "augment.tagger";
  static constexpr auto kRole = millrace::Role::Augment;
  static constexpr auto kParams = R"({"prefix": {"type": "string", "default": "tag"},
    "together": {"type": "boolean", "default": false}, "describe": {"type": "boolean", "default": false},
    "update": {"type": "integer", "default": 0}, "gate": {"type": "string", "default": ""},
    "gate_at": {"type": "integer", "default": 0}, "tries": {"type": "integer", "default": 1}})";
  static constexpr auto kTraits = R"({"blocking": true, "stateless": true, "accepts_any": true})";

  explicit Tagger(const millrace::Params& params)
      : prefix_{params.string("prefix", "tag")},
        together_{params.boolean("together")},
        describe_{params.boolean("describe")},
        update_{params.integer("update")},
        gate_{params.string("gate")},
        gate_at_{params.integer("gate_at")},
        tries_{params.integer("tries", 1)} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    const auto numbers = batch.column<std::int64_t>("number");
    if (update_ > 0) {
      for (std::int64_t time = 0; time < update_; ++time) describe(context, 1, time);
    } else if (together_) {
      std::string rows;
      for (std::int64_t row = 0; row < batch.rows(); ++row)
        rows += (row == 0 ? "" : ",") + columns(numbers.value(row));
      change(context, R"("action": "insert", "rows": [)" + rows + "]");
    } else {
      for (std::int64_t row = 0; row < batch.rows(); ++row) {
        const auto made =
            change(context, R"("action": "insert", "set": )" + columns(numbers.value(row)));
        if (describe_)
          describe(context, made.column<std::int64_t>("id").value(0), numbers.value(row));
      }
    }
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (!gate_.empty() && numbers.value(row) == gate_at_) wait(context);
    }
    if (static_cast<std::int64_t>(context.attempt()) + 1 < tries_)
      throw millrace::Failure(MR_UNAVAILABLE, "not this time");
    context.emit(std::move(batch));
  }

 private:
  static millrace::Batch change(millrace::Context& context, const std::string& members) {
    return context.change(context.parse(R"({"entity": "tags", )" + members + "}"));
  }
  static void describe(millrace::Context& context, std::int64_t id, std::int64_t number) {
    change(context, R"("action": "update", "id": )" + std::to_string(id) +
                        R"(, "set": {"description": "number )" + std::to_string(number) + "\"}");
  }
  [[nodiscard]] std::string columns(std::int64_t number) const {
    return R"({"name": ")" + prefix_ + std::to_string(number) + "\"}";
  }
  void wait(millrace::Context& context) const {
    std::ofstream{gate_ + ".reached"};
    while (!exists(gate_)) {
      if (context.stopping()) throw millrace::Failure(MR_CANCELLED, "stopped at the gate");
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }

  std::string prefix_;
  bool together_, describe_;
  std::int64_t update_;
  std::string gate_;
  std::int64_t gate_at_, tries_;
};

// Takes everything and leaves nothing but a result of `result_bytes` letters, and with `where` the
// attempt that it is a part of.
class Nothing final : public millrace::Operator {
 public:
  static constexpr auto kName = "output.nothing";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kParams = R"({"result_bytes": {"type": "integer", "default": 0},
    "where": {"type": "boolean", "default": false}})";
  explicit Nothing(const millrace::Params& params)
      : result_bytes_{static_cast<std::size_t>(params.integer("result_bytes"))},
        where_{params.boolean("where")} {}
  void process(millrace::Context&, millrace::Batch) override {}
  void finish(millrace::Context& context) override {
    if (result_bytes_ > 0) context.result("large", '"' + std::string(result_bytes_, 'x') + '"');
    if (where_) {
      context.result("where", R"({"token": )" + std::to_string(context.token()) +
                                  R"(, "attempt": )" + std::to_string(context.job_attempt()) + "}");
    }
  }

 private:
  std::size_t result_bytes_;
  bool where_;
};

// Keeps its thread in one call until the file `gate` exists, and says so with a file
// `gate`.NODE.held. Unless it is `deaf` it also ends when it should stop, and says that with
// `gate`.NODE.stopped.
class Hold final : public millrace::Operator {
 public:
  static constexpr auto kName = "filter.hold";
  static constexpr auto kRole = millrace::Role::Filter;
  static constexpr auto kParams = R"({
    "gate": {"type": "string"}, "deaf": {"type": "boolean", "default": false}})";
  static constexpr auto kTraits = R"({"blocking": true, "accepts_any": true})";

  explicit Hold(const millrace::Params& params)
      : gate_{params.string("gate")}, deaf_{params.boolean("deaf")} {}

  void process(millrace::Context& context, millrace::Batch batch) override {
    const std::string told = gate_ + "." + std::string{context.node()};
    std::ofstream{told + ".held"};
    while (!exists(gate_)) {
      if (!deaf_ && context.stopping()) {
        std::ofstream{told + ".stopped"};
        throw millrace::Failure(MR_CANCELLED, "told to stop");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    context.emit(std::move(batch));
  }

 private:
  std::string gate_;
  bool deaf_;
};

// Is told of a connection, and gives back its address and a hash of its password. Waits until the
// file `gate` exists where one is named. With `quotes` it tells the password to everybody it can.
class Confidant final : public millrace::Operator {
 public:
  static constexpr auto kName = "output.confidant";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kParams = R"({"connection": {"type": "string", "default": ""},
    "secret": {"type": "string", "default": "", "maxLength": 40},
    "gate": {"type": "string", "default": ""}, "quotes": {"type": "boolean", "default": false}})";
  static constexpr auto kTraits = R"({"blocking": true})";

  explicit Confidant(const millrace::Params& params)
      : connection_{params.string("connection")},
        secret_{params.string("secret")},
        gate_{params.string("gate")},
        quotes_{params.boolean("quotes")} {}

  void process(millrace::Context&, millrace::Batch) override {}
  void finish(millrace::Context& context) override {
    millrace::ConnectionInfo told{"", secret_};
    if (!connection_.empty()) told = context.connection(connection_, false);
    if (!gate_.empty()) {
      std::ofstream{gate_ + ".reached"};
      while (!exists(gate_)) {
        if (context.stopping()) throw millrace::Failure(MR_CANCELLED, "stopped at the gate");
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
      }
    }
    if (quotes_) {
      context.log(millrace::Level::Warn, "the password is " + told.password + ", I think");
      context.record_event({.code = "told", .message = told.password});
      throw millrace::Failure(MR_INVALID_ARGUMENT, "no such password: " + told.password);
    }
    context.result("address", '"' + told.address + '"');
    context.result("hash", std::to_string(std::hash<std::string>{}(told.password) >> 1));
  }

 private:
  std::string connection_, secret_, gate_;
  bool quotes_;
};

}  // namespace

MR_PLUGIN("job_operators", "1.2.3", Numbers, Ledger, Teller, Keeper, Tagger, Nothing, Hold,
          Confidant)
