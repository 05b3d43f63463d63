#include "engine/catalog/kept_change.hpp"

#include <span>

#include <catch2/catch.hpp>

#include "engine/catalog/change_limits.hpp"
#include "tests/engine_catalog/filled.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

constexpr std::int64_t kJob = 7;

Json insertion(std::string_view entity, const Json& set) {
  return {{"entity", entity}, {"action", "insert"}, {"set", set}};
}

Json tags(std::size_t count, std::string_view prefix = "tag") {
  Json rows = Json::array();
  for (std::size_t i = 0; i < count; ++i)
    rows.push_back({{"name", fmt::format("{}-{}", prefix, i)}});
  return {{"entity", "tags"}, {"action", "insert"}, {"rows", rows}};
}

// Stored and read again, as it is when another process ends the job.
KeptChange keep(Filled& filled, const Json& change, bool unseen = false) {
  const auto made = must(KeptChange::make(*filled.catalog, change, kAsker, kJob, unseen));
  auto read =
      must(KeptChange::from_json(must(parse_json(made.to_json().dump())), kAsker, system_clock()));
  CHECK(read.to_json() == made.to_json());
  CHECK(read.answer().rows() == made.answer().rows());
  return read;
}

std::int64_t id_of(const KeptChange& change) {
  return change.answer().column<std::int64_t>("id").value(0);
}

Result<void> apply(Filled& filled, std::vector<KeptChange>& changes) {
  return filled.catalog->write_and_wait([&](Connection& connection) -> Result<void> {
    for (KeptChange& change : changes) MR_CHECK(change.apply(connection));
    return {};
  });
}

Result<void> apply(Filled& filled, KeptChange change) {
  std::vector<KeptChange> changes;
  changes.push_back(std::move(change));
  return apply(filled, changes);
}

std::int64_t number(Filled& filled, std::string_view sql) {
  std::int64_t found = -1;
  must(filled.catalog->read([&](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows, connection.query(sql));
    found = integer(rows.rows.at(0).at(0));
    return {};
  }));
  return found;
}

void add_job(Filled& filled, std::int64_t id, std::string_view state) {
  must(filled.catalog->write_and_wait([&](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "INSERT INTO jobs (id, state, dialect, owner, queue, name, priority, stop_reason, "
        "created_us, started_us, finished_us, updated_us, not_before_us, deadline_us, attempt, "
        "failures, crashes, max_attempts, token, lease_holder, lease_until_us, last_event, "
        "pipeline, rights) VALUES (?, ?, 'engine', '', 'default', 'train', 0, 'none', 1, 1, 0, 1, "
        "0, 0, 1, 0, 0, 3, 1, '', 0, 0, '{}', '{}')",
        {id, std::string{state}}));
    return {};
  }));
}

}  // namespace

TEST_CASE("a change that is kept takes effect when it is applied", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto lines = filled.count("audit");
  auto change = keep(filled, insertion("tags", {{"name", "prod"}}));
  CHECK(filled.count("tags") == 0);
  CHECK(filled.count("audit") == lines);
  const auto id = id_of(change);
  CHECK(filled.insert("tags", {{"name", "other"}}) > id);  // nobody else gets it
  must(apply(filled, std::move(change)));
  CHECK(filled.names("tags", where("id", "=", id)) == "prod");
  CHECK(filled.count("audit") == lines + 2);
}

TEST_CASE("later changes name rows that are inserted by kept ones", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  std::vector<KeptChange> changes;
  const auto add = [&](const Json& change) {
    changes.push_back(keep(filled, change));
    return changes.back().answer().rows() > 0 ? id_of(changes.back()) : 0;
  };
  const auto model = add(insertion(
      "models", {{"name", "lenet"}, {"user_id", 1}, {"project_id", 1}, {"tags", {"new"}}}));
  const auto tag = add(insertion("tags", {{"name", "prod"}}));
  CHECK(add({{"entity", "models"},
             {"action", "attach"},
             {"id", model},
             {"column", "tags"},
             {"value", tag}}) == model);
  CHECK(add({{"entity", "models"},
             {"action", "update"},
             {"id", model},
             {"set", {{"metrics", {{"acc", 0.9}}}}}}) == model);
  add(insertion("promotions", {{"action", "promote"}, {"model_id", model}, {"stage", "live"}}));
  // What meets conditions is found when it is applied, and told nobody before.
  CHECK(add({{"entity", "tags"},
             {"action", "update"},
             {"where", where("name", "=", "prod")},
             {"set", {{"description", "in use"}}}}) == 0);
  CHECK(filled.count("models") + filled.count("tags") == 0);
  must(apply(filled, changes));
  CHECK(filled.count("models", where("metrics", "has", "acc")) == 1);
  CHECK(filled.count("models", where("tags", "has", "prod")) == 1);
  CHECK(filled.count("models", where("tags", "has", "new")) == 1);
  CHECK(filled.count("stages", where("model_id", "=", model)) == 1);
  CHECK(filled.count("tags", where("description", "=", "in use")) == 1);
}

TEST_CASE("kept changes are made again after they were undone", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto model =
      keep(filled, insertion("models", {{"name", "m"}, {"user_id", 1}, {"project_id", 1}}));
  auto many = keep(filled, tags(3));
  must(filled.catalog->write_and_wait([&](Connection& connection) -> Result<void> {
    MR_CHECK(connection.run("SAVEPOINT looked_at"));
    MR_CHECK(model.apply(connection));
    MR_CHECK(many.apply(connection));
    MR_CHECK(connection.run("ROLLBACK TO SAVEPOINT looked_at"));
    MR_CHECK(model.apply(connection));
    return many.apply(connection);
  }));
  CHECK(filled.count("models", where("id", "=", id_of(model))) == 1);
  CHECK(filled.count("tags") == 3);
  CHECK(filled.count("model_versions") == 1);
}

TEST_CASE("a kept change is refused when what it names has gone or is taken", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto tag = filled.insert("tags", {{"name", "old"}});
  auto renamed = keep(
      filled, {{"entity", "tags"}, {"action", "update"}, {"id", tag}, {"set", {{"name", "new"}}}});
  auto found = keep(
      filled, {{"entity", "tags"}, {"action", "delete"}, {"where", where("name", "=", "old")}});
  auto taken = keep(filled, insertion("tags", {{"name", "prod"}}));
  auto orphan = keep(filled, insertion("projects", {{"name", "p"}, {"workspace_id", 99}}));
  filled.insert("tags", {{"name", "prod"}});
  must(filled.change("delete", "tags", {{"id", tag}}));
  const auto code = [&](KeptChange change) {
    return apply(filled, std::move(change)).error().code;
  };
  CHECK(code(std::move(renamed)) == Code::NotFound);
  CHECK(code(std::move(taken)) == Code::Conflict);
  CHECK(code(std::move(orphan)) == Code::NotFound);
  CHECK(apply(filled, std::move(found)).ok());  // nothing meets it any more
  CHECK(filled.names("tags") == "prod");
  // What is wrong with the change itself is told when it is made.
  const auto wrong = insertion("tags", {{"name", 7}});
  CHECK(KeptChange::make(*filled.catalog, wrong, kAsker, kJob, false).error().code ==
        Code::InvalidArgument);
}

TEST_CASE("of a password a kept change holds the hash", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const Json bob{{"login", "bob"}, {"password", "very secret"}};
  auto one = keep(filled, insertion("users", bob));
  const Json eve{{"login", "eve"}, {"password", "very secret"}};
  auto many = keep(filled, {{"entity", "users"}, {"action", "insert"}, {"rows", {eve}}});
  auto changed = keep(filled, {{"entity", "users"},
                               {"action", "update"},
                               {"id", 1},
                               {"set", {{"password", "very secret"}}}});
  for (KeptChange* change : {&one, &many, &changed}) {
    CHECK(change->to_json().dump().find("very secret") == std::string::npos);
    must(apply(filled, std::move(*change)));
  }
  CHECK(filled.query("users", where("password", "verify", "very secret")).rows() == 3);
}

TEST_CASE("more rows than the end may write are written before it, unseen", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto most = keep(filled, tags(kMostRowsAtOnce, "most"));
  CHECK(most.unseen() == 0);
  CHECK(most.rows() == kMostRowsAtOnce);
  auto more = keep(filled, tags(kMostRowsAtOnce + 1, "more"));
  CHECK(more.unseen() != 0);
  CHECK(more.to_json().dump().size() < 200);
  CHECK(filled.count("tags") == 0);
  CHECK(number(filled, "SELECT COUNT(*) FROM tags") ==
        static_cast<std::int64_t>(kMostRowsAtOnce + 1));
  must(apply(filled, std::move(more)));
  must(apply(filled, std::move(most)));
  CHECK(filled.count("tags") == static_cast<std::int64_t>(2 * kMostRowsAtOnce + 1));
  CHECK(number(filled, "SELECT COUNT(*) FROM pending_changes") == 0);
  // Of other entities the same number is too large, and the message says what to do.
  Json projects = Json::array();
  for (std::size_t i = 0; i <= kMostRowsAtOnce; ++i)
    projects.push_back({{"name", "p"}, {"workspace_id", 1}});
  const auto refused = KeptChange::make(
      *filled.catalog, {{"entity", "projects"}, {"action", "insert"}, {"rows", projects}}, kAsker,
      kJob, true);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("more than 10000 rows of projects at once; make several") !=
        std::string::npos);
}

TEST_CASE("little is written unseen as well where that is asked", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto tag = keep(filled, insertion("tags", {{"name", "prod"}}), true);
  auto model =
      keep(filled, insertion("models", {{"name", "m"}, {"user_id", 1}, {"project_id", 1}}), true);
  CHECK(tag.unseen() != 0);
  CHECK(model.unseen() == 0);  // its rows cannot be
  CHECK(filled.count("tags") == 0);
  // A name that is taken is told at once, though nobody sees who has it.
  CHECK(KeptChange::make(*filled.catalog, insertion("tags", {{"name", "prod"}}), kAsker, kJob, true)
            .error()
            .code == Code::Conflict);
  const auto id = id_of(tag);
  must(apply(filled, std::move(tag)));
  must(apply(filled, std::move(model)));
  CHECK(filled.names("tags", where("id", "=", id)) == "prod");
}

TEST_CASE("unseen rows that no checkpoint names are dropped", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  auto first = keep(filled, tags(2, "first"), true);
  keep(filled, tags(3, "lost"), true);
  const auto others = must(KeptChange::make(*filled.catalog, tags(1, "other"), kAsker, 8, true));
  must(drop_unseen(*filled.catalog, kJob, {first.unseen()}));
  CHECK(number(filled, "SELECT COUNT(*) FROM tags") == 3);
  const auto refused = drop_unseen(*filled.catalog, kJob, {}, [](Connection&) -> Result<void> {
    return Error{Code::Conflict, "the lease was lost"};
  });
  CHECK(refused.error().message == "the lease was lost");
  must(apply(filled, first));
  CHECK(filled.names("tags") == "first-0,first-1");
  CHECK(apply(filled, first).error().code == Code::Conflict);  // it has been shown
  must(drop_unseen(*filled.catalog, 8, {}));
  CHECK(number(filled, "SELECT COUNT(*) FROM tags") == 2);
}

TEST_CASE("whoever is stale keeps no change, and what was written until then can be dropped",
          "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  int allowed = 0;
  Asker attempt = kAsker;
  attempt.fence = [&](Connection&) -> Result<void> {
    if (allowed-- > 0) return {};
    return Error{Code::Conflict, "the lease was lost"};
  };
  const auto make = [&](const Json& change) {
    return KeptChange::make(*filled.catalog, change, attempt, kJob, false);
  };
  CHECK(make(insertion("tags", {{"name", "prod"}})).error().message == "the lease was lost");
  allowed = 2;  // pieces
  CHECK(make(tags(kMostRowsAtOnce + 1)).error().message == "the lease was lost");
  CHECK(number(filled, "SELECT COUNT(*) FROM tags") == static_cast<std::int64_t>(2 * kRowsOfPiece));
  CHECK(filled.count("tags") == 0);
  must(drop_unseen(*filled.catalog, kJob, {}));
  CHECK(number(filled, "SELECT COUNT(*) FROM tags") == 0);
  CHECK(number(filled, "SELECT COUNT(*) FROM pending_changes") == 0);
}

TEST_CASE("unseen rows of a job stay until it has ended", "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto state =
      GENERATE("queued", "running", "publishing", "finished", "failed", "aborted", "");
  if (state[0] != '\0') add_job(filled, kJob, state);
  keep(filled, tags(2), true);
  ManualClock clock{system_clock().now()};
  clock.advance(48h);  // longer than others may take
  const auto opened = filled.place.open(clock);
  const bool has_ended = state[0] == 'f' || state[0] == 'a' || state[0] == '\0';
  CHECK(number(filled, "SELECT COUNT(*) FROM tags") == (has_ended ? 0 : 2));
}

TEST_CASE("kept changes are made in their order, those that are only shown together",
          "[catalog][kept]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const Json found{{"entity", "tags"},
                   {"action", "update"},
                   {"where", where("name", "like", "%-0")},
                   {"set", {{"description", "early"}}}};
  std::vector<KeptChange> changes;
  for (int i = 0; i < 3; ++i) changes.push_back(keep(filled, tags(2, fmt::format("a{}", i)), true));
  changes.push_back(keep(filled, found));
  changes.push_back(keep(filled, tags(1, "b"), true));
  const auto lines = filled.count("audit");
  std::size_t made = 0;
  const auto apply_from = [&](std::size_t first) {
    return filled.catalog->write_and_wait([&](Connection& connection) {
      return KeptChange::apply_all(connection, std::span{changes}.subspan(first), made);
    });
  };
  must(apply_from(0));
  CHECK(made == changes.size());
  CHECK(filled.names("tags") == "a0-0,a0-1,a1-0,a1-1,a2-0,a2-1,b-0");
  CHECK(filled.count("tags", where("description", "=", "early")) == 3);  // not b-0
  CHECK(filled.count("audit") == lines + 3);  // rows whose ids follow each other share one
  CHECK(apply_from(0).error().code == Code::Conflict);  // what has been shown cannot be
  CHECK(made == 0);
  CHECK(apply_from(3).error().code == Code::Conflict);
  CHECK(made == 1);
}
