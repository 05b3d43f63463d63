#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/recent_table.hpp"
#include "engine/catalog/database.hpp"

namespace millrace {

/// SQL whose answer is one column of integers: how many rows meet conditions, or which.
struct Question {
  std::string sql;
  std::vector<SqlValue> values;
};

/// Answers about rows that only changes write (is_changeable), kept for as long as their revision
/// stands, which is named (revision_of). Holds for several engines at one database, which share the
/// revisions. [any thread]
class AnswerCache {
 public:
  using Numbers = std::shared_ptr<const std::vector<std::int64_t>>;
  static constexpr std::size_t kMostBytes = 64 * 1024 * 1024;

  explicit AnswerCache(std::size_t most_bytes = kMostBytes) : most_bytes_{most_bytes} {}

  /// Returns the answer, and keeps it.
  Result<Numbers> ask(Connection& connection, std::string_view revision, const Question& question);
  /// Ids, and the revision that they were read at or behind.
  struct Known {
    std::int64_t revision = 0;
    Numbers numbers;  // null: not known, or too long to be kept
  };
  /// Returns what all answers have in common, in order; of a single one its answer, in its own
  /// order. Where they are known since an earlier revision they may be out of date.
  Known recall(std::string_view revision, std::span<const Question> questions);
  /// The same as of now, of a single question that comes for the second time since the last change,
  /// or of several. A long answer is worth its reading only when it is used again; of several
  /// questions, which are asked for at once, a list is at the most kMostListed long.
  Result<Known> ask_again(Connection& connection, std::string_view revision,
                          std::span<const Question> questions);

  /// Ids of one of several lists, which ask for one more to say that they are too long.
  static constexpr std::size_t kMostListed = 20'000;

 private:
  static constexpr std::size_t kMostNumbers = 1'000'000;  // of one answer
  static constexpr std::size_t kLongestKey = 4'096;       // bytes; a longer question is never kept
  static constexpr std::size_t kEntryBytes = 256;  // of an entry, besides its key and its numbers

  struct Answer {
    std::int64_t revision = 0;  // for which it stands; an older one is as good as none
    Numbers numbers;            // null: asked once
    bool is_too_long = false;   // to be kept: its rows are better read as they are needed
  };
  enum class Use {
    Once,   // its answer is wanted now
    Again,  // ... only where it was asked before
    List    // one of several lists, which is sorted
  };

  static std::size_t bytes_of(const std::string& key, const Answer& answer);
  Result<Numbers> answer(Connection& connection, std::string_view revision, std::int64_t now,
                         const Question& question, Use use);
  void keep(const std::string& key, Answer answer);

  const std::size_t most_bytes_;
  std::mutex mutex_;  // guards all below
  std::size_t bytes_ = 0;
  RecentTable<Answer> answers_{most_bytes_ / kEntryBytes + 1};  // by revision and question
};

}  // namespace millrace
