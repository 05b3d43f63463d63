#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
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
  /// The same for a question that comes for the second time since the last change; null for one
  /// that comes for the first, and where the answer is too long to be kept. A long answer is worth
  /// its reading only when it is used again.
  Result<Numbers> ask_again(Connection& connection, std::string_view revision,
                            const Question& question);

 private:
  static constexpr std::size_t kMostNumbers = 1'000'000;  // of one answer
  static constexpr std::size_t kLongestKey = 4'096;       // bytes; a longer question is never kept
  static constexpr std::size_t kEntryBytes = 256;  // of an entry, besides its key and its numbers

  struct Answer {
    std::int64_t revision = 0;  // for which it stands; an older one is as good as none
    Numbers numbers;            // null: asked once
    bool is_too_long = false;   // to be kept: its rows are better read as they are needed
  };

  static std::size_t bytes_of(const std::string& key, const Answer& answer);
  Result<Numbers> answer(Connection& connection, std::string_view revision,
                         const Question& question, bool at_once);
  void keep(const std::string& key, Answer answer);

  const std::size_t most_bytes_;
  std::mutex mutex_;  // guards all below
  std::size_t bytes_ = 0;
  RecentTable<Answer> answers_{most_bytes_ / kEntryBytes + 1};  // by revision and question
};

}  // namespace millrace
