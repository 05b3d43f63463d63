#include "api/http/io_thread.hpp"

#include "api/http/commons.hpp"
#include "api/http/response_head.hpp"
#include "api/http/session.hpp"

namespace millrace::http {

IoThread::IoThread(Commons& commons)
    : commons_{commons}, context_{1}, work_{context_.get_executor()}, timer_{context_} {
  bytes_in.resize(kReadBytes);
  read_clocks();
}

IoThread::~IoThread() = default;

BlockingWork& IoThread::blocking() { return *commons_.blocking; }

void IoThread::start() {
  tick();
  thread_ = std::jthread{[this] {
    id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    context_.run();
  }};
}

void IoThread::drain() {
  post([this] {
    is_draining_ = true;
    for (auto place = sessions_.begin(); place != sessions_.end();) {
      const auto session = *place++;  // draining may make it leave
      session->drain();
    }
  });
}

void IoThread::cut() {
  post([this] {
    is_draining_ = true;
    for (auto place = sessions_.begin(); place != sessions_.end();) {
      const auto session = *place++;
      session->cut();
    }
    timer_.cancel();
    work_.reset();
  });
}

void IoThread::join() {
  if (thread_.joinable()) thread_.join();
  context_.stop();
}

IoThread::Place IoThread::enter(std::shared_ptr<Session> session) {
  return sessions_.insert(sessions_.end(), std::move(session));
}

void IoThread::leave(Place place) { sessions_.erase(place); }

bool IoThread::make_room() {
  for (const auto& session : sessions_) {
    const auto kept = session;  // closing it takes it off the list
    if (kept->give_way()) return true;
  }
  return false;
}

void IoThread::read_clocks() {
  now_ = Clock::now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(
                           std::chrono::system_clock::now().time_since_epoch())
                           .count();
  if (seconds != date_seconds_) {
    date_seconds_ = seconds;
    date_ = date_header(seconds);
  }
}

void IoThread::tick() {
  if (!work_.owns_work()) return;  // cut() came when this call was due already: too late to cancel
  read_clocks();
  for (auto place = sessions_.begin(); place != sessions_.end();) {
    const auto& session = *place++;
    if (session->deadline() <= now_) std::shared_ptr<Session> {
        session
        } -> expire();
  }
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

}  // namespace millrace::http
