#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "engine/base/clock.hpp"

namespace millrace::auth {

struct ThrottleLimits {
  std::size_t failures = 5;          // for one login from one address
  std::size_t remote_failures = 50;  // for one address; high, since many may share it
  std::size_t login_failures = 20;   // for one login from all addresses
  std::chrono::seconds window = std::chrono::minutes{15};
  std::chrono::seconds longest_wait{60};
  std::chrono::seconds turn{5};  // between tries for one login from addresses new to it
  std::chrono::seconds longest_queue = std::chrono::minutes{15};
  std::chrono::seconds trust = std::chrono::days{30};  // in an address that has signed in
  std::size_t keys = 16'384;  // of each of the kinds; the least recently used is forgotten
};

/// Slows down the guessing of passwords, and bans nobody.
///
/// From one place: a key (a login from an address, and an address alone) with that many wrong
/// passwords within the window waits 1 s before its next try, then 2 s, 4 s and so on up to the
/// longest wait; a wrong password is forgotten when the window has passed.
///
/// From many: while one login has that many wrong passwords, wherever they came from, addresses
/// that are new to it queue for it. Each is told its turn when it asks first, 5 s behind the one
/// before it and 15 min away at the most, and from then on gets its one try, whatever others did
/// meanwhile. So nobody can lock out a user: an address that has signed in with this login does not
/// queue, and the user at a new one waits for its turn.
///
/// An IPv6 address counts as its /64, which is one customer's. At the default limits it holds at
/// most about 30 MB. Belongs to a dialect, which asks before it looks at a password. [any thread]
class Throttle {
 public:
  explicit Throttle(const Clock& clock, const ThrottleLimits& limits = {});
  ~Throttle();

  /// Returns how long this try must wait (at least 1 s), or nothing: look at the password, then
  /// call failed() or succeeded(). Ask once for each try: a key that has to wait between its tries
  /// gets only one at a time through, so that many at once gain nothing.
  [[nodiscard]] std::optional<std::chrono::seconds> must_wait(std::string_view login,
                                                              std::string_view remote);
  void failed(std::string_view login, std::string_view remote);
  /// Trusts the address with this login, and forgets its wrong passwords for it. Those of the
  /// address stay, else one good account would pay for guesses at others, and so do those of the
  /// login, else its user would help who guesses at it.
  void succeeded(std::string_view login, std::string_view remote);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::auth
