#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <utility>  // before Asio, which needs std::exchange with this compiler
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace millrace::http {

class BlockingWork;
struct Commons;
class Session;

/// One thread of the server with its own event loop; a connection belongs to one for its whole
/// life, so that nothing of it needs a lock. [its own thread, unless marked] Shared by the server
/// and, weakly, by answers that are still to come.
class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kTick{
      250};                                             // time-outs are late by so much at the most
  static constexpr std::size_t kReadBytes = 64u << 10;  // that one read brings at the most

  explicit IoThread(Commons& commons);
  ~IoThread();

  void start();
  /// Lets idle connections go and tells the others to end after their answer. [any thread]
  void drain();
  /// Cuts all connections. [any thread]
  void cut();
  /// Ends the loop and joins. [any other thread]
  void join();

  boost::asio::io_context& context() { return context_; }
  [[nodiscard]] bool is_here() const {
    return std::this_thread::get_id() == id_.load(std::memory_order_relaxed);
  }
  /// Runs `work` on this thread. [any thread]
  template <class Work>
  void post(Work&& work) {
    boost::asio::post(context_, std::forward<Work>(work));
  }

  /// The time of the last tick: good enough for time-outs, and free.
  [[nodiscard]] Clock::time_point now() const { return now_; }
  [[nodiscard]] const std::string& date() const { return date_; }
  [[nodiscard]] bool is_draining() const { return is_draining_; }
  Commons& commons() { return commons_; }
  BlockingWork& blocking();

  using Place = std::list<std::shared_ptr<Session>>::iterator;
  Place enter(std::shared_ptr<Session> session);
  void leave(Place place);
  /// Closes a connection that is idle; false: there is none.
  bool make_room();

  std::atomic<std::uint64_t> requests{0};

  // Scratch memory for whatever runs on this thread; nothing in it outlives the event that filled
  // it.
  std::vector<char> bytes_in;
  std::string bytes_out;

 private:
  void tick();
  void read_clocks();

  Commons& commons_;
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  std::list<std::shared_ptr<Session>> sessions_;  // owns the open connections
  Clock::time_point now_;
  std::int64_t date_seconds_ = 0;
  std::string date_;
  bool is_draining_ = false;
  std::atomic<std::thread::id> id_;
  std::jthread thread_;
};

}  // namespace millrace::http
