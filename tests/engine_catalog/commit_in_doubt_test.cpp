// A COMMIT whose answer is lost while the server still holds it.
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/catalog/catalog.hpp"
#include "tests/engine_catalog/writes.hpp"
#include "tests/fixtures/catalog_place.hpp"
#include "tests/fixtures/mariadb.hpp"
#include "tests/fixtures/tcp_proxy.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::chrono_literals;
using test::CatalogPlace;
using test::Gate;
using test::MariaDb;
using test::must;
using test::TcpProxy;

namespace {

using SteadyClock = std::chrono::steady_clock;

// Holds every COMMIT of the server, as a backup does.
class Backup {
 public:
  explicit Backup(Connection& administrator) : administrator_{administrator} {
    must(administrator_.run("BACKUP STAGE START"));
    must(administrator_.run("BACKUP STAGE BLOCK_COMMIT"));
  }
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;
  ~Backup() { static_cast<void>(administrator_.run("BACKUP STAGE END")); }

 private:
  Connection& administrator_;
};

// Waits until a session is held in COMMIT, or is at the row of a writer's mark.
constexpr std::string_view kInCommit = "state = 'Waiting for backup lock'";
constexpr std::string_view kAtMark = "info LIKE '%writer_marks%'";

void wait_for_session(Connection& administrator, const std::string& database,
                      std::string_view which) {
  const auto deadline = SteadyClock::now() + 60s;
  while (true) {
    const auto rows = must(administrator.query(
        fmt::format("SELECT COUNT(*) FROM information_schema.processlist WHERE db = ? AND {}",
                    which),
        {database}));
    if (integer(rows.rows.at(0).at(0)) > 0) return;
    REQUIRE(SteadyClock::now() < deadline);
    std::this_thread::yield();
  }
}

struct Counts {
  std::int64_t rows = 0, written = 0;
};

// Adds one row in each round, whose COMMIT is held, cut off from its client, and then let go.
Counts run_rounds(int rounds, bool is_first_write) {
  CatalogPlace place{SqlDialect::MySql};
  const auto& address = place.settings().address;
  const auto database = address.substr(address.rfind('/') + 1);
  const auto administrator = MariaDb::shared().administrator();
  {
    const auto catalog = place.open();  // makes the tables
    must(place.connect()->run("CREATE TABLE made (round BIGINT NOT NULL)"));
  }
  TcpProxy proxy{MariaDb::shared().port()};
  place.settings().address =
      fmt::format("mysql://millrace@127.0.0.1:{}/{}", proxy.port(), database);
  place.settings().patience = 60s;
  auto catalog = place.open();
  Counts counts;
  for (std::int64_t round = 0; round < rounds; ++round) {
    if (is_first_write) catalog = place.open();  // a writer that has committed nothing yet
    Gate gate;
    auto written = std::async(std::launch::async, [&catalog, round, hold = gate.write()] {
      return catalog->write_and_wait([round, &hold](Connection& connection) -> Result<void> {
        MR_CHECK(hold(connection));
        MR_CHECK(connection.execute("INSERT INTO made (round) VALUES (?)", {round}));
        return {};
      });
    });
    REQUIRE(gate.wait_until_entered());
    {
      const Backup backup{*administrator};
      gate.open();
      wait_for_session(*administrator, database, kInCommit);
      proxy.cut();
      wait_for_session(*administrator, database, kAtMark);  // its successor asks, or repeats
    }
    counts.written += written.get().ok() ? 1 : 0;
    proxy.end_lost();
  }
  const auto rows = must(administrator->query("SELECT COUNT(*) FROM " + database + ".made"));
  counts.rows = integer(rows.rows.at(0).at(0));
  return counts;
}

}  // namespace

TEST_CASE("a write whose COMMIT is held while its connection is cut is made once",
          "[catalog][group_commit]") {
  const bool is_first_write = GENERATE(false, true);
  const auto counts = run_rounds(3, is_first_write);
  CHECK(counts.written == 3);
  CHECK(counts.rows == 3);
}

TEST_CASE("200 writes whose COMMIT is held while their connection is cut are made once each",
          "[.long]") {
  const auto counts = run_rounds(200, false);
  fmt::print("commits in doubt: {} written, {} rows\n", counts.written, counts.rows);
  CHECK(counts.written == 200);
  CHECK(counts.rows == 200);
}
