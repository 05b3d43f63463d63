// How long a request of the inline lane may take, and whose threads it takes.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/api_route/place.hpp"

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using api::Bound;
using api::Caller;
using api::Mount;
using api::Route;
using api::TranslateResult;
using http::Method;

namespace {

constexpr std::string_view kEveryJob = R"({
  "ops": [{"name": "jobs", "type": "input.catalog", "postOps": ["reply"],
           "params": {"entity": "jobs", "columns": ["id", "name"], "order": ["id"]}},
          {"name": "reply", "type": "output.reply", "preOps": ["jobs"]}]})";

// Where requests of the tests stay until they are let go.
class Turnstile {
 public:
  void pass() {
    std::unique_lock lock{mutex_};
    ++inside_;
    changed_.notify_all();
    changed_.wait_for(lock, 60s, [this] { return is_open_; });
  }
  bool wait_for(int inside) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 20s, [&] { return inside_ >= inside; });
  }
  [[nodiscard]] int inside() {
    const std::lock_guard lock{mutex_};
    return inside_;
  }
  void open() {
    const std::lock_guard lock{mutex_};
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int inside_ = 0;
  bool is_open_ = false;
};

Route timed_route(std::string path, std::function<void()> before) {
  return {.method = Method::Get,
          .path = std::move(path),
          .name = "list",
          .summary = "",
          .auth = api::Auth::Open,
          .translate = [before = std::move(before)](const api::Call&) -> TranslateResult {
            if (before) before();
            return Bound{};
          }};
}

// Sends a request whose answer nobody waits for here.
void send(const Mount& mount, std::string path, std::vector<std::future<int>>& statuses) {
  auto request = std::make_shared<http::Request>();
  request->target = request->path = std::move(path);
  const auto promise = std::make_shared<std::promise<int>>();
  statuses.push_back(promise->get_future());
  mount.handle(std::move(request),
               [promise](const http::Response& response) { promise->set_value(response.status); });
}

}  // namespace

TEST_CASE("a request that takes longer than it may is told so, and others are not",
          "[route][request_time]") {
  Place place;
  place.write_pipeline("sample/list", kEveryJob);
  REQUIRE(place.look().ok());
  auto slow = timed_route("/slow", [] {
    const auto until = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
  });
  auto patient = slow;
  patient.path = "/patient";
  slow.time = 5ms;
  const auto mount = Mount::open(sample_dialect({slow, patient}), *place.surroundings);
  REQUIRE(mount.ok());
  const auto refused = ask(**mount, Method::Get, "/slow");
  CHECK(refused.status == 504);
  CHECK(body_of(refused) ==
        "deadline|deadline_exceeded|0|this has not been done within 0.005 s: stopped at its "
        "deadline");
  CHECK(ask(**mount, Method::Get, "/patient").status == 200);
}

TEST_CASE("requests that hash passwords queue for threads of their own, and not too many",
          "[route][request_time]") {
  Place place;
  place.write_pipeline("sample/list", kEveryJob);
  REQUIRE(place.look(2).ok());
  Turnstile gate;
  auto login = timed_route("/login", [&gate] { gate.pass(); });
  login.hashes_password = true;
  const auto mount =
      Mount::open(sample_dialect({login, timed_route("/list", {})}), *place.surroundings);
  REQUIRE(mount.ok());
  std::vector<std::future<int>> logins;
  for (int i = 0; i < 2; ++i) send(**mount, "/login", logins);
  REQUIRE(gate.wait_for(2));
  for (int i = 0; i < 2; ++i) send(**mount, "/login", logins);
  const auto refused = ask(**mount, Method::Get, "/login");
  CHECK(refused.status == 503);
  CHECK(std::find(refused.headers.begin(), refused.headers.end(),
                  std::pair<std::string, std::string>{"Retry-After", "3"}) !=
        refused.headers.end());
  // Both threads of the control pool are free.
  CHECK(ask(**mount, Method::Get, "/list").status == 200);
  CHECK(gate.inside() == 2);
  gate.open();
  for (auto& status : logins) CHECK(status.get() == 200);
}

TEST_CASE("so many requests ask databases at a time, on threads of their own, and no more",
          "[route][request_time]") {
  Place place;
  place.write_pipeline("sample/list", kEveryJob);
  REQUIRE(place.look().ok());
  Turnstile turnstile;
  auto asking = timed_route("/asking", [&turnstile] { turnstile.pass(); });
  asking.asks_database = true;
  const auto mount =
      Mount::open(sample_dialect({asking, timed_route("/list", {})}), *place.surroundings);
  REQUIRE(mount.ok());
  auto& gate = *place.database_gate;
  std::vector<std::future<int>> asked;
  for (std::size_t i = 0; i < Place::kDatabaseRequests; ++i) send(**mount, "/asking", asked);
  REQUIRE(turnstile.wait_for(Place::kDatabaseRequests));
  CHECK(gate.inside() == Place::kDatabaseRequests);
  const auto refused = ask(**mount, Method::Get, "/asking");
  CHECK(refused.status == 503);
  CHECK(body_of(refused).starts_with("busy|unavailable|0|2 requests ask databases"));
  CHECK(std::find(refused.headers.begin(), refused.headers.end(),
                  std::pair<std::string, std::string>{"Retry-After", "3"}) !=
        refused.headers.end());
  CHECK(gate.refused() == 1);
  CHECK(ask(**mount, Method::Get, "/list").status == 200);
  turnstile.open();
  for (auto& status : asked) CHECK(status.get() == 200);
  // Whoever has been answered has left.
  for (int i = 0; i < 100; ++i) {
    REQUIRE(ask(**mount, Method::Get, "/asking").status == 200);
    REQUIRE(gate.inside() == 0);
  }
}

TEST_CASE("a request for a database leaves when its answer waits for a job, and then comes",
          "[route][request_time]") {
  Place place;
  place.write_pipeline("sample/wait", R"({
    "ops": [{"name": "once", "type": "input.values", "postOps": ["reply"], "params": {"columns": {"a": [1]}}},
            {"name": "reply", "type": "output.reply", "preOps": ["once"]}]})");
  REQUIRE(place.look().ok());
  Route route{.method = Method::Post,
              .path = "/wait",
              .name = "wait",
              .summary = "",
              .lane = api::Lane::Awaited,
              .auth = api::Auth::Open};
  route.asks_database = true;
  const auto mount = Mount::open(sample_dialect({route}), *place.surroundings);
  REQUIRE(mount.ok());
  auto& gate = *place.database_gate;
  std::vector<std::future<int>> asked;
  for (std::size_t i = 0; i < Place::kDatabaseRequests; ++i) {
    auto request = std::make_shared<http::Request>();
    request->method = Method::Post;
    request->target = request->path = "/wait";
    const auto promise = std::make_shared<std::promise<int>>();
    asked.push_back(promise->get_future());
    (*mount)->handle(std::move(request), [promise](const http::Response& response) {
      promise->set_value(response.status);
    });
  }
  // No job runs before the engine is started, so all of them wait, without a thread.
  CHECK(ask(**mount, Method::Post, "/wait").status == 503);
  CHECK(gate.inside() == Place::kDatabaseRequests);
  REQUIRE(place.engine->start().ok());
  for (auto& status : asked) CHECK(status.get() == 200);
  CHECK(gate.inside() == 0);
}

TEST_CASE("a place is left once, and a gate may go before it", "[route][request_time]") {
  auto gate = std::make_unique<api::Gate>(1);
  auto place = gate->enter();
  REQUIRE(place);
  CHECK_FALSE(gate->enter());
  place->leave();
  place->leave();
  CHECK(gate->inside() == 0);
  const auto other = gate->enter();
  REQUIRE(other);
  place.reset();
  CHECK(gate->inside() == 1);
  gate.reset();
}

TEST_CASE("a route that asks a database words what took too long too", "[route][request_time]") {
  Place place;
  place.write_pipeline("sample/list", kEveryJob);
  REQUIRE(place.look().ok());
  auto slow = timed_route("/slow", [] {});
  slow.asks_database = true;
  slow.time = 5ms;
  slow.translate = [](const api::Call&) -> TranslateResult {
    const auto until = std::chrono::steady_clock::now() + 20ms;
    while (std::chrono::steady_clock::now() < until) std::this_thread::yield();
    Bound bound;
    bound.refuse = [](const Error& why) {
      return api::refusal(Code::Unavailable, "own", "so it is: " + why.message);
    };
    return bound;
  };
  const auto mount = Mount::open(sample_dialect({slow}), *place.surroundings);
  REQUIRE(mount.ok());
  CHECK(body_of(ask(**mount, Method::Get, "/slow")) ==
        "own|unavailable|0|so it is: this has not been done within 0.005 s: stopped at its "
        "deadline");
}
