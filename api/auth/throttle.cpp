#include "api/auth/throttle.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "engine/base/recent_table.hpp"
#include "engine/base/sha1.hpp"

#include <arpa/inet.h>

namespace millrace::auth {

namespace {

using std::chrono::seconds;

// The wrong passwords of many keys.
class FailureTable {
 public:
  FailureTable(std::size_t bound, const ThrottleLimits& limits)
      : bound_{bound}, most_kept_{bound}, limits_{limits}, records_{limits.keys} {
    // One for each doubling: more would not make the wait longer.
    for (auto wait = seconds{1}; wait < limits.longest_wait; wait *= 2) ++most_kept_;
  }

  // Says whether the key has reached its bound.
  bool is_full(std::string_view key, Clock::Steady now) {
    auto* record = records_.find(key);
    if (record == nullptr) return false;
    forget_old(*record, now);
    return record->failures.size() >= bound_;
  }

  std::optional<seconds> wait(std::string_view key, Clock::Steady now) {
    if (!is_full(key, now)) return std::nullopt;
    const auto& record = *records_.find(key);
    auto wait = seconds{1};
    for (auto beyond = record.failures.size() - bound_; beyond > 0; --beyond)
      wait = std::min(2 * wait, limits_.longest_wait);
    const auto left = record.last_try + wait - now;
    if (left <= Clock::Steady::duration::zero()) return std::nullopt;
    return std::chrono::ceil<seconds>(left);
  }

  void begin_try(std::string_view key, Clock::Steady now) {
    if (auto* record = records_.find(key)) record->last_try = now;
  }

  void fail(const std::string& key, Clock::Steady now) {
    auto& record = records_.get(key);
    forget_old(record, now);
    if (record.failures.size() == most_kept_) record.failures.erase(record.failures.begin());
    record.failures.push_back(now);
    record.last_try = now;
  }

  void forget(std::string_view key) { records_.forget(key); }

 private:
  struct Record {
    std::vector<Clock::Steady> failures;  // within the window, oldest first
    Clock::Steady last_try;               // failed, or let through
  };

  void forget_old(Record& record, Clock::Steady now) const {
    const auto first_kept =
        std::find_if(record.failures.begin(), record.failures.end(),
                     [&](Clock::Steady when) { return now - when < limits_.window; });
    record.failures.erase(record.failures.begin(), first_kept);
  }

  const std::size_t bound_;
  std::size_t most_kept_;  // failures of one key
  const ThrottleLimits limits_;
  RecentTable<Record> records_;
};

// The turns of addresses, as pairs with the login that they try. A turn that was given is kept
// until it is used, so who waits for it is overtaken by nobody.
class TurnTable {
 public:
  explicit TurnTable(const ThrottleLimits& limits)
      : limits_{limits}, turns_{limits.keys}, last_{limits.keys} {}

  // Returns nothing when it is the pair's turn, which this uses up.
  std::optional<seconds> wait(const std::string& login, const std::string& pair,
                              Clock::Steady now) {
    if (const auto* known = turns_.find(pair)) {
      const auto turn = *known;
      if (now < turn) return std::chrono::ceil<seconds>(turn - now);
      turns_.forget(pair);
      if (now - turn < limits_.window) return std::nullopt;
    }
    auto& last = last_.get(login);
    last = std::min(std::max(now, last) + limits_.turn, now + limits_.longest_queue);
    turns_.get(pair) = last;
    return std::chrono::ceil<seconds>(last - now);
  }

 private:
  const ThrottleLimits limits_;
  RecentTable<Clock::Steady> turns_;  // of pairs
  RecentTable<Clock::Steady> last_;   // given for a login
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

// Of one length however long the login is; the network holds no zero byte, so no two pairs meet. A
// login alone is a pair without a network.
std::string pair_key(std::string_view login, const std::string& network) {
  const auto digest = sha256(network + '\0' + std::string{login});
  return {digest.begin(), digest.end()};
}

// What a try is counted by.
struct Keys {
  Keys(std::string_view login_text, std::string_view remote)
      : network{network_of(remote)},
        pair{pair_key(login_text, network)},
        login{pair_key(login_text, {})} {}

  std::string network, pair, login;
};

}  // namespace

struct Throttle::State {
  State(const Clock& time, const ThrottleLimits& chosen)
      : clock{time},
        limits{chosen},
        pairs{chosen.failures, chosen},
        remotes{chosen.remote_failures, chosen},
        logins{chosen.login_failures, chosen},
        turns{chosen},
        signed_in{chosen.keys} {}

  bool is_trusted(std::string_view pair, Clock::Steady now) {
    const auto* when = signed_in.find(pair);
    return when != nullptr && now - *when < limits.trust;
  }

  const Clock& clock;
  const ThrottleLimits limits;
  std::mutex mutex;      // guards all below
  FailureTable pairs;    // of a login and a network
  FailureTable remotes;  // of a network
  FailureTable logins;
  TurnTable turns;
  RecentTable<Clock::Steady> signed_in;  // when last, of pairs
};

Throttle::Throttle(const Clock& clock, const ThrottleLimits& limits)
    : state_{std::make_unique<State>(clock, limits)} {}

Throttle::~Throttle() = default;

std::optional<seconds> Throttle::must_wait(std::string_view login, std::string_view remote) {
  const Keys keys{login, remote};
  const std::lock_guard lock{state_->mutex};
  const auto now = state_->clock.steady();
  const auto for_pair = state_->pairs.wait(keys.pair, now);
  const auto for_remote = state_->remotes.wait(keys.network, now);
  if (for_pair || for_remote) return std::max(for_pair, for_remote);  // nothing is less than any
  if (state_->logins.is_full(keys.login, now) && !state_->is_trusted(keys.pair, now)) {
    if (const auto turn = state_->turns.wait(keys.login, keys.pair, now)) return turn;
  }
  state_->pairs.begin_try(keys.pair, now);
  state_->remotes.begin_try(keys.network, now);
  return std::nullopt;
}

void Throttle::failed(std::string_view login, std::string_view remote) {
  const Keys keys{login, remote};
  const std::lock_guard lock{state_->mutex};
  const auto now = state_->clock.steady();
  state_->pairs.fail(keys.pair, now);
  state_->remotes.fail(keys.network, now);
  state_->logins.fail(keys.login, now);
}

void Throttle::succeeded(std::string_view login, std::string_view remote) {
  const Keys keys{login, remote};
  const std::lock_guard lock{state_->mutex};
  state_->pairs.forget(keys.pair);
  state_->signed_in.get(keys.pair) = state_->clock.steady();
}

}  // namespace millrace::auth
