#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/testing.hpp>

#include "engine/base/json.hpp"
#include "tests/sql/place.hpp"

namespace millrace::test {

/// A row as a table of posts has it, and as input.sql emits it.
struct Post {
  std::string id;
  std::optional<std::string> author;
  std::string time;         // "2021-01-01 06:00:00"
  std::int64_t window = 0;  // microseconds
  bool operator==(const Post&) const = default;
};

/// Reads a table as a run does: with input.sql, and with read.sql behind it where that emits
/// ranges. The database is called "data". [test's thread]
class Reading {
 public:
  Reading(const SqlPlace& place, const Json& params);
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  /// Goes on until the end, or for so many calls of the input.
  testing::Status run(std::int64_t most = 1'000'000);
  /// Where a job could go on now, as its checkpoint says it; nothing amid a window.
  [[nodiscard]] std::optional<std::string> place();
  [[nodiscard]] testing::OperatorHarness& input() { return input_; }
  [[nodiscard]] bool has_ranges() const { return ranges_ > 0; }
  [[nodiscard]] std::size_t ranges() const { return ranges_; }

  /// All rows so far. Throws std::runtime_error where there is no such column.
  [[nodiscard]] Batch rows() const;
  [[nodiscard]] std::vector<Post> posts() const;
  [[nodiscard]] std::int64_t count(const std::string& counter) const;

 private:
  testing::OperatorHarness input_, reader_;
  std::size_t seen_ = 0, ranges_ = 0;
  std::vector<std::pair<const testing::OperatorHarness*, std::size_t>> batches_;  // of rows
};

/// Parameters for a table "posts" that is read by time.
Json by_time(const std::string& from, const std::string& to, Json more = Json::object());

/// Makes "posts" (id, author, post_time), with an index on the time or without, and fills it.
void make_posts(const SqlPlace& place, const std::vector<Post>& posts, bool has_index);

/// Posts of some days from 2021-01-01 on, many of one time, in no order; every tenth without an
/// author. Ids are such that no collation has the order of their bytes.
std::vector<Post> some_posts(std::size_t count, std::uint64_t seed);

/// What is to come of them: those of the span, in order, with their windows.
std::vector<Post> expected(std::vector<Post> posts, const std::string& from, const std::string& to,
                           std::int64_t window_hours, bool is_closed = false);

}  // namespace millrace::test
