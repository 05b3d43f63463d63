#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <millrace/abi.h>
#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/connection_settings.hpp"
#include "engine/plugin/metric.hpp"

namespace millrace {

struct ObjectStat {
  std::uint64_t size_bytes = 0;
  bool is_folder = false;
  std::int64_t modified_us = 0;
};

/// One thing below a folder that is listed.
struct ListedObject {
  std::string_view
      folder;  // as the store spells it, without a slash at its end: the beginning of each uri
  std::string_view uri{};   // empty: no address leads to it, and it is passed over
  std::string_view name{};  // the path below the folder, in the bytes of the disk
  std::string_view why{};   // it is passed over
  ObjectStat stat{};
  [[nodiscard]] bool is_passed_over() const { return uri.empty(); }
};
using EachListed = std::function<void(const ListedObject&)>;

/// An object open for reading, front to back with seeks. [one thread at a time]
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;
  virtual Result<void> seek(std::uint64_t offset) = 0;
  /// Returns the regular file of the kernel whose bytes these are, at the same offsets, open as
  /// long as the reader lives; -1: there is none.
  [[nodiscard]] virtual int descriptor() const { return -1; }
};

/// A staged output of a job. [one thread at a time]
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Says that a content, staged as "blob:", is whole: it gets its name, which is returned, 64
  /// hexadecimal digits. Nothing may be written any more.
  virtual Result<std::string> seal() {
    return Error{Code::InvalidArgument,
                 "seal: only what is staged as \"blob:\" gets a name of its own"};
  }
};

struct RecordLogEvent {
  int level = MR_LOG_ERROR;
  std::string_view code, message, file, url, op;
  std::int64_t line = 0;
};

/// Which attempt of which job this is; all 0 where there is no queued job.
struct AttemptNumbers {
  std::int64_t token = 0;    // fencing token
  std::uint32_t number = 0;  // from 1
  std::chrono::milliseconds lease{0};
};

/// A change of the catalog that an operator asked for: what it is told, and what is to be done when
/// the job ends; null where it has been done.
struct MadeChange {
  Batch answer;
  Json kept;
};

/// What an operator may ask of its surroundings during a call: the C++ face of mr_host. The run
/// provides one for each job; the test harness another. [any worker; the job's services lock what
/// they share]
class Services {
 public:
  virtual ~Services() = default;

  virtual std::string_view job() const = 0;  // id as text
  virtual std::uint64_t seed() const = 0;
  virtual bool stopping() const = 0;
  virtual AttemptNumbers attempt() const { return {}; }
  virtual std::string_view installation() const { return {}; }  // whose catalog has the job

  virtual void log(std::string_view node, int level, std::string_view message) = 0;
  virtual void progress(std::string_view node, std::uint64_t done, std::uint64_t total,
                        std::string_view unit) = 0;
  virtual void count(std::string_view node, std::string_view counter, std::int64_t by) = 0;
  virtual void record_event(std::string_view node, const RecordLogEvent& event) = 0;
  /// The same two with the sequence number of the batch that was worked on: a job that resumes
  /// after batch n counts and tells of the batches behind n once. Calls come here; who does not
  /// care about batches overrides the two above.
  virtual void count_in_batch(std::string_view node, std::int64_t /*sequence*/,
                              std::string_view counter, std::int64_t by) {
    count(node, counter, by);
  }
  virtual void record_event_in_batch(std::string_view node, std::int64_t /*sequence*/,
                                     const RecordLogEvent& event) {
    record_event(node, event);
  }
  /// Rows that reached a node and rows that left it, told when it is done with a batch. An error
  /// fails the node: too many.
  virtual Result<void> passed(std::string_view /*node*/, std::int64_t /*sequence*/,
                              std::int64_t /*reached*/, std::int64_t /*left*/) {
    return {};
  }
  /// One point of a curve; its name and step have been checked. Where nobody keeps curves it is a
  /// line of the log.
  virtual Result<void> metric(std::string_view node, const MetricPoint& point) {
    log(node, MR_LOG_INFO, "metric " + metric_json(node, point).dump());
    return {};
  }
  virtual Result<void> set_result(std::string_view key, std::string_view json) = 0;

  virtual Result<void> check_uri(std::string_view uri, bool for_writing) = 0;
  virtual Result<ObjectStat> stat(std::string_view uri) = 0;
  /// Returns a text that two addresses have in common when they lead to one object, however they
  /// are spelled.
  virtual Result<std::string> identify(std::string_view uri) { return std::string{uri}; }
  /// Lists below a folder, files only, recursive, sorted bytewise by address; what is passed over
  /// comes in between.
  virtual Result<void> list(std::string_view uri, const EachListed& each) = 0;
  virtual Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) = 0;
  virtual Result<void> put(std::string_view uri, std::string_view bytes) = 0;
  /// Owned by the job until it ends.
  virtual Result<ObjectWriter*> stage(std::string_view uri) = 0;

  /// Tells how to reach the database that the pipeline calls `name`. NotFound: none has that name;
  /// PermissionDenied: the run may not use it, or not write to it.
  virtual Result<ConnectionSettings> connection(std::string_view name, bool /*for_writing*/) {
    return no_connection(name);
  }

  virtual Result<Batch> catalog_query(const Json& query) = 0;
  virtual Result<Batch> catalog_change(const Json& change) = 0;
  /// The same where changes may have to wait for the end of the job. Calls come here; who changes
  /// the catalog at once overrides the one above.
  virtual Result<MadeChange> make_change(const Json& change) {
    MR_TRY(Batch answer, catalog_change(change));
    return MadeChange{std::move(answer), {}};
  }
  /// Keeps what make_change() left to be done: the call that asked for it counts. By the number of
  /// the batch, as with counts.
  virtual Result<void> keep_change(std::string_view /*node*/, std::int64_t /*sequence*/,
                                   Json /*kept*/) {
    return {};
  }
  /// Takes back what make_change() has written for it: the call that asked for it does not count.
  virtual Result<void> drop_change(const Json& /*kept*/) { return {}; }
};

}  // namespace millrace
