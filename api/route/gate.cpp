#include "api/route/gate.hpp"

#include <utility>

namespace millrace::api {

struct Gate::State {
  explicit State(std::size_t its_room) : room{its_room} {}

  const std::size_t room;
  std::atomic<std::size_t> inside{0};
  std::atomic<std::uint64_t> refused{0};
};

Gate::Gate(std::size_t room) : state_{std::make_shared<State>(room)} {}

Gate::Place::Place(std::shared_ptr<State> state) : state_{std::move(state)} {}

void Gate::Place::leave() {
  if (!has_left_.exchange(true)) --state_->inside;
}

std::shared_ptr<Gate::Place> Gate::enter() {
  auto inside = state_->inside.load();
  do {
    if (inside >= state_->room) {
      ++state_->refused;
      return nullptr;
    }
  } while (!state_->inside.compare_exchange_weak(inside, inside + 1));
  return std::make_shared<Place>(state_);
}

std::size_t Gate::room() const { return state_->room; }
std::size_t Gate::inside() const { return state_->inside; }
std::uint64_t Gate::refused() const { return state_->refused; }

}  // namespace millrace::api
