#include "api/auth/throttle.hpp"

#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

using namespace millrace;
using namespace std::chrono_literals;
using auth::Throttle;
using std::chrono::seconds;

namespace {

void fail(Throttle& throttle, int times, std::string_view login = "admin",
          std::string_view remote = "10.0.0.1") {
  for (int i = 0; i < times; ++i) throttle.failed(login, remote);
}

// 0: it need not wait.
long wait(Throttle& throttle, std::string_view login = "admin",
          std::string_view remote = "10.0.0.1") {
  return throttle.must_wait(login, remote).value_or(0s).count();
}

}  // namespace

TEST_CASE("five wrong passwords make the next tries wait, twice as long each time",
          "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  for (int i = 0; i < 5; ++i) {
    CHECK(wait(throttle) == 0);
    fail(throttle, 1);
  }
  for (const long expected : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    CHECK(wait(throttle) == expected);
    clock.advance(seconds{expected} - 1ms);
    CHECK(wait(throttle) == 1);  // what is left, rounded up
    clock.advance(1ms);
    CHECK(wait(throttle) == 0);
    fail(throttle, 1);
  }
}

TEST_CASE("of many tries at once that should wait, one gets through", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  fail(throttle, 7);
  clock.advance(4s);
  CHECK(wait(throttle) == 0);
  for (int i = 0; i < 10; ++i) CHECK(wait(throttle) == 4);
  clock.advance(4s);
  CHECK(wait(throttle) == 0);  // the first never came to an end, which holds nobody up for longer
}

TEST_CASE("a wrong password is forgotten after 15 minutes", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  fail(throttle, 1);
  clock.advance(10min);
  fail(throttle, 4);
  CHECK(wait(throttle) == 1);
  clock.advance(5min);  // the first is now too old: four are left
  CHECK(wait(throttle) == 0);
  CHECK(wait(throttle) == 0);
  fail(throttle, 1);
  CHECK(wait(throttle) == 1);
  clock.advance(15min);
  CHECK(wait(throttle) == 0);
  fail(throttle, 4);
  CHECK(wait(throttle) == 0);
}

TEST_CASE("a good password clears its login at its address", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  fail(throttle, 8);
  CHECK(wait(throttle) == 8);
  throttle.succeeded("admin", "10.0.0.1");
  CHECK(wait(throttle) == 0);
  fail(throttle, 4);
  CHECK(wait(throttle) == 0);
  fail(throttle, 1);
  CHECK(wait(throttle) == 1);
}

TEST_CASE("other logins and other addresses do not wait", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  fail(throttle, 9);
  CHECK(wait(throttle) > 0);
  CHECK(wait(throttle, "zofia") == 0);
  CHECK(wait(throttle, "Admin") == 0);
  CHECK(wait(throttle, "admin", "10.0.0.2") == 0);
  CHECK(wait(throttle, "", "") == 0);
  throttle.succeeded("zofia", "10.0.0.1");
  throttle.succeeded("admin", "10.0.0.2");
  CHECK(wait(throttle) > 0);
  // What the two are made of does not run together.
  fail(throttle, 5, "min10.0.0.9", "ad");
  CHECK(wait(throttle, "10.0.0.9", "admin") == 0);
}

TEST_CASE("fifty wrong passwords from one address make all its tries wait",
          "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  for (int i = 0; i < 49; ++i) throttle.failed("user" + std::to_string(i), "10.0.0.1");
  CHECK(wait(throttle, "somebody") == 0);
  throttle.failed("user49", "10.0.0.1");
  CHECK(wait(throttle, "somebody") == 1);
  CHECK(wait(throttle, "somebody", "10.0.0.2") == 0);
  // A good account of one's own does not buy more guesses.
  throttle.succeeded("user0", "10.0.0.1");
  CHECK(wait(throttle, "somebody") == 1);
  for (const long expected : {1, 2, 4, 8, 16, 32, 60, 60}) {
    CHECK(wait(throttle, "somebody else") == expected);
    clock.advance(seconds{expected});
    CHECK(wait(throttle, "somebody else") == 0);
    CHECK(wait(throttle, "a third") == expected);  // one try at a time, whosever it is
    throttle.failed("somebody" + std::to_string(clock.steady().time_since_epoch().count()),
                    "10.0.0.1");
  }
  clock.advance(15min);
  CHECK(wait(throttle, "somebody") == 0);
}

namespace {

std::string address(int number) {
  return "10.1." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1);
}

// Wrong passwords for admin from addresses that are used once each.
void guess_from_many(Throttle& throttle, int times) {
  for (int i = 0; i < times; ++i) throttle.failed("admin", address(1000 + i));
}

}  // namespace

TEST_CASE("twenty wrong passwords for one login make addresses that are new to it queue",
          "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  guess_from_many(throttle, 19);
  CHECK(wait(throttle, "admin", address(1)) == 0);
  guess_from_many(throttle, 1);
  CHECK(wait(throttle, "admin", address(1)) == 5);
  CHECK(wait(throttle, "admin", address(2)) == 10);
  CHECK(wait(throttle, "admin", address(3)) == 15);
  CHECK(wait(throttle, "zofia", address(1)) == 0);  // another login
  clock.advance(4s);
  CHECK(wait(throttle, "admin", address(1)) == 1);  // asking too early costs nothing
  clock.advance(1s);
  CHECK(wait(throttle, "admin", address(1)) == 0);
  CHECK(wait(throttle, "admin", address(1)) == 15);  // one try, then at the end of the queue
  CHECK(wait(throttle, "admin", address(2)) == 5);
}

TEST_CASE("whoever queues gets a turn, however many others ask", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  guess_from_many(throttle, 25);
  // Three hundred addresses guess without a pause; the user at a new address comes last.
  int others = 0;
  const auto guess = [&] {
    for (int i = 0; i < 300; ++i) {
      if (wait(throttle, "admin", address(i)) > 0) continue;
      throttle.failed("admin", address(i));
      ++others;
    }
  };
  guess();
  const auto turn = wait(throttle, "admin", "192.0.2.1");
  CHECK(turn == 900);  // the end of the queue
  for (long second = 0; second < turn; second += 5) {
    clock.advance(5s);
    guess();
  }
  CHECK(wait(throttle, "admin", "192.0.2.1") == 0);
  // 179 turns of 5 s; the rest of the addresses stand at the end of the queue as well.
  CHECK(others == 300);
}

TEST_CASE("guesses at a login get no faster with addresses, up to the length of the queue",
          "[api][auth][throttle]") {
  ManualClock clock;
  const auto guesses_in_an_hour = [&clock](std::size_t login_failures, int addresses) {
    auth::ThrottleLimits limits;
    limits.login_failures = login_failures;
    Throttle throttle{clock, limits};
    int guesses = 0;
    for (int second = 0; second < 3600; second += 5) {
      for (int i = 0; i < addresses; ++i) {
        if (wait(throttle, "admin", address(i)) > 0) continue;
        throttle.failed("admin", address(i));
        ++guesses;
      }
      clock.advance(5s);
    }
    return guesses;
  };
  constexpr std::size_t kNever = 1'000'000;
  CHECK(guesses_in_an_hour(kNever, 60) > 3'000);  // what the limits of single addresses let through
  CHECK(guesses_in_an_hour(20, 60) <= 20 + 3600 / 5);
}

TEST_CASE("an address that has signed in does not queue", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  throttle.succeeded("admin", "10.0.0.1");
  throttle.succeeded("zofia", "10.0.0.2");
  guess_from_many(throttle, 40);
  CHECK(wait(throttle) == 0);
  CHECK(wait(throttle) == 0);
  CHECK(wait(throttle, "admin", "10.0.0.2") == 5);  // with another login
  // It may guess no more than it ever might.
  fail(throttle, 5);
  CHECK(wait(throttle) == 1);
  // Nor does signing in end what others have to wait for.
  clock.advance(1s);
  CHECK(wait(throttle) == 0);
  throttle.succeeded("admin", "10.0.0.1");
  CHECK(wait(throttle, "admin", "10.0.0.3") > 0);
  // Trust ends.
  clock.advance(std::chrono::days{30} - 1s);
  guess_from_many(throttle, 40);
  CHECK(wait(throttle) == 0);
  clock.advance(1s);
  CHECK(wait(throttle) > 0);
}

TEST_CASE("a login that nobody guesses at any more is open again", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  guess_from_many(throttle, 40);
  CHECK(wait(throttle, "admin", address(1)) == 5);
  clock.advance(15min);
  CHECK(wait(throttle, "admin", address(1)) == 0);
  CHECK(wait(throttle, "admin", address(2)) == 0);
  guess_from_many(throttle, 20);
  // A turn that was not used for the length of the window is given anew.
  clock.advance(10min);
  guess_from_many(throttle, 20);
  CHECK(wait(throttle, "admin", address(1)) == 5);
  clock.advance(20min);
  guess_from_many(throttle, 20);
  CHECK(wait(throttle, "admin", address(1)) == 5);
}

TEST_CASE("an IPv6 address counts as its network", "[api][auth][throttle]") {
  ManualClock clock;
  Throttle throttle{clock};
  for (int i = 0; i < 5; ++i) throttle.failed("admin", "2001:db8:1:2::" + std::to_string(i + 1));
  CHECK(wait(throttle, "admin", "2001:db8:1:2:ffff::9") == 1);
  CHECK(wait(throttle, "admin", "2001:DB8:1:2::1%eth0") == 1);
  CHECK(wait(throttle, "admin", "2001:db8:1:3::1") == 0);
  fail(throttle, 5, "admin", "::ffff:10.0.0.7");
  CHECK(wait(throttle, "admin", "10.0.0.7") == 1);
  CHECK(wait(throttle, "admin", "::ffff:10.0.0.8") == 0);
}

TEST_CASE("of too many keys the least recently used is forgotten", "[api][auth][throttle]") {
  ManualClock clock;
  auth::ThrottleLimits limits;
  limits.keys = 3;
  limits.login_failures = 1000;  // the other addresses are to be heard
  Throttle throttle{clock, limits};
  const auto remote = [](int i) { return "10.0.0." + std::to_string(i); };
  for (int i = 1; i <= 3; ++i) fail(throttle, 5, "admin", remote(i));
  CHECK(wait(throttle, "admin", remote(1)) == 1);  // used now
  fail(throttle, 5, "admin", remote(4));
  CHECK(wait(throttle, "admin", remote(2)) == 0);
  CHECK(wait(throttle, "admin", remote(1)) == 1);
  CHECK(wait(throttle, "admin", remote(3)) == 1);
  CHECK(wait(throttle, "admin", remote(4)) == 1);
  // Asking makes no key, so asking pushes nobody out.
  for (int i = 5; i < 50; ++i) CHECK(wait(throttle, "admin", remote(i)) == 0);
  CHECK(wait(throttle, "admin", remote(3)) == 1);
}

TEST_CASE("threads that fail together are all counted", "[api][auth][throttle]") {
  ManualClock clock;
  auth::ThrottleLimits limits;
  limits.remote_failures = 4000;
  Throttle throttle{clock, limits};
  std::vector<int> through(4);
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < through.size(); ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 1000; ++i) {
          const auto login = "user" + std::to_string(i);
          if (!throttle.must_wait(login, "10.0.0.1")) ++through[t];
          throttle.failed(login, "10.0.0.1");
          throttle.succeeded(login, "10.0.0.1");
        }
      });
    }
  }
  CHECK(wait(throttle, "somebody") == 1);  // exactly 4000: one fewer would not wait
  for (const int count : through) CHECK(count > 0);
}
