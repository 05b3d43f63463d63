#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "engine/job/lease_guard.hpp"
#include "engine/store/store.hpp"

namespace millrace {

/// The staged objects of one job or inline run: writers that stay open until its end, when all
/// become visible or none. Compares addresses by what they lead to, so that no output takes the
/// place of another or of a file that the run reads, however they are spelled. [any worker; publish
/// and discard by who ends the run]
class StagedOutputs {
 public:
  /// So many files that the run has read are remembered, about a megabyte; later ones are no longer
  /// told from outputs that are staged behind them.
  static constexpr std::size_t kMaxReads = 16'384;

  /// With a guard, nothing reaches the store once its lease is over. It outlives this.
  StagedOutputs(Store& store, std::string owner, LeaseGuard* guard)
      : store_{store}, owner_{std::move(owner)}, guard_{guard} {}

  /// Opens a staged object. One writer for an object: a second is Conflict, as is one for a file
  /// that the run has read.
  Result<ObjectWriter*> stage(Uri uri);
  /// Notes that the run reads an object. Conflict: it is one of its outputs.
  Result<void> note_read(const Uri& uri);
  /// Says Conflict to a put that would take the place of an output, or of a file that the run has
  /// read.
  Result<void> check_put(const Uri& uri) const;
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::vector<std::string> uris() const;

  /// Returns when all that was written before is on stable storage. Fails for good once the device
  /// has lost something of it.
  Result<void> sync();
  /// Closes all writers. Nothing more may be written.
  void close();
  /// Says whether all can become visible, the first fault where one cannot; changes nothing.
  Result<void> check_publish() const;
  /// Makes all visible, or just `only`. The first time, all are looked at before one is renamed, so
  /// a fault that can be foreseen leaves all as they were. Later ones do not keep the rest from
  /// being published: it is to be called again until it succeeds.
  Result<void> publish(std::string_view only = {});
  /// Says whether an output is visible, or may be: from then on the run can only end with all.
  [[nodiscard]] bool may_be_visible() const;
  /// Removes the stages of all but `except`; goes on behind a failure and returns the first.
  Result<void> discard(std::string_view except = {});

 private:
  struct Output {
    Uri uri;
    std::shared_ptr<StagedWriter> writer;  // shared with a sync under way; null: closed
    bool is_tried = false, is_published = false;
  };

  [[nodiscard]] std::vector<Output> chosen(std::string_view only) const;
  Result<void> reserve(const Uri& uri, const std::string& object);
  /// Under the lock.
  [[nodiscard]] Result<void> check_free(const Uri& uri, const std::string& object) const;
  Result<std::shared_ptr<StagedWriter>> open_stage(const Uri& uri);
  Result<void> publish_one(const Output& output);
  [[nodiscard]] Result<void> check_lease() const;

  Store& store_;
  const std::string owner_;
  LeaseGuard* const guard_;   // null: nobody else can do the same run
  mutable std::mutex mutex_;  // guards all below
  std::vector<Output> outputs_;
  std::unordered_set<std::string> targets_, reads_;  // what Store::identify() says of them
  std::optional<Error> fault_;                       // of a sync
};

}  // namespace millrace
