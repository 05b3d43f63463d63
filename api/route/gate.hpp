#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace millrace::api {

/// Lets no more than so many requests in at a time, and others not at all: nobody waits in front of
/// it. [any thread]
class Gate {
  struct State;

 public:
  explicit Gate(std::size_t room);

  /// A request within. It has left with leave(), or when this goes away.
  class Place {
   public:
    explicit Place(std::shared_ptr<State> state);
    ~Place() { leave(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    /// What is done behind it finds the place free. A second time it does nothing.
    void leave();

   private:
    std::shared_ptr<State> state_;  // shared with the gate, which may go away before
    std::atomic<bool> has_left_{false};
  };

  /// Null where there is no room.
  [[nodiscard]] std::shared_ptr<Place> enter();

  [[nodiscard]] std::size_t room() const;
  [[nodiscard]] std::size_t inside() const;
  /// How many found no room so far.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  std::shared_ptr<State> state_;  // shared with places
};

}  // namespace millrace::api
