#include "tools/audience_workload/rows.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "tools/audience_workload/authors.hpp"
#include "tools/audience_workload/phrases.hpp"
#include "tools/audience_workload/random_stream.hpp"
#include "tools/audience_workload/words.hpp"

#include <fmt/format.h>

namespace millrace::workload {
namespace {

enum RowStream : std::uint64_t { kFacts = 1, kContentText = 4, kTitleText = 5 };

// Returns seconds since the start of the first day. An hour has rows in proportion to its weight.
std::uint64_t seconds_since_start(const RowSet& set, std::uint64_t index) {
  constexpr std::array<std::uint64_t, 24> kWeights{4, 3, 3, 2, 2, 2, 2, 3, 4, 4, 4, 4,
                                                   5, 4, 4, 4, 4, 4, 5, 5, 6, 6, 6, 6};
  constexpr std::uint64_t kWeightedDay = 96 * 3600;
  const auto weighted = index * (set.days * kWeightedDay) / set.rows;
  auto rest = weighted % kWeightedDay;
  std::uint64_t hour = 0;
  while (rest >= kWeights[hour] * 3600) rest -= kWeights[hour++] * 3600;
  return weighted / kWeightedDay * 86'400 + hour * 3600 + rest / kWeights[hour];
}

std::string time_text(const RowSet& set, std::uint64_t index) {
  const auto seconds = seconds_since_start(set, index);
  const auto days = static_cast<int>(seconds / 86'400);
  const std::chrono::year_month_day day{set.start + std::chrono::days{days}};
  const auto second = seconds % 86'400;
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
                     second / 3600, second / 60 % 60, second % 60);
}

// Few authors write most: each class takes its share of the rows and has its part of the authors.
std::uint64_t pick_author(std::uint64_t rows, RandomStream& facts) {
  const auto authors = std::max<std::uint64_t>(1, rows / 10);
  const auto share = facts.below(100);
  const std::uint64_t part = share < 50 ? 1 : share < 80 ? 20 : share < 95 ? 400 : 8000;
  return facts.below(std::max<std::uint64_t>(1, authors / part));
}

std::uint64_t content_length(RandomStream& facts) {
  struct Bucket {
    std::uint64_t end, lowest, highest;  // below(1000) < end; characters
  };
  constexpr std::array<Bucket, 8> kBuckets{{{250, 5, 29},
                                            {500, 30, 59},
                                            {750, 60, 149},
                                            {850, 150, 299},
                                            {950, 300, 699},
                                            {990, 700, 1499},
                                            {999, 1500, 2999},
                                            {1000, 3000, 20'000}}};
  const auto drawn = facts.below(1000);
  const auto bucket = std::find_if(kBuckets.begin(), kBuckets.end(),
                                   [drawn](const Bucket& one) { return drawn < one.end; });
  return bucket->lowest + facts.below(bucket->highest - bucket->lowest + 1);
}

// Mostly Chinese, some Latin, some with an address in front; one in eight holds a phrase.
std::u32string make_content(const RowSet& set, std::uint64_t index, RandomStream& facts) {
  const auto length = content_length(facts);
  const auto kind = facts.below(100);
  RandomStream words{set.seed, kContentText, index};
  std::u32string text;
  if (kind >= 80 && kind < 95) {
    append_latin(text, length, words);
  } else {
    if (kind >= 95) {
      text = U"https://example.com/";
      for (int i = 0; i < 8; ++i) text += handle_letter(words.below(34));
      text += U' ';
    }
    append_chinese(text, length, words);
  }
  if (facts.below(100) < 12) {
    const auto phrase = facts.below(kPhrases);
    const auto place = facts.below(text.size() + 1);
    text.insert(place, make_phrase(phrase, facts));
  }
  return text;
}

}  // namespace

Row make_row(const RowSet& set, std::uint64_t index) {
  RandomStream facts{set.seed, kFacts, index};
  const bool has_author = facts.below(1000) >= 2;
  auto author = make_author(set.seed, pick_author(set.rows, facts));
  Row row;
  row.id = fmt::format("{}_SYNROW", 1'577'836'800'000 + index);
  row.s_area_id = fmt::format("{}_{:03}", author.s_id, facts.below(500));
  row.s_id = std::move(author.s_id);
  if (has_author) row.author = std::move(author.name);
  row.post_time = time_text(set, index);
  if (!set.has_content) {
    row.content.emplace();
    return row;
  }
  RandomStream words{set.seed, kTitleText, index};
  std::u32string title;
  append_chinese(title, facts.below(31), words);
  row.title = to_utf8(title);
  if (facts.below(1000) >= 1) row.content = to_utf8(make_content(set, index, facts));
  return row;
}

void append_tsv(std::string& out, const Row& row) {
  const auto nullable = [](const std::optional<std::string>& text) -> std::string_view {
    return text ? std::string_view{*text} : std::string_view{"\\N"};
  };
  fmt::format_to(std::back_inserter(out), "{}\t{}\t{}\t{}\t{}\t{}\t{}\n", row.id, row.s_id,
                 row.s_area_id, nullable(row.author), row.title, nullable(row.content),
                 row.post_time);
}

}  // namespace millrace::workload
