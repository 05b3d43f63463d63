#include "engine/run/barrier.hpp"

#include <utility>

namespace millrace {

bool Barrier::begin(std::int64_t sequence, std::size_t reports, When when) {
  const std::lock_guard lock{mutex_};
  if (busy_ || (when == When::Due && clock_.steady() - last_ < every_)) return false;
  busy_ = true;
  given_up_ = false;
  missing_ = reports;
  gathered_ = Checkpoint{sequence, {}};
  return true;
}

std::optional<Barrier::Passed> Barrier::report(
    std::optional<std::map<std::string, std::string>> states) {
  const std::lock_guard lock{mutex_};
  if (states) {
    gathered_.states.merge(*states);
  } else {
    given_up_ = true;
  }
  if (--missing_ > 0) return std::nullopt;
  return Passed{std::move(gathered_), !given_up_};
}

void Barrier::end() {
  const std::lock_guard lock{mutex_};
  busy_ = false;
  last_ = clock_.steady();
}

}  // namespace millrace
