#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/job/lease_guard.hpp"
#include "engine/plugin/services.hpp"
#include "engine/store/blobs.hpp"

namespace millrace {

class Store;

/// The contents that one run makes, staged as "blob:" until each is whole and gets its name. What
/// was not sealed leaves nothing. [any worker; a writer one thread at a time; blocks]
class RunContents {
 public:
  static constexpr std::size_t kMost = 10'000;   // of one run
  static constexpr std::size_t kMostOpen = 256;  // of them not sealed yet

  /// Notes what is about to be a content, so that it stays for the run; false: nobody keeps such
  /// notes, and the run holds it until it ends.
  using Note = std::function<Result<bool>(std::string_view sha256)>;

  /// With a guard, nothing reaches the store once its lease is over. It and the store outlive this.
  RunContents(Store& store, LeaseGuard* guard, Note note);
  ~RunContents();
  RunContents(const RunContents&) = delete;
  RunContents& operator=(const RunContents&) = delete;

  /// Opens a new content. The writer lives as long as this.
  Result<ObjectWriter*> stage();
  /// Whether the run has sealed it.
  [[nodiscard]] bool has(std::string_view sha256) const;
  /// Drops what was not sealed, lets go of the rest, and returns the names of that. Nothing may be
  /// written any more.
  std::vector<std::string> close();

 private:
  class Writer;

  Result<void> check_lease() const;
  /// Counts a content that is to be staged; Exhausted when the run would have too many.
  Result<void> reserve();
  /// The same of bytes that are to be written.
  Result<void> charge(std::uint64_t bytes);
  Result<std::string> seal(BlobWriter& content);

  Store& store_;
  LeaseGuard* const guard_;  // null: nobody else can do the same run
  const Note note_;
  mutable std::mutex mutex_;  // guards all below
  std::vector<std::unique_ptr<Writer>> writers_;
  std::size_t made_ = 0, open_ = 0;
  std::uint64_t bytes_ = 0;
  std::unordered_set<std::string> sealed_;
  std::vector<BlobPin> held_;
};

}  // namespace millrace
