// Two real servers at one catalog, one store and one database of results. That which has the task
// is frozen amid a transaction, for so long that the other one takes over, and then goes on.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fault/label_place.hpp"
#include "tests/fault/schema_differences.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

using FreezeClock = std::chrono::steady_clock;

constexpr std::uint64_t kFrozenRows = 20'000, kUsualFreezes = 2;
constexpr std::chrono::seconds kShortLease{2};
// MariaDB reads its transactions anew when nobody has asked for them for 100 ms.
constexpr std::chrono::milliseconds kLook{150};

// Which transaction stands still: that which appends labelled rows, or that which writes the
// production tables.
enum class Stage { Labelling, Producing };

template <class Condition>
void await(const char* what, const Condition& is_so) {
  const auto deadline = FreezeClock::now() + 2min;
  while (!is_so()) {
    INFO(what);
    REQUIRE(FreezeClock::now() < deadline);
    std::this_thread::sleep_for(kLook);
  }
}

// A database with a question for it.
class Asked {
 public:
  explicit Asked(const sql::Settings& database) : connection_{sql::connect(database)} {}
  std::int64_t count(std::string_view query) {
    return sql::integer(connection_->query(query).rows.at(0).at(0));
  }
  sql::Connection& connection() { return *connection_; }

 private:
  std::unique_ptr<sql::Connection> connection_;
};

// The port from which somebody has a transaction with rows that nobody else sees yet, and which
// waits for a lock; 0: nobody.
std::uint16_t waiting_client(Asked& database) {
  return static_cast<std::uint16_t>(database.count(
      "SELECT COALESCE(MAX(SUBSTRING_INDEX(HOST, ':', -1)), '0') + 0 FROM "
      "information_schema.INNODB_TRX JOIN information_schema.PROCESSLIST ON ID = "
      "trx_mysql_thread_id WHERE trx_rows_modified > 1 AND trx_state = 'LOCK WAIT'"));
}

// Whether a process has a connection from that port of this machine. A line of /proc/net/tcp has
// the number of the socket behind the two addresses (hexadecimal) and seven more words.
bool has_connection(pid_t process, std::uint16_t port) {
  std::ifstream sockets{"/proc/net/tcp"};
  const auto ours = fmt::format("0100007F:{:04X}", port);
  std::string line, socket;
  while (std::getline(sockets, line)) {
    std::istringstream words{line};
    const std::vector<std::string> parts{std::istream_iterator<std::string>{words}, {}};
    if (parts.size() > 9 && parts[1] == ours) socket = "socket:[" + parts[9] + "]";
  }
  for (const auto& file :
       std::filesystem::directory_iterator{fmt::format("/proc/{}/fd", process)}) {
    std::error_code gone;
    if (!socket.empty() && std::filesystem::read_symlink(file, gone) == socket) return true;
  }
  return false;
}

// Two servers, of which each can do the other's work.
class Pair {
 public:
  explicit Pair(const Posts& posts)
      : place_{posts}, catalog_at_{MariaDb::shared().fresh_schema()}, catalog_{catalog_at_} {
    for (std::size_t i = 0; i < std::size(servers_); ++i) {
      servers_[i] =
          place_.serve(kNames[i], {"--catalog", catalog_at_.address.describe(),
                                   "--catalog-password-file", MariaDb::shared().password_file(),
                                   "--store", (place_.folder() / "store").string(), "--lease",
                                   std::to_string(kShortLease.count())});
    }
    place_.create(*servers_[0], kNames[0]);
  }

  // Freezes whoever has the task, within the transaction that writes the rows of a stage: in each
  // of them the row of the task in `state` is asked for when all rows are in their tables, and here
  // it is to be had as soon as nobody is there to go on.
  void freeze(Stage stage) {
    if (stage == Stage::Producing)
      await("all rows are labelled", [&] { return place_.state("stat") == "SUCCESS"; });
    Asked lock{place_.database()};
    lock.connection().begin();
    REQUIRE(lock.count("SELECT COUNT(*) FROM state FOR UPDATE") == 1);
    const ServerProcess& frozen = freeze_waiting();
    const auto until = FreezeClock::now() + 3 * kShortLease;
    lock.connection().rollback();
    std::this_thread::sleep_until(until);
    ::kill(frozen.process(), SIGCONT);
  }

  // Returns the place when nothing more can happen to it.
  const LabelPlace& end() {
    place_.wait_until_ended();
    for (const auto& server : servers_) CHECK(server->terminate() == 0);
    return place_;
  }

  // Attempts that were taken from another server.
  std::int64_t takeovers() {
    return catalog_.count("SELECT COALESCE(SUM(token - 1), 0) FROM jobs WHERE token > 1");
  }
  // Jobs whose end was written more often than once.
  std::int64_t ended_twice() {
    return catalog_.count(
        "SELECT COUNT(*) FROM (SELECT job_id FROM job_events WHERE kind IN ('finished', 'failed', "
        "'aborted') GROUP BY job_id HAVING COUNT(*) > 1) AS doubled");
  }

 private:
  // Whoever waits may have given up before it was frozen, on a machine that is busy.
  const ServerProcess& freeze_waiting() {
    Asked looks{place_.database()};
    const ServerProcess* frozen = nullptr;
    await("a server is frozen within a transaction", [&] {
      const auto client = waiting_client(looks);
      if (client == 0) return false;
      frozen = servers_[has_connection(servers_[0]->process(), client) ? 0 : 1].get();
      ::kill(frozen->process(), SIGSTOP);
      std::this_thread::sleep_for(kLook);
      if (waiting_client(looks) == client) return true;
      ::kill(frozen->process(), SIGCONT);
      return false;
    });
    return *frozen;
  }

  static constexpr const char* kNames[] = {"left", "right"};

  LabelPlace place_;
  sql::Settings catalog_at_;
  Asked catalog_;
  std::unique_ptr<ServerProcess> servers_[2];
};

}  // namespace

// MILLRACE_FREEZES makes it longer.
TEST_CASE(
    "a server that was frozen within a transaction of a task adds nothing to what another made",
    "[fault][label_freezes]") {
  const auto freezes = number_of("MILLRACE_FREEZES", kUsualFreezes);
  const auto posts = Posts::generated(kFrozenRows, std::chrono::seconds{1});
  LabelPlace quiet{posts};
  {
    const auto server = quiet.serve();
    quiet.create(*server);
    quiet.wait_until_ended();
    REQUIRE(quiet.state("prod_stat") == "finish");
    CHECK(server->terminate() == 0);
  }
  for (std::uint64_t round = 0; round < freezes; ++round) {
    INFO("round " << round);
    Pair pair{posts};
    pair.freeze(round % 2 == 0 ? Stage::Labelling : Stage::Producing);
    const LabelPlace& place = pair.end();
    const auto differences = compare_schemas(quiet.database(), place.database());
    INFO(fmt::format("{}", fmt::join(differences.first, "\n")));
    CHECK(differences.apart == 0);
    CHECK(differences.rows > quiet.labelled());
    CHECK(pair.takeovers() > 0);
    CHECK(pair.ended_twice() == 0);
  }
}
