#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/http/message.hpp"

namespace millrace::api {

/// Answers whether what the server needs is there, within two seconds even when that hangs. Has
/// threads of its own, one for each part and one that replies: it is asked just when all others may
/// be waiting. A part is asked once at a time, however many requests come. [any thread]
class Readiness {
 public:
  struct Part {
    std::string name;                    // "catalog"
    std::function<std::string()> check;  // "ok", or what is wrong; may block
  };

  static constexpr std::size_t kMostWaiting = 1'024;  // requests; one more is 503

  explicit Readiness(std::vector<Part> parts, std::chrono::milliseconds limit = kLimit);
  /// Waits for the checks that run; who still waits is not answered.
  ~Readiness();

  /// 200 when all parts are ok, else 503; says of each what is wrong. Does not block.
  void answer(const http::Reply& reply);

 private:
  static constexpr std::chrono::milliseconds kLimit{2'000};
  using Clock = std::chrono::steady_clock;

  struct State {
    Part part;
    bool is_wanted = false;
    Clock::time_point began{};   // of the check that runs, or waits for its thread
    std::uint64_t answered = 0;  // checks that have come back
    std::string answer{};        // of the last of them
  };
  // What a request wants of one part.
  struct Need {
    std::uint64_t answered = 0;  // how often it will have answered
    Clock::time_point until{};   // when that is not waited for any longer
  };
  struct Waiting {
    http::Reply reply;
    std::vector<Need> needs;  // by part
  };

  void serve_part(State& state);
  void serve_replies();
  // Under the lock. The time until which a request waits still; one that has passed: no longer.
  [[nodiscard]] Clock::time_point waits_until(const Waiting& waiting) const;
  [[nodiscard]] http::Response response_to(const Waiting& waiting) const;

  const std::chrono::milliseconds limit_;
  std::mutex mutex_;  // guards the rest, but the threads
  std::condition_variable wanted_, changed_;
  std::vector<State> parts_;  // as many for ever: its threads hold references
  std::deque<Waiting> waiting_;
  bool is_ending_ = false;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace millrace::api
