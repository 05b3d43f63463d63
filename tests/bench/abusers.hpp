#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace millrace::bench {

/// What is sent on a connection of its own, and then again on the next one.
struct Abuse {
  std::string name;
  std::string head;
  std::string body{};
  bool trickles = false;  // a byte of the body every minute, for as long as the server listens
};

/// How the tries of one kind ended.
struct AbuseCount {
  std::atomic<std::uint64_t> refused{0};  // 4xx and 5xx
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> cut{0};  // the connection was closed without an answer
};

/// Sends each of a list of abuses to a server on 127.0.0.1, over and over, from a thread and a
/// connection for each, from the constructor to the destructor.
class Abusers {
 public:
  Abusers(std::uint16_t port, std::vector<Abuse> abuses);
  ~Abusers();
  Abusers(const Abusers&) = delete;
  Abusers& operator=(const Abusers&) = delete;

  struct Counted {
    const Abuse& abuse;
    const AbuseCount& count;
  };
  [[nodiscard]] std::vector<Counted> counts() const;

 private:
  struct One {
    explicit One(Abuse of) : abuse{std::move(of)} {}
    Abuse abuse;
    AbuseCount count{};
  };
  void go_on(One& one, const std::stop_token& stop) const;
  void try_once(One& one, const std::stop_token& stop) const;

  const std::uint16_t port_;
  std::vector<std::unique_ptr<One>> all_;
  std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace millrace::bench
