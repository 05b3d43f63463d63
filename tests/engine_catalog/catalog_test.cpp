#include "engine/catalog/catalog.hpp"

#include <future>
#include <thread>
#include <utility>

#include <catch2/catch.hpp>

#include "engine/catalog/group_commit.hpp"
#include "tests/engine_catalog/writes.hpp"
#include "tests/fixtures/catalog_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::CatalogPlace;
using test::Gate;
using test::must;
using test::Results;

namespace {

Catalog::Write insert(std::string key) {
  return [key = std::move(key)](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute(
        "INSERT INTO aliases (dialect, kind, external_id, internal_id) VALUES ('d', 'k', ?, 1)",
        {key}));
    return {};
  };
}

std::int64_t count(Catalog& catalog) {
  std::int64_t found = -1;
  must(catalog.read([&found](Connection& connection) -> Result<void> {
    MR_TRY(const SqlRows rows, connection.query("SELECT COUNT(*) FROM aliases"));
    found = std::get<std::int64_t>(rows.rows.at(0).at(0));
    return {};
  }));
  return found;
}

}  // namespace

TEST_CASE("writes that wait together share one commit", "[catalog][group_commit]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const ManualClock clock;  // a commit that takes long would make the next batches smaller
  const auto catalog = place.open(clock);
  Gate gate;
  Results results;
  catalog->write(gate.write(), results.keep(0));
  REQUIRE(gate.wait_until_entered());
  for (std::size_t i = 1; i <= 50; ++i)
    catalog->write(insert("key " + std::to_string(i)), results.keep(i));
  CHECK(catalog->counters().queued == 50);
  gate.open();
  REQUIRE(results.wait_for(51));
  for (std::size_t i = 0; i <= 50; ++i) CHECK(results[i].ok());
  CHECK(catalog->counters().commits == 2);
  CHECK(catalog->counters().writes == 51);
  CHECK(count(*catalog) == 50);
}

TEST_CASE("a write that fails undoes its own part alone", "[catalog][group_commit]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  Gate gate;
  Results results;
  catalog->write(gate.write(), results.keep(0));
  REQUIRE(gate.wait_until_entered());
  catalog->write(insert("before"), results.keep(1));
  catalog->write(
      [](Connection& connection) -> Result<void> {
        MR_CHECK(insert("half")(connection));
        return insert("before")(connection);  // not unique any more
      },
      results.keep(2));
  catalog->write(
      [](Connection& connection) -> Result<void> {
        MR_CHECK(insert("other half")(connection));
        return Error{Code::DataInvalid, "on second thought, no"};
      },
      results.keep(3));
  catalog->write(insert("after"), results.keep(4));
  gate.open();
  REQUIRE(results.wait_for(5));
  CHECK(results[1].ok());
  REQUIRE_FALSE(results[2].ok());
  CHECK(results[2].error().code == Code::Conflict);
  REQUIRE_FALSE(results[3].ok());
  CHECK(results[3].error().message == "on second thought, no");
  CHECK(results[4].ok());
  CHECK(count(*catalog) == 2);
  SECTION("and one that fails alone leaves nothing") {
    CHECK_FALSE(catalog
                    ->write_and_wait([](Connection& connection) -> Result<void> {
                      MR_CHECK(insert("alone")(connection));
                      return Error{Code::DataInvalid, "no"};
                    })
                    .ok());
    CHECK(count(*catalog) == 2);
    CHECK(catalog->write_and_wait(insert("alone")).ok());
    CHECK(count(*catalog) == 3);
  }
}

TEST_CASE("a full queue of writes refuses more at once and keeps what it has",
          "[catalog][group_commit]") {
  CatalogPlace place{SqlDialect::Sqlite};
  place.settings().max_queued_writes = 3;
  const auto catalog = place.open();
  Gate gate;
  Results results;
  catalog->write(gate.write(), results.keep(0));
  REQUIRE(gate.wait_until_entered());
  for (std::size_t i = 1; i <= 4; ++i)
    catalog->write(insert("key " + std::to_string(i)), results.keep(i));
  REQUIRE(results.wait_for(1));
  REQUIRE_FALSE(results[4].ok());
  CHECK(results[4].error().code == Code::Exhausted);
  gate.open();
  REQUIRE(results.wait_for(5));
  CHECK(count(*catalog) == 3);
}

TEST_CASE(
    "a queue of writes that hold too many bytes refuses more at once, but takes one large one",
    "[catalog][group_commit]") {
  CatalogPlace place{SqlDialect::Sqlite};
  place.settings().max_queued_write_bytes = 1'000;
  const auto catalog = place.open();
  Results results;
  catalog->write(insert("alone"), results.keep(0), 5'000);
  REQUIRE(results.wait_for(1));
  CHECK(results[0].ok());
  Gate gate;
  catalog->write(gate.write(), results.keep(1), 600);
  REQUIRE(gate.wait_until_entered());
  catalog->write(insert("fits"), results.keep(2), 400);
  CHECK(catalog->counters().queued_bytes == 1'000);
  catalog->write(insert("one byte more"), results.keep(3), 1);
  REQUIRE(results.wait_for(2));
  REQUIRE_FALSE(results[3].ok());
  CHECK(results[3].error().code == Code::Exhausted);
  gate.open();
  REQUIRE(results.wait_for(4));
  CHECK(count(*catalog) == 2);
  CHECK(catalog->write_and_wait(insert("later"), 1'000).ok());
}

TEST_CASE("closing the catalog finishes the writes that it has accepted",
          "[catalog][group_commit]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  Results results;
  {
    const auto catalog = place.open();
    for (std::size_t i = 0; i < 200; ++i)
      catalog->write(insert("key " + std::to_string(i)), results.keep(i));
  }
  REQUIRE(results.wait_for(200));
  CHECK(count(*place.open()) == 200);
}

TEST_CASE("what many threads write is all there, in fewer commits than writes",
          "[catalog][group_commit]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  std::vector<int> failed(8, 0);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < failed.size(); ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          if (!catalog->write_and_wait(insert(std::to_string(t) + "/" + std::to_string(i))).ok())
            ++failed[t];
        }
      });
    }
  }
  CHECK(failed == std::vector<int>(8, 0));
  CHECK(count(*catalog) == 400);
  CHECK(catalog->counters().writes == 400);
  CHECK(catalog->counters().commits < 400);
}

TEST_CASE("readers see what was committed while a write is open", "[catalog]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind};
  const auto catalog = place.open();
  must(catalog->write_and_wait(insert("one")));
  Gate gate;
  Results results;
  catalog->write(
      [hold = gate.write()](Connection& connection) -> Result<void> {
        MR_CHECK(insert("two")(connection));
        return hold(connection);
      },
      results.keep(0));
  REQUIRE(gate.wait_until_entered());
  CHECK(count(*catalog) == 1);
  gate.open();
  REQUIRE(results.wait_for(1));
  CHECK(count(*catalog) == 2);
}

// A connection whose COMMIT is obeyed, or not, before the answer is lost.
namespace {

struct Mishaps {
  int lose_before_commit = 0;
  int lose_after_commit = 0;
  int lose_in_commit = 0;  // the session lives on, with all of its locks, in `lost`
  int connects = 0;
  std::vector<std::unique_ptr<Connection>> lost{};
};

class MishapConnection final : public Connection {
 public:
  MishapConnection(Database& database, std::unique_ptr<Connection> inner, Mishaps& mishaps)
      : database_{database}, inner_{std::move(inner)}, mishaps_{mishaps} {}
  Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values) override {
    return inner_->query(sql, values);
  }
  Result<Changed> execute(std::string_view sql, const std::vector<SqlValue>& values) override {
    return inner_->execute(sql, values);
  }
  Result<std::int64_t> insert(std::string_view sql, const std::vector<SqlValue>& values) override {
    return inner_->insert(sql, values);
  }
  Result<void> run(std::string_view sql) override { return inner_->run(sql); }
  Result<void> begin() override { return inner_->begin(); }
  Result<void> rollback() override { return inner_->rollback(); }
  Result<void> commit() override {
    if (mishaps_.lose_in_commit > 0) {
      --mishaps_.lose_in_commit;
      // As with MySQL, which does not end it.
      must(inner_->run("SET SESSION idle_transaction_timeout = 0"));
      mishaps_.lost.push_back(std::exchange(inner_, must(database_.connect())));
      return Error{Code::Unavailable, "lost in between"};
    }
    if (mishaps_.lose_before_commit > 0) {
      --mishaps_.lose_before_commit;
      must(inner_->rollback());
      return Error{Code::Unavailable, "lost before"};
    }
    MR_CHECK(inner_->commit());
    if (mishaps_.lose_after_commit > 0) {
      --mishaps_.lose_after_commit;
      return Error{Code::Unavailable, "lost after"};
    }
    return {};
  }

 private:
  Database& database_;
  std::unique_ptr<Connection> inner_;
  Mishaps& mishaps_;
};

class MishapDatabase final : public Database {
 public:
  MishapDatabase(std::unique_ptr<Database> inner, Mishaps& mishaps)
      : inner_{std::move(inner)}, mishaps_{mishaps} {}
  Result<std::unique_ptr<Connection>> connect(Use use) override {
    ++mishaps_.connects;
    MR_TRY(auto inner, inner_->connect(use));
    return std::unique_ptr<Connection>{
        std::make_unique<MishapConnection>(*inner_, std::move(inner), mishaps_)};
  }
  [[nodiscard]] SqlDialect dialect() const override { return inner_->dialect(); }
  [[nodiscard]] std::string describe() const override { return inner_->describe(); }

 private:
  std::unique_ptr<Database> inner_;
  Mishaps& mishaps_;
};

}  // namespace

TEST_CASE("a lost session that keeps its locks does not hold up the writes behind it",
          "[catalog][group_commit]") {
  CatalogPlace place{SqlDialect::MySql};
  place.settings().busy_timeout = 1s;
  const auto catalog = place.open();  // makes the tables
  Mishaps mishaps;
  MishapDatabase database{place.database(), mishaps};
  {
    GroupCommit writer{database, system_clock(), {.patience = 500ms}};
    mishaps.lose_in_commit = 1;
    const auto first = writer.write_and_wait(insert("in doubt"), 0);
    REQUIRE_FALSE(first.ok());
    CHECK(first.error().code == Code::Unavailable);
    CHECK(first.error().message.find("not known") != std::string::npos);
    CHECK(writer.write_and_wait(insert("behind"), 0).ok());
  }
  mishaps.lost.clear();  // which undoes it
  CHECK(count(*catalog) == 1);
}

TEST_CASE("when the answer to a commit is lost, nothing is lost and nothing is doubled",
          "[catalog][group_commit]") {
  const CatalogPlace place{SqlDialect::MySql};
  const auto catalog = place.open();  // makes the tables
  Mishaps mishaps;
  MishapDatabase database{place.database(), mishaps};
  Results results;
  {
    GroupCommit writer{database, system_clock(), {}};
    std::size_t place_of_result = 0;
    const auto write_all = [&](int before, int after) {
      mishaps.lose_before_commit = before;
      mishaps.lose_after_commit = after;
      for (int i = 0; i < 5; ++i) {
        // Twice the same key would fail, so a doubled write shows as a failed one.
        const auto number = place_of_result++;
        writer.write(insert("key " + std::to_string(number)), results.keep(number));
      }
      REQUIRE(results.wait_for(place_of_result));
    };
    write_all(0, 0);
    write_all(2, 0);
    write_all(0, 2);
    write_all(1, 1);
    CHECK(writer.counters().retried >= 4);
  }
  for (std::size_t i = 0; i < 20; ++i) {
    INFO(i << (results[i].ok() ? std::string{} : results[i].error().message));
    CHECK(results[i].ok());
  }
  CHECK(count(*catalog) == 20);
}

TEST_CASE("a catalog keeps the name that was drawn when it was made", "[catalog]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const CatalogPlace place{kind}, other{kind};
  const std::string name{place.open()->installation()};
  CHECK(name.size() == 16);
  CHECK(place.open()->installation() == name);
  CHECK(other.open()->installation() != name);
}
