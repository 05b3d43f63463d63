#include "engine/catalog/catalog.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "engine/base/password.hpp"
#include "engine/catalog/answer_cache.hpp"
#include "engine/catalog/asked_change.hpp"
#include "engine/catalog/compiled_queries.hpp"
#include "engine/catalog/connection_pool.hpp"
#include "engine/catalog/group_commit.hpp"
#include "engine/catalog/installation.hpp"
#include "engine/catalog/migrations.hpp"
#include "engine/catalog/pending_change.hpp"
#include "engine/catalog/query.hpp"
#include "engine/catalog/query_after.hpp"
#include "engine/catalog/related_cache.hpp"
#include "engine/catalog/revision.hpp"
#include "engine/catalog/time_limit.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

std::vector<std::int64_t> ids_of(const SqlRows& rows, std::size_t place) {
  std::vector<std::int64_t> ids;
  ids.reserve(rows.rows.size());
  for (const auto& row : rows.rows) ids.push_back(std::get<std::int64_t>(row[place]));
  return ids;
}

// Tells in the last row where the next page begins.
Batch with_next(Batch page, const std::optional<std::string>& next) {
  Builder<std::string_view> column;
  const auto rows = page.rows();
  for (std::int64_t row = 0; row < rows; ++row) {
    if (next && row + 1 == rows) {
      column.append(*next);
    } else {
      column.append_null();
    }
  }
  return std::move(page).with(kAfterColumn, std::move(column));
}

// What a connection on loan has for one question.
class Deadline {
 public:
  Deadline(Connection& connection, Clock::Steady until)
      : connection_{until == Clock::Steady::max() ? nullptr : &connection} {
    if (connection_ != nullptr) connection_->stop_at(until);
  }
  ~Deadline() {
    if (connection_ != nullptr) connection_->stop_at(Clock::Steady::max());
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  Connection* connection_;  // null: there is no deadline
};

}  // namespace

struct Catalog::State {
  static constexpr std::int64_t kNoRevision = -1;

  State(std::unique_ptr<Database> opened, const DatabaseSettings& settings,
        const Clock& engine_clock)
      : database{std::move(opened)},
        clock{engine_clock},
        readers{*database},
        answer_time{millrace::answer_time(settings)},
        writer{*database,
               engine_clock,
               {settings.max_queued_writes, settings.max_queued_write_bytes, settings.patience,
                answer_time}} {}

  Result<SqlRows> ask(Connection& connection, const CompiledQuery& query);
  /// Asks for a page of rows whose ids are known, which holds while their revision does; else
  /// returns none, and so for a page behind the last row.
  Result<std::optional<SqlRows>> ask_known(Connection& connection, const CompiledQuery& query,
                                           const AnswerCache::Known& known);
  /// Notes and returns the revision that rows tell; kNoRevision where they tell none.
  static std::int64_t note_revision(const CompiledQuery& query, const SqlRows& rows);
  /// Asks for what the Rows column at `place` shows of the rows.
  Result<RelatedItems> ask_related(Connection& connection, const CompiledQuery& query,
                                   const SqlRows& rows, std::size_t place, std::string_view owner);

  std::unique_ptr<Database> database;
  std::string installation;
  const Clock& clock;
  ConnectionPool readers;
  CompiledQueries queries;
  AnswerCache answers;
  RelatedCache related;
  const std::chrono::seconds answer_time;
  GroupCommit writer;
};

Result<SqlRows> Catalog::State::ask(Connection& connection, const CompiledQuery& query) {
  const auto revision = revision_of(*query.entity);
  if (query.counts && is_changeable(*query.entity)) {
    if (!query.counted.empty()) {
      MR_TRY(const auto known, answers.ask_again(connection, revision, query.counted));
      if (known.numbers) return SqlRows{{"count"}, {{std::ssize(*known.numbers)}}};
    }
    MR_TRY(const auto counted, answers.ask(connection, revision, query.question));
    return SqlRows{{"count"}, {{counted->at(0)}}};
  }
  if (query.page.limit > 0) {
    MR_TRY(auto page, ask_known(connection, query, answers.recall(revision, query.page.ids)));
    if (page) return *std::move(page);
    MR_TRY(const auto known, answers.ask_again(connection, revision, query.page.ids));
    if (known.numbers && std::ssize(*known.numbers) <= query.page.offset) return SqlRows{};
    MR_TRY(page, ask_known(connection, query, known));
    if (page) return *std::move(page);
  }
  MR_TRY(SqlRows rows, connection.query(query.question.sql, query.question.values));
  note_revision(query, rows);
  return rows;
}

Result<std::optional<SqlRows>> Catalog::State::ask_known(Connection& connection,
                                                         const CompiledQuery& query,
                                                         const AnswerCache::Known& known) {
  const auto& ids = known.numbers;
  if (!ids || std::ssize(*ids) <= query.page.offset) return std::optional<SqlRows>{};
  const auto first = static_cast<std::size_t>(query.page.offset);
  const auto count = std::min<std::size_t>(query.page.limit, ids->size() - first);
  const auto page = query.page.rows_of(std::span{*ids}.subspan(first, count));
  MR_TRY(SqlRows rows, connection.query(page.sql, page.values));
  if (note_revision(query, rows) != known.revision) return std::optional<SqlRows>{};
  return std::optional{std::move(rows)};
}

std::int64_t Catalog::State::note_revision(const CompiledQuery& query, const SqlRows& rows) {
  if (query.told.empty() || rows.rows.empty()) return kNoRevision;
  const auto revision = integer(rows.rows.front()[query.columns.size()]);
  RevisionsOfThread::note(query.told, revision);
  return revision;
}

Result<RelatedItems> Catalog::State::ask_related(Connection& connection, const CompiledQuery& query,
                                                 const SqlRows& rows, std::size_t place,
                                                 std::string_view owner) {
  constexpr std::size_t kFewRows = 100;  // more would push out what comes again
  const auto& column = query.columns[place]->related;
  const auto ids = ids_of(rows, place);
  if (query.told.empty() || ids.empty() || ids.size() > kFewRows)
    return query_related(connection, column, ids, owner);
  const auto revision = integer(rows.rows.front()[query.columns.size()]);
  return related.ask(connection, column, ids, owner, revision);
}

Catalog::Catalog() = default;
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::open(const DatabaseSettings& settings,
                                               const Clock& clock) {
  MR_TRY(auto database, open_database(settings));
  std::string installation;
  {
    MR_TRY(const auto connection, database->connect(Database::Use::Migrate));
    MR_CHECK(migrate(*connection, database->dialect(), catalog_parts(), clock));
    MR_CHECK(sweep_pending(*connection, to_micros(clock.now())));
    MR_TRY(installation, name_installation(*connection));
  }
  std::unique_ptr<Catalog> catalog{new Catalog};  // the constructor is private
  catalog->state_ = std::make_unique<State>(std::move(database), settings, clock);
  catalog->state_->installation = std::move(installation);
  return catalog;
}

void Catalog::write(Write write, Committed committed, std::size_t bytes) {
  state_->writer.write(std::move(write), std::move(committed), bytes);
}

Result<void> Catalog::write_and_wait(Write write, std::size_t bytes) {
  auto done = state_->writer.write_and_wait(std::move(write), bytes);
  RevisionsOfThread::forget();
  return done;
}

Result<void> Catalog::read(const std::function<Result<void>(Connection&)>& read) {
  using std::chrono::steady_clock;
  MR_TRY(auto connection, state_->readers.take());
  const Deadline deadline{*connection, CatalogTimeLimit::of_this_thread()};
  auto began = steady_clock::now();
  auto done = read(*connection);
  const auto is_away = [&done] { return !done.ok() && done.error().code == Code::Unavailable; };
  if (!is_away() || dialect() == SqlDialect::Sqlite) return done;
  if (!ConnectionPool::was_silent(done.error(), began)) {
    // A connection that idled may have been closed by the server; reading again is harmless and
    // opens it anew.
    began = steady_clock::now();
    done = read(*connection);
  }
  if (!is_away() || !ConnectionPool::was_silent(done.error(), began)) return done;
  if (!state_->readers.probe().ok()) return done;
  return Error{Code::DeadlineExceeded,
               fmt::format("catalog: the database answers, but not this within {} s: ask for fewer "
                           "rows, or for an order that an index has",
                           state_->answer_time.count()),
               done.error().message};
}

Result<void> Catalog::probe() { return state_->readers.probe(); }

Result<Batch> Catalog::query(const Json& query, std::string_view owner, Clock::Steady until) {
  MR_TRY(const CompiledQuery compiled, state_->queries.compile(query, owner));
  SqlRows rows;
  std::optional<std::string> next;
  std::vector<RelatedItems> related;
  const CatalogTimeLimit limit{until};
  MR_CHECK(read([&](Connection& connection) -> Result<void> {
    if (compiled.next) {
      MR_TRY(rows, query_page(connection, dialect(), compiled, next));
    } else if (compiled.is_settled && !compiled.password) {
      MR_TRY(rows, ask_settled(compiled));
    } else {
      MR_TRY(rows, state_->ask(connection, compiled));
    }
    if (compiled.password) {
      MR_TRY(rows, verified(rows, compiled));
    }
    related.clear();
    for (std::size_t place = 0; place < compiled.columns.size(); ++place) {
      const EntityColumn& column = *compiled.columns[place];
      if (column.kind != ColumnKind::Rows) continue;
      MR_TRY(auto items, state_->ask_related(connection, compiled, rows, place, owner));
      related.push_back(std::move(items));
    }
    return {};
  }));
  try {
    Batch batch = make_batch(compiled.columns, rows, std::move(related));
    return compiled.next ? with_next(std::move(batch), next) : std::move(batch);
  } catch (const std::exception& failure) {  // more than a column of a batch holds
    return Error{Code::Exhausted,
                 "catalog query: too many bytes for one answer; ask for fewer rows or columns",
                 failure.what()};
  }
}

Result<SqlRows> Catalog::ask_settled(const CompiledQuery& query) {
  SqlRows rows;
  auto asked = write_and_wait([&](Connection& connection) -> Result<void> {
    MR_CHECK(hold_revision(connection, dialect(), revision_of(*query.entity)));
    MR_TRY(rows, connection.query(query.question.sql, query.question.values));
    return {};
  });
  return asked.ok() ? Result<SqlRows>{std::move(rows)} : std::move(asked).error();
}

Result<SqlRows> Catalog::verified(const SqlRows& found, const CompiledQuery& query) {
  const auto hash_of = [](const std::vector<SqlValue>& row) {
    return std::get_if<std::string>(&row.back());
  };
  std::vector<std::string> good;
  for (const auto& row : found.rows) {
    const auto* hash = hash_of(row);
    if (hash != nullptr && verify_password(*query.password, *hash)) good.push_back(*hash);
  }
  if (good.empty()) return SqlRows{found.columns, {}};
  // A read does not see a change that is under way, and the old password must not outlive it.
  MR_TRY(SqlRows rows, ask_settled(query));
  std::erase_if(rows.rows, [&](const std::vector<SqlValue>& row) {
    const auto* hash = hash_of(row);
    if (hash == nullptr) return true;
    const bool is_known = std::find(good.begin(), good.end(), *hash) != good.end();
    return !is_known && !verify_password(*query.password, *hash);
  });
  for (const auto& row : rows.rows) {
    if (needs_rehash(*hash_of(row))) rehash(row, query);
  }
  return rows;
}

// Of an older form: nobody waits for the newer one, the next sign-in tries again.
void Catalog::rehash(const std::vector<SqlValue>& row, const CompiledQuery& query) {
  auto newer = hash_password(*query.password);
  if (!newer.ok()) return;
  write(
      [update = fmt::format("UPDATE {0} SET {1} = ? WHERE id = ? AND {1} = ?", query.entity->table,
                            query.hash->column),
       values = std::vector<SqlValue>{*std::move(newer), row[row.size() - 2], row.back()}](
          Connection& connection) -> Result<void> {
        MR_CHECK(connection.execute(update, values));
        return {};
      },
      [](const Result<void>&) {});
}

Result<Batch> Catalog::change(const Json& change, const Asker& asker) {
  const CatalogTimeLimit limit{asker.until};
  MR_TRY(AskedChange asked, AskedChange::compile(change, asker, clock()));
  return asked.make(*this);
}

Catalog::Counters Catalog::counters() const { return state_->writer.counters(); }

std::string_view Catalog::installation() const { return state_->installation; }

SqlDialect Catalog::dialect() const { return state_->database->dialect(); }

const Clock& Catalog::clock() const { return state_->clock; }

}  // namespace millrace
