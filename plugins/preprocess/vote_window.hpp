#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/external_sort.hpp>

#include "plugins/preprocess/vote_rules.hpp"

namespace millrace::preprocess {

/// A row that gives its author a panel.
struct Vote {
  std::string_view table, author, panel;
  std::int64_t time = 0;
  std::string_view id;  // bytes whose order is that of the ids
};

/// The votes of rows that are cleaned together: for each table, author and panel how many rows
/// there were, and the one that survives. What memory does not hold goes to scratch of the job.
/// [one thread at a time]
class VoteWindow {
 public:
  /// `tables` come first in the order of what survives, the others behind them by code point.
  /// `secret` is one of hash_secret().
  VoteWindow(VoteRules rules, const std::vector<std::string>& tables, std::size_t memory_bytes,
             std::uint64_t secret);
  ~VoteWindow();
  VoteWindow(const VoteWindow&) = delete;
  VoteWindow& operator=(const VoteWindow&) = delete;

  /// Counts a vote. `append_row` writes the bytes of the row into a text, and is called when this
  /// row survives all before it: it is later, or as late with an id that is not smaller.
  template <class AppendRow>
  void add(Context& context, const Vote& vote, AppendRow append_row) {
    if (std::string* const row = count(context, vote)) {
      const auto before = row->capacity();
      row->clear();
      append_row(*row);
      bytes_ += row->capacity() - before;
    }
  }
  [[nodiscard]] bool empty() const { return entries_.empty() && spilled_ == nullptr; }

  /// What survives of one author and panel. The view lives until the next call.
  struct Survivor {
    std::string_view row;
    std::int64_t votes = 0;
  };
  /// Ends the adding, and gives what survives, by table, time and id. False when all is given: then
  /// the next votes may be added.
  bool next(Context& context, Survivor& survivor);
  [[nodiscard]] bool is_giving() const { return is_giving_; }
  /// Pairs of author and panel that went since the last call, since they contradicted others.
  [[nodiscard]] std::int64_t take_contradicted() { return std::exchange(contradicted_, 0); }

  /// Text of hexadecimal digits and blanks; nothing while texts and rows have more than
  /// `max_bytes`, or some are on the disk, or what survives is being given.
  [[nodiscard]] std::optional<std::string> snapshot(std::size_t max_bytes) const;
  /// Before the first vote. Throws Failure with DataInvalid.
  void restore(std::string_view state);

 private:
  struct Entry {
    std::string table, author, panel;
    std::int64_t votes = 0, time = 0;
    std::string id, row;
    std::uint64_t rank = 0;  // of the table
    [[nodiscard]] bool is_survived_by(std::int64_t later, std::string_view later_id) const {
      return later > time || (later == time && later_id >= id);
    }
  };
  struct Index;

  std::string* count(Context& context, const Vote& vote);
  void add_entry(Entry entry);
  void spill(Context& context);
  void settle_in_memory();
  void settle_on_disk(Context& context);
  void clear();
  [[nodiscard]] std::uint64_t rank_of(std::string_view table) const;
  /// Calls keep(i) for those of one author's entries that stay; they come by panel.
  template <class EntryAt, class Keep>
  void resolve(std::size_t entries, EntryAt entry_at, Keep keep);

  const VoteRules rules_;
  TextMap<std::uint64_t> ranks_;  // of the tables that were listed
  const std::size_t memory_bytes_;
  const std::uint64_t secret_;
  std::vector<Entry> entries_;
  std::unique_ptr<Index> index_;  // of entries_
  std::size_t bytes_ = 0;         // of entries_
  bool is_giving_ = false;
  std::int64_t contradicted_ = 0;
  std::vector<std::uint32_t> order_;                // of the entries that survive
  std::size_t given_ = 0;                           // of them
  std::unique_ptr<ExternalSort> spilled_, sorted_;  // null: all is in memory
};

}  // namespace millrace::preprocess
