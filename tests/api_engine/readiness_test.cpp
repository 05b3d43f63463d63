#include "api/engine/readiness.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"

using namespace millrace;
using namespace millrace::api;
using namespace std::chrono_literals;

namespace {

// Replies, as they come.
class Replies {
 public:
  http::Reply take() {
    return [this](http::Response response) {
      const std::lock_guard lock{mutex_};
      responses_.push_back(std::move(response));
      changed_.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, 30s, [&] { return responses_.size() >= count; });
  }
  bool has(std::size_t count) {
    const std::lock_guard lock{mutex_};
    return responses_.size() >= count;
  }
  int status(std::size_t place) { return responses_.at(place).status; }
  std::string text(std::size_t place) { return std::get<std::string>(responses_.at(place).body); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<http::Response> responses_;
};

// A check that hangs until it is let go.
class Hanging {
 public:
  std::string check() {
    std::unique_lock lock{mutex_};
    ++calls_;
    changed_.wait(lock, [this] { return is_free_; });
    return "ok";
  }
  void let_go() {
    const std::lock_guard lock{mutex_};
    is_free_ = true;
    changed_.notify_all();
  }
  int calls() {
    const std::lock_guard lock{mutex_};
    return calls_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_free_ = false;
  int calls_ = 0;
};

}  // namespace

TEST_CASE("a server is ready when all of its parts are ok", "[api][engine][readiness]") {
  Replies replies;
  std::atomic<bool> is_full{false};
  Readiness readiness{{{"catalog", [] { return "ok"; }},
                       {"store", [&is_full] { return is_full ? "the disk is full" : "ok"; }}}};
  readiness.answer(replies.take());
  REQUIRE(replies.wait_for(1));
  CHECK(replies.status(0) == 200);
  CHECK(replies.text(0) == R"({"status":"ready","catalog":"ok","store":"ok"})");
  is_full = true;
  readiness.answer(replies.take());
  REQUIRE(replies.wait_for(2));
  CHECK(replies.status(1) == 503);
  CHECK(replies.text(1) == R"({"status":"not ready","catalog":"ok","store":"the disk is full"})");
}

TEST_CASE("a part that hangs is asked once, and every request is answered in time",
          "[api][engine][readiness]") {
  Replies replies;
  Hanging catalog;
  Readiness readiness{
      {{"catalog", [&catalog] { return catalog.check(); }}, {"store", [] { return "ok"; }}}, 1s};
  for (int i = 0; i < 100; ++i) readiness.answer(replies.take());
  REQUIRE(replies.wait_for(100));
  readiness.answer(replies.take());
  REQUIRE(replies.wait_for(101));
  CHECK(catalog.calls() == 1);
  for (const std::size_t place : {0u, 99u, 100u}) {
    CHECK(replies.status(place) == 503);
    CHECK(replies.text(place).find(R"("catalog":"has not answered for)") != std::string::npos);
    CHECK(replies.text(place).find(R"("store":"ok")") != std::string::npos);
  }
  catalog.let_go();
  int status = 0;
  for (std::size_t count = 102; status != 200 && count < 10'000; ++count) {
    readiness.answer(replies.take());
    REQUIRE(replies.wait_for(count));
    status = replies.status(count - 1);
  }
  CHECK(status == 200);
}

TEST_CASE("so many requests wait to hear whether the server is ready, and one more is refused",
          "[api][engine][readiness]") {
  Replies replies;
  Hanging catalog;
  Readiness readiness{{{"catalog", [&catalog] { return catalog.check(); }}}, 60s};
  for (std::size_t i = 0; i < Readiness::kMostWaiting; ++i) readiness.answer(replies.take());
  CHECK_FALSE(replies.has(1));
  readiness.answer(replies.take());
  REQUIRE(replies.wait_for(1));
  CHECK(replies.status(0) == 503);
  catalog.let_go();
  REQUIRE(replies.wait_for(Readiness::kMostWaiting + 1));
  CHECK(replies.status(Readiness::kMostWaiting) == 200);
}
