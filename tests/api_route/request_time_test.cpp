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

// Where requests stay until they are let go.
class Gate {
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
  Gate gate;
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
