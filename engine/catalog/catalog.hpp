#pragma once

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
  void write(Write write, Committed committed);
  /// Waits for the commit. Not for the HTTP threads.
  Result<void> write_and_wait(Write write);

  /// Runs `read` with a pooled connection on the calling thread.
  Result<void> read(const std::function<Result<void>(Connection&)>& read);

  /// A query over the catalog's entities (docs/catalog.md), as operators ask it:
  /// {"entity": "jobs", "columns": [...], "where": [{"column": "id", "op": "=", "value": 7}],
  /// "order": ["-created"],
  ///  "limit": 100}. Names are checked against the schema; values are bound.
  /// With `owner`, of an entity whose rows have owners only those of this one are seen.
  Result<Batch> query(const Json& query, std::string_view owner = {});

  struct Counters {
    std::uint64_t writes = 0;  // that were committed
    std::uint64_t commits = 0;
    std::uint64_t retried = 0;  // transactions begun again because the database went away
    std::size_t queued = 0;
  };
  [[nodiscard]] Counters counters() const;

  [[nodiscard]] SqlDialect dialect() const;
  [[nodiscard]] const Clock& clock() const;

 private:
  Catalog();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace
