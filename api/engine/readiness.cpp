#include "api/engine/readiness.hpp"

#include <algorithm>
#include <utility>

#include "api/engine/envelope.hpp"
#include "engine/base/json.hpp"

#include <fmt/format.h>

namespace millrace::api {

Readiness::Readiness(std::vector<Part> parts, std::chrono::milliseconds limit) : limit_{limit} {
  for (Part& part : parts) parts_.push_back({.part = std::move(part)});
  for (State& state : parts_) threads_.emplace_back([this, &state] { serve_part(state); });
  threads_.emplace_back([this] { serve_replies(); });
}

Readiness::~Readiness() {
  {
    const std::lock_guard lock{mutex_};
    is_ending_ = true;
  }
  wanted_.notify_all();
  changed_.notify_all();
}

void Readiness::answer(const http::Reply& reply) {
  {
    const std::lock_guard lock{mutex_};
    if (waiting_.size() < kMostWaiting) {
      const auto now = Clock::now();
      Waiting waiting{.reply = reply, .needs = {}};
      for (State& state : parts_) {
        if (!std::exchange(state.is_wanted, true)) state.began = now;
        // A check that has run for long already has no more time than that; the others have theirs.
        waiting.needs.push_back({state.answered + 1, state.began + limit_});
      }
      waiting_.push_back(std::move(waiting));
      wanted_.notify_all();
      changed_.notify_all();
      return;
    }
  }
  reply(http::Response::json(503,
                             R"({"status":"not ready","queue":"too many requests ask for this"})"));
}

void Readiness::serve_part(State& state) {
  std::unique_lock lock{mutex_};
  while (true) {
    wanted_.wait(lock, [this, &state] { return is_ending_ || state.is_wanted; });
    if (is_ending_) return;
    lock.unlock();
    auto answer = state.part.check();
    lock.lock();
    state.answer = std::move(answer);
    ++state.answered;
    state.is_wanted = false;
    changed_.notify_all();
  }
}

void Readiness::serve_replies() {
  std::unique_lock lock{mutex_};
  while (!is_ending_) {
    const auto now = Clock::now();
    auto next = Clock::time_point::max();
    std::vector<std::pair<http::Reply, http::Response>> ready;
    for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
      const auto until = waits_until(*waiting);
      if (until <= now) {
        ready.emplace_back(std::move(waiting->reply), response_to(*waiting));
        waiting = waiting_.erase(waiting);
      } else {
        next = std::min(next, until);
        ++waiting;
      }
    }
    if (!ready.empty()) {
      lock.unlock();
      for (auto& [reply, response] : ready) reply(std::move(response));
      lock.lock();
    } else if (next == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, next);
    }
  }
}

Readiness::Clock::time_point Readiness::waits_until(const Waiting& waiting) const {
  auto until = Clock::time_point::min();
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Need& need = waiting.needs[i];
    if (parts_[i].answered < need.answered) until = std::max(until, need.until);
  }
  return until;
}

http::Response Readiness::response_to(const Waiting& waiting) const {
  Json answer{{"status", "ready"}};
  bool is_ready = true;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const State& state = parts_[i];
    std::string text = state.answer;
    if (state.answered < waiting.needs[i].answered) {
      const auto silent = std::chrono::duration<double>(Clock::now() - state.began);
      text = fmt::format("has not answered for {:.1f} s", silent.count());
    }
    is_ready = is_ready && text == "ok";
    answer[state.part.name] = std::move(text);
  }
  if (!is_ready) answer["status"] = "not ready";
  return http::Response::json(is_ready ? 200 : 503, to_text(answer));
}

}  // namespace millrace::api
