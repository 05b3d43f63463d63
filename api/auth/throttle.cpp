#include "api/auth/throttle.hpp"

#include <algorithm>
#include <array>
#include <list>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/sha1.hpp"

#include <arpa/inet.h>

namespace millrace::auth {

namespace {

using std::chrono::seconds;

// The wrong passwords of many keys, the least recently used of which go first.
class FailureTable {
 public:
  FailureTable(std::size_t bound, const ThrottleLimits& limits)
      : bound_{bound}, most_kept_{bound}, limits_{limits} {
    // One for each doubling: more would not make the wait longer.
    for (auto wait = seconds{1}; wait < limits.longest_wait; wait *= 2) ++most_kept_;
  }

  std::optional<seconds> wait(const std::string& key, Clock::Steady now) {
    auto* record = find(key);
    if (record == nullptr) return std::nullopt;
    forget_old(*record, now);
    if (record->failures.size() < bound_) return std::nullopt;
    auto wait = seconds{1};
    for (auto beyond = record->failures.size() - bound_; beyond > 0; --beyond)
      wait = std::min(2 * wait, limits_.longest_wait);
    const auto left = record->last_try + wait - now;
    if (left <= Clock::Steady::duration::zero()) return std::nullopt;
    return std::chrono::ceil<seconds>(left);
  }

  void begin_try(const std::string& key, Clock::Steady now) {
    if (auto* record = find(key)) record->last_try = now;
  }

  void fail(const std::string& key, Clock::Steady now) {
    auto* record = find(key);
    if (record == nullptr) record = &add(key);
    forget_old(*record, now);
    if (record->failures.size() == most_kept_) record->failures.erase(record->failures.begin());
    record->failures.push_back(now);
    record->last_try = now;
  }

  void forget(std::string_view key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return;
    const auto entry = place->second;
    places_.erase(place);
    entries_.erase(entry);
  }

 private:
  struct Record {
    std::vector<Clock::Steady> failures;  // within the window, oldest first
    Clock::Steady last_try;               // failed, or let through
  };
  struct Entry {
    std::string key;
    Record record;
  };

  Record* find(const std::string& key) {
    const auto place = places_.find(key);
    if (place == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, place->second);
    return &place->second->record;
  }

  Record& add(const std::string& key) {
    if (entries_.size() >= limits_.keys) forget(entries_.back().key);
    entries_.push_front({key, {}});
    places_.emplace(entries_.front().key, entries_.begin());
    return entries_.front().record;
  }

  void forget_old(Record& record, Clock::Steady now) const {
    const auto first_kept =
        std::find_if(record.failures.begin(), record.failures.end(),
                     [&](Clock::Steady when) { return now - when < limits_.window; });
    record.failures.erase(record.failures.begin(), first_kept);
  }

  const std::size_t bound_;
  std::size_t most_kept_;  // failures of one key
  const ThrottleLimits limits_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> places_;  // key of the entry
};

// One customer's network of an IPv6 address, else the address; an IPv4 address in IPv6 is itself.
std::string network_of(std::string_view remote) {
  std::string text{remote.substr(0, remote.find('%'))};  // without the name of an interface
  std::array<unsigned char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    std::array<char, INET_ADDRSTRLEN> plain{};
    ::inet_ntop(AF_INET, bytes.data() + kMapped.size(), plain.data(), plain.size());
    return plain.data();
  }
  return to_hex(std::span{bytes}.first(8));
}

// Of one length however long the login is; the network holds no zero byte, so no two pairs meet.
std::string pair_key(std::string_view login, const std::string& network) {
  const auto digest = sha256(network + '\0' + std::string{login});
  return {digest.begin(), digest.end()};
}

}  // namespace

struct Throttle::State {
  State(const Clock& time, const ThrottleLimits& limits)
      : clock{time}, pairs{limits.failures, limits}, remotes{limits.remote_failures, limits} {}

  const Clock& clock;
  std::mutex mutex;      // guards the two below
  FailureTable pairs;    // of a login and a network
  FailureTable remotes;  // of a network
};

Throttle::Throttle(const Clock& clock, const ThrottleLimits& limits)
    : state_{std::make_unique<State>(clock, limits)} {}

Throttle::~Throttle() = default;

std::optional<seconds> Throttle::must_wait(std::string_view login, std::string_view remote) {
  const auto network = network_of(remote);
  const auto pair = pair_key(login, network);
  const std::lock_guard lock{state_->mutex};
  const auto now = state_->clock.steady();
  const auto for_pair = state_->pairs.wait(pair, now);
  const auto for_remote = state_->remotes.wait(network, now);
  if (for_pair || for_remote) return std::max(for_pair, for_remote);  // nothing is less than any
  state_->pairs.begin_try(pair, now);
  state_->remotes.begin_try(network, now);
  return std::nullopt;
}

void Throttle::failed(std::string_view login, std::string_view remote) {
  const auto network = network_of(remote);
  const auto pair = pair_key(login, network);
  const std::lock_guard lock{state_->mutex};
  const auto now = state_->clock.steady();
  state_->pairs.fail(pair, now);
  state_->remotes.fail(network, now);
}

void Throttle::succeeded(std::string_view login, std::string_view remote) {
  const auto pair = pair_key(login, network_of(remote));
  const std::lock_guard lock{state_->mutex};
  state_->pairs.forget(pair);
}

}  // namespace millrace::auth
