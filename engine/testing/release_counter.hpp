#pragma once

#include <vector>

#include <millrace/batch.hpp>

namespace millrace::testing {

/// Counts how often the pairs that go into an operator are released. Each must be, once, and by its
/// last owner.
class ReleaseCounter {
 public:
  /// Wraps a batch so that its releases are counted.
  Batch watch(Batch batch);
  [[nodiscard]] std::size_t watched() const { return pairs_.size(); }
  /// Pairs of which the array or the schema was not released so far.
  [[nodiscard]] std::size_t leaked() const;
  /// Pairs of which the array or the schema was released more than once.
  [[nodiscard]] std::size_t doubled() const;

  struct Pair;

 private:
  std::vector<const Pair*> pairs_;  // kept for ever: a faulty operator may release one at any time
};

}  // namespace millrace::testing
