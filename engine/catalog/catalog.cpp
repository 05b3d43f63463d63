#include "engine/catalog/catalog.hpp"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "engine/catalog/connection_pool.hpp"
#include "engine/catalog/group_commit.hpp"
#include "engine/catalog/migrations.hpp"
#include "engine/catalog/query.hpp"

namespace millrace {

struct Catalog::State {
  State(std::unique_ptr<Database> opened, const DatabaseSettings& settings,
        const Clock& engine_clock)
      : database{std::move(opened)},
        clock{engine_clock},
        readers{*database},
        writer{*database, engine_clock, {settings.max_queued_writes, settings.patience}} {}

  std::unique_ptr<Database> database;
  const Clock& clock;
  ConnectionPool readers;
  GroupCommit writer;
};

Catalog::Catalog() = default;
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::open(const DatabaseSettings& settings,
                                               const Clock& clock) {
  MR_TRY(auto database, open_database(settings));
  {
    MR_TRY(const auto connection, database->connect());
    MR_CHECK(migrate(*connection, database->dialect(), catalog_parts(), clock));
  }
  std::unique_ptr<Catalog> catalog{new Catalog};  // the constructor is private
  catalog->state_ = std::make_unique<State>(std::move(database), settings, clock);
  return catalog;
}

void Catalog::write(Write write, Committed committed) {
  state_->writer.write(std::move(write), std::move(committed));
}

Result<void> Catalog::write_and_wait(Write write) {
  std::mutex mutex;
  std::condition_variable ready;
  std::optional<Result<void>> result;
  state_->writer.write(std::move(write), [&](Result<void> committed) {
    const std::lock_guard lock{mutex};
    result = std::move(committed);
    ready.notify_one();  // under the lock: the waiter's condition variable is gone soon after
  });
  std::unique_lock lock{mutex};
  ready.wait(lock, [&result] {
    return result.has_value();
  });  // ends: each write is called back within its patience
  return *std::move(result);
}

Result<void> Catalog::read(const std::function<Result<void>(Connection&)>& read) {
  MR_TRY(auto connection, state_->readers.take());
  auto done = read(*connection);
  // A connection that idled may have been closed by the server; reading again is harmless and opens
  // it anew.
  if (!done.ok() && done.error().code == Code::Unavailable && dialect() == SqlDialect::MySql)
    done = read(*connection);
  return done;
}

Result<Batch> Catalog::query(const Json& query, std::string_view owner) {
  MR_TRY(const CompiledQuery compiled, compile_query(query, owner));
  SqlRows rows;
  MR_CHECK(read([&](Connection& connection) -> Result<void> {
    MR_TRY(rows, connection.query(compiled.sql, compiled.values));
    return {};
  }));
  try {
    return make_batch(compiled.columns, rows);
  } catch (const std::exception& failure) {  // more than a column of a batch holds
    return Error{Code::Exhausted,
                 "catalog query: too many bytes for one answer; ask for fewer rows or columns",
                 failure.what()};
  }
}

Catalog::Counters Catalog::counters() const { return state_->writer.counters(); }

SqlDialect Catalog::dialect() const { return state_->database->dialect(); }

const Clock& Catalog::clock() const { return state_->clock; }

}  // namespace millrace
