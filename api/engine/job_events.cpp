#include "api/engine/job_events.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "api/engine/envelope.hpp"
#include "engine/base/clock.hpp"
#include "engine/engine.hpp"
#include "engine/job/progress_json.hpp"

namespace millrace::api {

namespace {

constexpr int kLinesAtOnce = 200;

}  // namespace

http::EventBody JobEvents::body() {
  const auto self = shared_from_this();
  return {.start = [self](http::EventBody::Sink sink) { self->start(std::move(sink)); },
          .closed = [self] { self->stop(); }};
}

void JobEvents::start(http::EventBody::Sink sink) {
  sink_ = std::move(sink);
  // A weak reference: the job service may call once more after unwatch().
  const auto watch = engine_.jobs().watch(job_, [weak = weak_from_this()](JobId) {
    if (const auto self = weak.lock()) self->wake();
  });
  {
    const std::lock_guard lock{mutex_};
    watch_ = watch;
    is_watching_ = !is_stopped_;
  }
  is_watching() ? wake() : engine_.jobs().unwatch(watch);
}

bool JobEvents::is_watching() {
  const std::lock_guard lock{mutex_};
  return is_watching_;
}

void JobEvents::stop() {
  std::uint64_t watch = 0;
  {
    const std::lock_guard lock{mutex_};
    is_stopped_ = true;
    if (!std::exchange(is_watching_, false)) return;
    watch = watch_;
  }
  engine_.jobs().unwatch(watch);
}

void JobEvents::wake() {
  {
    const std::lock_guard lock{mutex_};
    if (is_stopped_) return;
    is_stale_ = true;
    if (std::exchange(is_reading_, true)) return;
  }
  lane_.push(make_work([self = shared_from_this()] { self->read(); }));
}

void JobEvents::read() {
  for (;;) {
    {
      const std::lock_guard lock{mutex_};
      if (is_stopped_ || !std::exchange(is_stale_, false)) {
        is_reading_ = false;
        return;
      }
    }
    // The state first: when it is final now, all lines are there already.
    const auto state = engine_.job_store().state(job_);
    const bool goes_on = send_journal() && send_progress();
    if (!state.ok()) {
      spdlog::warn("events of a job cannot be read job={} error={}", job_.value,
                   state.error().message);
    } else if (goes_on && !is_final(*state)) {
      continue;
    }
    sink_.end();
    stop();
    const std::lock_guard lock{mutex_};
    is_reading_ = false;
    return;
  }
}

bool JobEvents::send_journal() {
  for (;;) {
    const auto events = engine_.job_store().events(job_, last_, kLinesAtOnce);
    if (!events.ok()) {
      spdlog::warn("events of a job cannot be read job={} error={}", job_.value,
                   events.error().message);
      return false;
    }
    for (const auto& event : *events) {
      const Json data{{"time", to_rfc3339(from_micros(event.time_us))}, {"body", event.body}};
      if (!sink_.send(std::to_string(event.sequence), event.kind, to_text(data))) return false;
      last_ = event.sequence;
    }
    if (events->size() < kLinesAtOnce) return true;
  }
}

bool JobEvents::send_progress() {
  const auto progress = engine_.jobs().progress(job_);
  if (!progress) return true;
  auto text = to_text(to_json(*progress));
  if (text == progress_) return true;
  progress_ = std::move(text);
  return sink_.send({}, "progress", progress_);
}

}  // namespace millrace::api
