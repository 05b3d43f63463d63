#pragma once

#include <cstdint>
#include <string_view>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Returns how often rows behind the revision `name` were changed (revision_of); grows with each
/// change.
Result<std::int64_t> read_revision(Connection& connection, std::string_view name);

/// While one of these lives, its thread reads each revision once, of one catalog: what a request
/// asks is answered as it was when it began to ask, or later, and each change of its own is seen.
/// Of nested ones the outermost counts. [the thread that made it]
class RevisionsOfThread {
 public:
  RevisionsOfThread();
  ~RevisionsOfThread();
  RevisionsOfThread(const RevisionsOfThread&) = delete;
  RevisionsOfThread& operator=(const RevisionsOfThread&) = delete;

  /// Notes a revision that was read otherwise; the later one counts.
  static void note(std::string_view name, std::int64_t revision);
  /// Called after a change: they are read anew.
  static void forget();
};

/// Returns the revision that this thread knows, or reads it.
Result<std::int64_t> known_revision(Connection& connection, std::string_view name);

/// Begins a change, within a transaction: waits for those of other engines at the database that
/// have the same revision.
Result<void> next_revision(Connection& connection, std::string_view name);

/// Waits for changes that have the same revision, within a transaction, whose end others wait for.
/// What is read then is neither older than a change that is under way nor younger than its begin.
Result<void> hold_revision(Connection& connection, SqlDialect dialect, std::string_view name);

}  // namespace millrace
