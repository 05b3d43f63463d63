// A real mariadbd that goes away under a real server, and comes back.
#include <chrono>
#include <future>
#include <map>
#include <set>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/mariadb.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

constexpr int kJobs = 12, kPictures = 24, kCopies = 3;

// The server over a database, with what it was asked for.
class Mill {
 public:
  explicit Mill(const DatabaseSettings& database)
      : data_{folder_ / "data"},
        server_{
            make_data(),
            {"--catalog", database.address, "--catalog-password-file", database.password_file}} {}

  std::optional<Answer> talk(const std::string& method, const std::string& target,
                             const std::string& body = {}) {
    return ask(server_, data_, method, target, body);
  }
  // Submits job `number`; notes what was promised.
  std::optional<Answer> submit(int number) {
    const auto answer = talk("POST", "/jobs", turn_pictures(number, kCopies).dump());
    if (answer && answer->status == 202) ledger_[number] = answer->body.at("id");
    return answer;
  }
  // The states of the jobs that were promised; empty when the catalog cannot be read.
  std::multiset<std::string> states() {
    const auto listed = talk("GET", "/jobs?limit=500");
    std::multiset<std::string> states;
    if (!listed || listed->status != 200) return states;
    for (const Json& job : listed->body.at("items")) states.insert(job.at("state"));
    return states;
  }
  // Every job that was promised is there once, finished once, and whole.
  void check_all_finished() {
    const auto deadline = std::chrono::steady_clock::now() + 3min;
    while (states().count("finished") < ledger_.size()) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(50ms);
    }
    const auto listed = talk("GET", "/jobs?limit=500");
    REQUIRE(listed);
    std::set<std::int64_t> promised, known;
    for (const auto& [number, id] : ledger_) promised.insert(id);
    for (const Json& job : listed->body.at("items")) known.insert(job.at("id").get<std::int64_t>());
    CHECK(promised.size() == ledger_.size());
    CHECK(known == promised);
    const std::string wanted = output_hash(store(), ledger_.begin()->first);
    for (const auto& [number, id] : ledger_) {
      INFO("job " << number);
      CHECK(output_hash(store(), number) == wanted);
      const auto list = read_file(store() / fmt::format("z0/out/{}.jsonlist", number));
      CHECK(std::count(list.begin(), list.end(), '\n') == kPictures * kCopies);
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator{store()}) {
      INFO(entry.path());
      CHECK(entry.path().extension() != ".partial");
    }
  }
  ServerProcess& server() { return server_; }

 private:
  [[nodiscard]] std::filesystem::path store() const { return data_ / "store"; }
  std::filesystem::path make_data() {
    write_pictures(store(), kPictures);
    return data_;
  }

  TemporaryFolder folder_;
  std::filesystem::path data_;
  ServerProcess server_;
  std::map<int, std::int64_t> ledger_;  // what we asked for -> the job that we were promised
};

}  // namespace

TEST_CASE("a database that dies under jobs and comes back loses none and doubles none",
          "[fault][outage]") {
  auto& database = MariaDb::shared();
  Mill mill{database.fresh_database()};
  for (int number = 0; number < kJobs; ++number) {
    const auto answer = mill.submit(number);
    REQUIRE(answer);
    INFO(answer->body.dump());
    REQUIRE(answer->status == 202);
  }
  const auto deadline = std::chrono::steady_clock::now() + 1min;
  while (mill.states().count("queued") > kJobs - 2) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(5ms);
  }
  database.kill();

  // A submission waits for the database as long as that is worth it, and is then told why not.
  for (int number = kJobs; number < kJobs + 2; ++number) {
    const auto refused = mill.submit(number);
    REQUIRE(refused);
    INFO(refused->body.dump());
    CHECK(refused->status == 503);
    CHECK(refused->body.at("error").at("code") == "unavailable");
    const auto message = refused->body.at("error").at("message").get<std::string>();
    CHECK(message.find("127.0.0.1:" + std::to_string(database.port())) != std::string::npos);
    CHECK(message.find("loopback-only") == std::string::npos);  // its password
  }
  const auto read = mill.talk("GET", "/jobs/1");
  REQUIRE(read);
  CHECK(read->status == 503);
  const auto live = mill.talk("GET", "/livez");
  REQUIRE(live);
  CHECK(live->status == 200);
  const auto ready = mill.talk("GET", "/readyz");
  REQUIRE(ready);
  CHECK(ready->status == 503);

  database.start();
  for (int number = kJobs; number < kJobs + 2; ++number) {
    const auto again = mill.submit(number);  // with the same key
    REQUIRE(again);
    INFO(again->body.dump());
    CHECK(again->status == 202);
  }
  mill.check_all_finished();
  CHECK(mill.server().terminate() == 0);
}

TEST_CASE("a submission waits for a database that is away for a moment", "[fault][outage]") {
  auto& database = MariaDb::shared();
  Mill mill{database.fresh_database()};
  REQUIRE(mill.submit(0));
  database.kill();
  auto waiting = std::async(std::launch::async, [&mill] { return mill.submit(1); });
  database.start();
  const auto answer = waiting.get();
  REQUIRE(answer);
  INFO(answer->body.dump());
  CHECK(answer->status == 202);
  mill.check_all_finished();
  CHECK(mill.server().terminate() == 0);
}

TEST_CASE("a database that hangs leaves no request without an answer", "[fault][outage]") {
  using SteadyClock = std::chrono::steady_clock;
  auto& database = MariaDb::shared();
  Mill mill{database.fresh_database()};
  REQUIRE(mill.submit(0));
  struct Frost {  // thaws it, whatever becomes of the test
    explicit Frost(MariaDb& frozen) : server{frozen} { server.freeze(); }
    Frost(const Frost&) = delete;
    Frost& operator=(const Frost&) = delete;
    ~Frost() { server.thaw(); }
    MariaDb& server;
  };
  {
    const Frost frost{database};
    std::vector<std::future<std::optional<Answer>>> asked;
    for (int i = 0; i < 12; ++i)  // more than the server has threads for requests
      asked.push_back(
          std::async(std::launch::async, [&mill] { return mill.talk("GET", "/jobs/1"); }));
    auto submitted = std::async(std::launch::async, [&mill] {
      return mill.talk("POST", "/jobs", turn_pictures(1, kCopies).dump());
    });
    for (int i = 0; i < 3; ++i) {
      const auto began = SteadyClock::now();
      const auto ready = mill.talk("GET", "/readyz");
      CHECK(SteadyClock::now() - began < 5s);  // two, on a machine that does nothing else
      REQUIRE(ready);
      INFO(ready->body.dump());
      CHECK(ready->status == 503);
      CHECK(ready->body.at("catalog") != "ok");
      CHECK(ready->body.at("store") == "ok");
      const auto live = mill.talk("GET", "/livez");
      REQUIRE(live);
      CHECK(live->status == 200);
    }
    for (auto& read : asked) {
      const auto answer = read.get();  // a client of ours waits for a minute
      REQUIRE(answer);
      CHECK(answer->status == 503);
    }
    const auto answer = submitted.get();
    REQUIRE(answer);
    INFO(answer->body.dump());
    CHECK(answer->status == 503);
  }
  const auto deadline = SteadyClock::now() + 1min;
  std::optional<Answer> ready;
  do {
    REQUIRE(SteadyClock::now() < deadline);
    ready = mill.talk("GET", "/readyz");
  } while (!ready || ready->status != 200);
  mill.check_all_finished();
  CHECK(mill.server().terminate() == 0);
}
