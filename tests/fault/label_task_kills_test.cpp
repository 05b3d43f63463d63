// A task of a real server over a real MariaDB, both of which are killed while rows are labelled and
// while the production tables are made.
#include <algorithm>
#include <chrono>
#include <random>
#include <string>
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

using SteadyClock = std::chrono::steady_clock;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

constexpr std::uint64_t kUsualRows = 200'000, kUsualKills = 3;

enum class Victim { Server, Database };

// How long a task takes that nobody disturbs, and what there is to label.
struct Undisturbed {
  std::int64_t labelled = 0;  // rows
  milliseconds labelling{0}, production{0};
};

template <class Condition>
void wait_for(const char* what, const Condition& is_met) {
  const auto deadline = SteadyClock::now() + 10min;
  while (!is_met()) {
    INFO(what);
    REQUIRE(SteadyClock::now() < deadline);
    std::this_thread::sleep_for(5ms);
  }
}

Undisturbed run_undisturbed(LabelPlace& place) {
  const auto server = place.serve();
  place.create(*server);
  const auto begun = SteadyClock::now();
  wait_for("rows are labelled", [&] { return place.state("stat") != "PENDING"; });
  const auto labelled = SteadyClock::now();
  place.wait_until_ended();
  const Undisturbed run{place.labelled(), duration_cast<milliseconds>(labelled - begun),
                        duration_cast<milliseconds>(SteadyClock::now() - labelled)};
  CHECK(server->terminate() == 0);
  return run;
}

// The task and those who work on it, of whom one after the other is killed and started again.
class KilledTask {
 public:
  KilledTask(const Posts& posts, std::mt19937_64::result_type seed)
      : place_{posts}, random_{seed}, server_{place_.serve()} {
    place_.create(*server_);
  }

  // Kills at random shares of the way, in their order: as soon as so many rows are labelled for
  // good, or as much time is over as they would take from those that were when the last victim was
  // back. Rows come in transactions of a second, which may be all that a small table takes.
  void kill_while_labelling(const std::vector<Victim>& victims, const Undisturbed& quiet) {
    std::vector<std::int64_t> marks;  // in rows
    for (std::size_t i = 0; i < victims.size(); ++i) marks.push_back(up_to(quiet.labelled - 1));
    std::sort(marks.begin(), marks.end());
    for (std::size_t i = 0; i < victims.size(); ++i) {
      const auto missing = std::max<std::int64_t>(marks[i] - place_.labelled(), 0);
      const auto until = SteadyClock::now() + quiet.labelling * missing / quiet.labelled;
      wait_for("rows are labelled", [&] {
        return SteadyClock::now() >= until || place_.labelled() >= marks[i] ||
               place_.state("stat") != "PENDING";
      });
      kill(victims[i]);
    }
  }

  // Kills at random moments of what the production takes, which begins anew each time: early ones
  // first, so that the last one alone may come when all is done.
  void kill_while_producing(const std::vector<Victim>& victims, milliseconds production) {
    std::vector<std::int64_t> moments;
    for (std::size_t i = 0; i < victims.size(); ++i) moments.push_back(up_to(production.count()));
    std::sort(moments.begin(), moments.end());
    wait_for("all rows are labelled", [&] { return place_.state("stat") != "PENDING"; });
    for (std::size_t i = 0; i < victims.size(); ++i) {
      std::this_thread::sleep_for(milliseconds{moments[i]});
      kill(victims[i]);
    }
  }

  // Returns the place when nothing more can happen to it.
  LabelPlace& end() {
    place_.wait_until_ended();
    CHECK(server_->terminate() == 0);
    return place_;
  }

  // Kills by the stage that they hit.
  [[nodiscard]] int labelling() const { return labelling_; }
  [[nodiscard]] int producing() const { return producing_; }

 private:
  std::int64_t up_to(std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>{0, std::max<std::int64_t>(most, 0)}(random_);
  }

  void kill(Victim victim) {
    if (place_.state("stat") == "PENDING") {
      ++labelling_;
    } else if (!place_.is_ended()) {
      ++producing_;
    }
    if (victim == Victim::Server) {
      server_->kill();
      server_ = place_.serve();
    } else {
      MariaDb::shared().kill();
      std::this_thread::sleep_for(milliseconds{up_to(500)});
      MariaDb::shared().start();
    }
  }

  LabelPlace place_;
  std::mt19937_64 random_;
  std::unique_ptr<ServerProcess> server_;
  int labelling_ = 0, producing_ = 0;
};

// So many of both, in a random order.
std::vector<Victim> victims(std::uint64_t of_each, std::mt19937_64& random) {
  std::vector<Victim> all(of_each, Victim::Server);
  all.insert(all.end(), of_each, Victim::Database);
  std::shuffle(all.begin(), all.end(), random);
  return all;
}

}  // namespace

// MILLRACE_ROWS, MILLRACE_KILLS and MILLRACE_SEED make it larger, or the same as another time.
TEST_CASE(
    "a task whose server and database are killed ends with the rows of one that nobody killed",
    "[fault][label_kills]") {
  const auto kills = number_of("MILLRACE_KILLS", kUsualKills);
  const auto seed = number_of("MILLRACE_SEED", std::random_device{}() + std::uint64_t{1});
  WARN("seed " << seed);
  std::mt19937_64 random{seed};
  const auto posts = Posts::generated(number_of("MILLRACE_ROWS", kUsualRows));
  LabelPlace quiet{posts};
  const auto undisturbed = run_undisturbed(quiet);
  REQUIRE(quiet.state("stat") == "SUCCESS");
  REQUIRE(quiet.state("prod_stat") == "finish");
  REQUIRE(undisturbed.labelled > 0);
  WARN("undisturbed " << undisturbed.labelling.count() << " ms and "
                      << undisturbed.production.count() << " ms");

  KilledTask task{posts, random()};
  const auto while_producing = (kills + 1) / 3;
  task.kill_while_labelling(victims(kills - while_producing, random), undisturbed);
  task.kill_while_producing(victims(while_producing, random), undisturbed.production);
  const LabelPlace& place = task.end();

  WARN("kills while labelling " << task.labelling() << ", while producing " << task.producing());
  INFO(place.state("error_message"));
  REQUIRE(place.state("stat") == "SUCCESS");
  REQUIRE(place.state("prod_stat") == "finish");
  const auto differences = compare_schemas(quiet.database(), place.database());
  INFO(fmt::format("{}", fmt::join(differences.first, "\n")));
  CHECK(differences.apart == 0);
  CHECK(differences.rows > undisturbed.labelled);
  CHECK(task.labelling() > 0);
}

TEST_CASE("a task that was aborted stays so when its server is killed right behind",
          "[fault][label_kills]") {
  constexpr std::uint64_t kSlowWindows = 4'000;  // more than one transaction, in any build
  const auto posts = Posts::slow(kSlowWindows);
  LabelPlace place{posts};
  auto server = place.serve();
  place.create(*server);
  wait_for("rows are labelled", [&] { return place.labelled() > 0; });
  REQUIRE(place.state("stat") == "PENDING");
  const auto aborted =
      place.ask(*server, "POST", "/audience/tasks/abort/", Json{{"TASK_ID", place.task()}}.dump());
  server->kill();
  REQUIRE(aborted);
  CHECK(aborted->body.value("error_code", 0) == 200);
  REQUIRE(place.state("stat") == "BREAK");
  const auto labelled = place.labelled();
  CHECK(labelled < static_cast<std::int64_t>(kSlowWindows));

  server = place.serve();
  wait_for("its jobs end", [&] {
    const auto jobs = place.ask(*server, "GET", "/jobs?limit=100");
    REQUIRE(jobs);
    for (const auto& job : jobs->body.at("items")) {
      const auto& state = job.at("state");
      if (state != "aborted" && state != "finished" && state != "failed") return false;
    }
    return true;
  });
  CHECK(place.state("stat") == "BREAK");
  CHECK(place.state("prod_stat") == "NULL");
  CHECK(place.state("length_receive_table") == "NULL");
  CHECK(place.state("error_message") == "NULL");
  CHECK(place.state("result") == "Ptt");
  CHECK(place.labelled() == labelled);
  CHECK(place.produced() == 0);
  CHECK(server->terminate() == 0);
}
