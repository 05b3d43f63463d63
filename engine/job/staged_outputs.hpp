#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "engine/job/lease_guard.hpp"
#include "engine/store/store.hpp"

namespace millrace {

/// The staged objects of one job or inline run: writers that stay open until its end, when all
/// become visible or none. [any worker]
class StagedOutputs {
 public:
  /// With a guard, nothing reaches the store once its lease is over. It outlives this.
  StagedOutputs(Store& store, std::string owner, LeaseGuard* guard)
      : store_{store}, owner_{std::move(owner)}, guard_{guard} {}

  /// Opens a staged object. One writer for an address: a second is Conflict.
  Result<ObjectWriter*> stage(Uri uri);
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::vector<std::string> uris() const;

  /// Closes all writers. Nothing more may be written.
  void close();
  /// Makes all visible, one after the other, or just `only`. May be called again after a failure.
  Result<void> publish(std::string_view only = {});
  /// Removes all but `except`.
  Result<void> discard(std::string_view except = {});

 private:
  struct Output {
    Uri uri;
    std::unique_ptr<ObjectWriter> writer;
  };

  Store& store_;
  const std::string owner_;
  LeaseGuard* const guard_;   // null: nobody else can do the same run
  mutable std::mutex mutex_;  // guards outputs_
  std::vector<Output> outputs_;
};

}  // namespace millrace
