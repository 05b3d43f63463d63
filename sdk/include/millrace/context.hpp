#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <millrace/abi.h>
#include <millrace/batch.hpp>
#include <millrace/params.hpp>

namespace millrace {

/// What an operator throws when it cannot go on. `code` is one of the MR_ codes and says what may
/// be done about it; Unavailable and Io are retried when the node allows retries.
class Failure : public std::runtime_error {
 public:
  Failure(int code, const std::string& message) : std::runtime_error{message}, code_{code} {}
  [[nodiscard]] int code() const { return code_; }

 private:
  int code_;
};

enum class Level {
  Error = MR_LOG_ERROR,
  Warn = MR_LOG_WARN,
  Info = MR_LOG_INFO,
  Debug = MR_LOG_DEBUG
};

/// Something that happened to one record, for the job's record log. Empty members are left out.
struct RecordEvent {
  Level level = Level::Error;
  std::string_view code;  // "decode_failed"
  std::string_view message;
  std::string_view file{};
  std::int64_t line = 0;  // from 1
  std::string_view url{};
  std::string_view op{};
};

struct ObjectInfo {
  std::uint64_t size_bytes = 0;
  bool is_folder = false;
  std::int64_t modified_us = 0;
};

/// One thing below a folder that is listed; its texts live as long as the call that tells of it.
struct Listed {
  std::string_view folder{};  // as the store spells it; each uri is this, "/" and more
  std::string_view uri{};     // empty: no address leads to it, and it is passed over
  std::string_view name{};    // the path below the folder, in the bytes of the disk
  std::string_view why{};     // it is passed over
  ObjectInfo info{};
  [[nodiscard]] bool is_passed_over() const { return uri.empty(); }
};

/// How to reach a database that a pipeline names: sql::parse_address() reads the address. The
/// password belongs into no log, no error and no state.
struct ConnectionInfo {
  std::string address;  // "mysql://user@host:port/schema" or "sqlite:PATH"
  std::string password;
};

/// An object of the store, open for reading. Closes itself.
class Reader {
 public:
  Reader(mr_context* context, mr_reader* reader) : context_{context}, reader_{reader} {}
  Reader(Reader&& other) noexcept;
  Reader& operator=(Reader&& other) noexcept;
  ~Reader();
  /// Reads up to `buffer.size()` bytes; returns how many, 0 at the end.
  std::size_t read(std::span<char> buffer);
  void seek(std::uint64_t offset);
  /// A reader that an operator keeps between calls must be told of the current one before it is
  /// used.
  void rebind(mr_context* context) { context_ = context; }

 private:
  mr_context* context_;
  mr_reader* reader_;
};

/// A staged output: visible when the job has succeeded, never otherwise. The engine closes it.
class Writer {
 public:
  Writer() = default;
  Writer(mr_writer* writer, std::uint64_t size) : writer_{writer}, size_{size} {}
  void write(std::string_view bytes);
  void truncate(std::uint64_t size);
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  friend class Context;
  mr_writer* writer_ = nullptr;
  std::uint64_t size_ = 0;
};

/// The operator's window to the engine during one call. Do not keep it. [worker]
class Context {
 public:
  explicit Context(mr_context* context) : context_{context} {}

  [[nodiscard]] std::string_view job() const;
  [[nodiscard]] std::string_view node() const;
  [[nodiscard]] std::uint64_t seed() const;
  [[nodiscard]] std::int64_t sequence() const;
  [[nodiscard]] unsigned attempt() const;  // at this batch, from 0
  /// Name of this start of the engine; with job() and token() it names one attempt in the world.
  /// Empty and 0 where the engine is older than these: it does not tell.
  [[nodiscard]] std::string_view engine() const;
  [[nodiscard]] std::int64_t token() const;    // grows with each attempt; 0: not a queued job
  [[nodiscard]] unsigned job_attempt() const;  // of the job, from 1; 0: not a queued job
  /// Name of the installation whose catalog has the job; with job() it names the job in the world.
  /// Empty where the engine is older than this.
  [[nodiscard]] std::string_view installation() const;
  /// How long an attempt that stands still keeps its job before another takes it over; 0: the
  /// engine does not tell, or there is no queued job.
  [[nodiscard]] std::chrono::milliseconds lease() const;

  void emit(Batch batch, std::string_view port = {});
  [[nodiscard]] bool stopping() const;
  /// Within process(), process_more() and finish(): asks to be called again when this call has
  /// returned, in process_more() or finish(). So what one batch becomes need not be emitted in one
  /// call.
  void more();
  [[nodiscard]] bool wants_more() const { return wants_more_; }

  /// Calls function(i) once for each i below `count`, here and on free threads of the engine, in
  /// any order, and returns when all are done: the same result for any number of cores, when each
  /// call writes to a place of its own. What the call of the lowest index throws is thrown here.
  /// Throws Failure with Cancelled when the job stops before all were begun. Within `function`
  /// nothing of the context but stopping() and parallel() may be used. [any thread]
  void parallel(std::uint64_t count, const std::function<void(std::uint64_t)>& function);

  void log(Level level, std::string_view message);
  void progress(std::uint64_t done, std::uint64_t total, std::string_view unit);
  void count(std::string_view counter, std::int64_t by = 1);
  void record_event(const RecordEvent& event);
  void result(std::string_view key, std::string_view json);
  /// One point of a curve, for the job's journal and events: the loss after a step. A name is 1 to
  /// 128 letters, digits and
  /// "_-./". Telling a step again, as after a crash, replaces the earlier point.
  void metric(std::string_view name, std::int64_t step, double value);

  void fault(std::string_view kind, std::string_view pointer,
             std::string_view message);                     // in plan()
  void trait(std::string_view key, std::string_view json);  // in plan()

  /// Throws Failure when the address is malformed or this job may not use it. No I/O.
  void check_uri(std::string_view uri, bool for_writing);
  [[nodiscard]] ObjectInfo stat(std::string_view uri);
  void list(std::string_view uri,
            const std::function<void(std::string_view, const ObjectInfo&)>& each);
  /// The same with what is passed over, and with the folder as the store spells it.
  void list_below(std::string_view uri, const std::function<void(const Listed&)>& each);
  [[nodiscard]] Reader open(std::string_view uri);
  /// Reads a whole object; more than `max_bytes` is a Failure with Exhausted.
  [[nodiscard]] std::string read_all(std::string_view uri, std::uint64_t max_bytes);
  void put(std::string_view uri, std::string_view bytes);
  [[nodiscard]] Writer stage(std::string_view uri);
  /// Ends a content that was staged as "blob:", and returns its SHA-256, 64 hexadecimal digits:
  /// "blob:" and these open it, a row of the catalog may name it. It stays until the job ends, and
  /// for longer where such a row does.
  [[nodiscard]] std::string seal(Writer& writer);

  [[nodiscard]] Batch query(const Value& query);
  Batch change(const Value& change);
  /// Reads JSON text, for a query or change made of data; the value lives until the current call
  /// returns. Text that is no JSON is a Failure with DataInvalid.
  [[nodiscard]] Value parse(std::string_view json);

  /// Tells how to reach the database that the pipeline calls `name`. Throws Failure with NotFound
  /// where nothing has that name, and with PermissionDenied where this job may not use it.
  [[nodiscard]] ConnectionInfo connection(std::string_view name, bool for_writing);

  [[nodiscard]] mr_context* handle() const { return context_; }

 private:
  mr_context* context_;
  bool wants_more_ = false;
};

}  // namespace millrace
