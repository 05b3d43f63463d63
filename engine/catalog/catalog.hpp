#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <millrace/batch.hpp>

#include "engine/base/clock.hpp"
#include "engine/base/json.hpp"
#include "engine/catalog/database.hpp"

namespace millrace {

struct CompiledQuery;

/// What makes rows of the catalog: a job and its pipeline.
struct Origin {
  std::int64_t job = 0;           // 0: none
  std::string pipeline{};         // its name
  std::string pipeline_sha256{};  // of its text without blanks and with sorted keys; empty: none
};

/// Who asks something of the catalog.
struct Asker {
  std::string owner{};  // whose rows are seen, in entities whose rows have owners; empty: all rows
  std::string name{};   // what the audit trail says of them: "user 7", "job 12"
  Origin origin{};      // of rows that tell by what they were made
  /// Asked first within the transaction of a change, which it may refuse: of an attempt at a job
  /// whose token is stale. None: asked for by nobody who could be stale.
  std::function<Result<void>(Connection&)> fence{};
  /// From when on an answer is of no use to them.
  Clock::Steady until = Clock::Steady::max();
};

/// The metadata database: schema and migrations, reads on pooled connections, and writes that share
/// commits. [any thread]
class Catalog {
 public:
  /// Brings the schema up to date; an interrupted migration goes on where it stopped.
  static Result<std::unique_ptr<Catalog>> open(const DatabaseSettings& settings,
                                               const Clock& clock);
  /// Finishes the writes that were accepted.
  ~Catalog();

  /// A write: runs on the writer's thread inside a transaction that it shares with others; when it
  /// fails only its own part is undone. May run again when the transaction as a whole failed, so it
  /// only talks to the connection.
  using Write = std::function<Result<void>(Connection&)>;
  /// Called on the writer's thread when the commit is on disk, or has failed; on the caller's
  /// thread, before write() returns, when the queue of writes is full (Exhausted). Must not block.
  using Committed = std::function<void(Result<void>)>;
  /// What a write holds while it waits, unless it says more.
  static constexpr std::size_t kUsualWriteBytes = 1024;
  void write(Write write, Committed committed, std::size_t bytes = kUsualWriteBytes);
  /// Waits for the commit, `patience` and `answer_timeout` together at the most (Unavailable), and
  /// not beyond the thread's CatalogTimeLimit (DeadlineExceeded). The error says whether the write
  /// was not made, or whether that is not known; it is not made any more later on. Not for the HTTP
  /// threads.
  Result<void> write_and_wait(Write write, std::size_t bytes = kUsualWriteBytes);

  /// Runs `read` with a pooled connection on the calling thread; again when the connection had been
  /// closed. Unavailable: the database is away or silent. DeadlineExceeded: it answers others, but
  /// not this within `answer_timeout`, or within the thread's CatalogTimeLimit.
  Result<void> read(const std::function<Result<void>(Connection&)>& read);
  /// Asks whether the database answers; takes two or three seconds at the most.
  Result<void> probe();

  /// A query over the catalog's entities (docs/catalog.md), as operators ask it:
  /// {"entity": "jobs", "columns": [...], "where": [{"column": "id", "op": "=", "value": 7}],
  /// "order": ["-created"],
  ///  "limit": 100}. Names are checked against the schema; values are bound.
  /// With `owner`, of an entity whose rows have owners only those of this one are seen.
  /// DeadlineExceeded when it would take longer than `until`.
  Result<Batch> query(const Json& query, std::string_view owner = {},
                      Clock::Steady until = Clock::Steady::max());

  /// A change of one row (docs/catalog.md), checked against the schema and noted in the audit trail
  /// in the same transaction: {"entity": "tags", "action": "insert", "set": {"name": "prod"}}.
  /// Returns the row as it is afterwards, or as it was when it was deleted; waits for the commit.
  /// Error::field names the column of a value that is wrong (InvalidArgument), taken (Conflict) or
  /// refers to nothing (NotFound with a field). A row that others refer to is Conflict.
  /// One with `rows`, `where` or `cascade` changes many rows in one transaction, or none: it
  /// returns the ids of those inserted or updated, and the rows that were deleted as they were.
  Result<Batch> change(const Json& change, const Asker& asker);

  struct Counters {
    std::uint64_t writes = 0;  // that were committed
    std::uint64_t commits = 0;
    std::uint64_t retried = 0;  // transactions begun again because the database went away
    std::size_t queued = 0;
    std::size_t queued_bytes = 0;  // with those that are being written
  };
  [[nodiscard]] Counters counters() const;

  /// Name of this catalog, drawn when it was made: 16 hexadecimal digits.
  [[nodiscard]] std::string_view installation() const;
  [[nodiscard]] SqlDialect dialect() const;
  [[nodiscard]] const Clock& clock() const;

 private:
  Catalog();
  /// Asks within a transaction of the writer, when changes of the rows that are under way have
  /// ended.
  Result<SqlRows> ask_settled(const CompiledQuery& query);
  /// Returns those of the rows whose hash, their last value, is of the query's password, and stays
  /// so when changes that are under way have ended.
  Result<SqlRows> verified(const SqlRows& found, const CompiledQuery& query);
  void rehash(const std::vector<SqlValue>& row, const CompiledQuery& query);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
