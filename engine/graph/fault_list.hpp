#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plugin/fault.hpp"

namespace millrace {

/// Collects the faults of one step: each kind up to a limit, and how many more there were, so that
/// a document that is wrong in a million places does not answer with a million texts. [one thread]
class FaultList {
 public:
  static constexpr std::size_t kMaxOfKind = 100;

  /// Adds to `faults`, which must outlive this.
  explicit FaultList(std::vector<Fault>& faults) : faults_{faults} {}
  /// Adds the counts of what was left out.
  ~FaultList();
  FaultList(const FaultList&) = delete;
  FaultList& operator=(const FaultList&) = delete;

  void add(std::string_view kind, std::string pointer, std::string message);
  /// How many faults this list was told of, kept or not.
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::vector<Fault>& faults_;
  std::map<std::string, std::size_t, std::less<>> of_kind_;
  std::size_t count_ = 0;
};

}  // namespace millrace
