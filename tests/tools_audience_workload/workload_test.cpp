// The workload's bytes are fixed: figures that were measured with it can be measured again.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/sha1.hpp"
#include "engine/base/utf8.hpp"
#include "tools/audience_workload/phrases.hpp"
#include "tools/audience_workload/rule_text.hpp"
#include "tools/audience_workload/source_ids.hpp"
#include "tools/audience_workload/words.hpp"
#include "tools/audience_workload/write_rows.hpp"

using namespace millrace;
using namespace millrace::workload;

namespace {

constexpr std::chrono::sys_days kStart{std::chrono::year{2020} / 1 / 1};

RowSet usual_rows(std::uint64_t rows, bool has_content) {
  return {rows, 1, kStart, usual_days(rows), has_content};
}

std::string tsv(const RowSet& set, unsigned threads) {
  std::ostringstream out;
  REQUIRE(write_rows(set, threads, out));
  return std::move(out).str();
}

std::string digest(const std::string& text) { return to_hex(sha256(text)); }

// A stream that takes so many bytes, as a disk that is full then.
class SmallBuffer final : public std::streambuf {
 public:
  explicit SmallBuffer(std::streamsize room) : room_{room} {}

 private:
  std::streamsize xsputn(const char*, std::streamsize count) override {
    const auto taken = std::min(count, room_);
    room_ -= taken;
    return taken;
  }
  int_type overflow(int_type) override { return traits_type::eof(); }

  std::streamsize room_;
};

}  // namespace

TEST_CASE("rows have the bytes of the published check values, with any number of threads",
          "[workload]") {
  const unsigned threads = GENERATE(1U, 3U, 8U);
  CHECK(digest(tsv(usual_rows(1'000, true), threads)) ==
        "3dca3bf0f4a652f4f0b155a7796a538fdb3b5ccb0d06d8dd7abba4bc8cd8a7a0");
  CHECK(digest(tsv(usual_rows(1'000, false), threads)) ==
        "1fa61fbe72272029529fb13a30edeed75cca038443b1d38e1b9728d652e66a38");
  CHECK(digest(tsv(usual_rows(20'000, true), threads)) ==
        "eeab034e8e6d22da95989c455b9c4bc3b1a564f5aaf5e00de2c74632fc96a34c");
  CHECK(digest(tsv(usual_rows(200'000, false), threads)) ==
        "c4f7b0f3f5c5af628c022b549905efb6d323ebe02415109481100338af8b50ae");
}

TEST_CASE("keywords have the bytes of the published check values", "[workload]") {
  const std::map<std::uint64_t, std::string> values{
      {100, "5685ef1be30a5134bdec46ffa8a86aeff5f7a6a4a6be9f7bb817a630e5116c8d"},
      {4'700, "edb5c6233b4ce790f314eafff28d60188746069891d07ecbfd63c4ae53cee150"},
      {50'000, "b6a91d5729110cdacf46df60cc432fbf5e5b04aaaca81c77cee26659fe6161c6"}};
  for (const auto& [count, value] : values) CHECK(digest(to_tsv(make_keywords(1, count))) == value);
}

TEST_CASE("a row is made alone, and is the one of its set", "[workload]") {
  const auto set = usual_rows(10'000, true);
  const auto text = tsv(set, 2);
  std::istringstream lines{text};
  std::string line;
  for (std::uint64_t index = 0; std::getline(lines, line); ++index) {
    if (index % 997 != 0) continue;
    std::string alone;
    append_tsv(alone, make_row(set, index));
    CHECK(alone == line + '\n');
  }
}

TEST_CASE("rows are what a table takes: UTF-8, ascending times, nothing to escape", "[workload]") {
  const auto set = usual_rows(20'000, true);
  std::string last;
  std::int64_t no_author = 0, no_content = 0;
  for (std::uint64_t index = 0; index < set.rows; ++index) {
    const auto row = make_row(set, index);
    for (const auto& text : {row.id, row.s_id, row.s_area_id, row.author.value_or(""), row.title,
                             row.content.value_or("")}) {
      REQUIRE(is_utf8(text));
      REQUIRE(text.find_first_of("\t\n\r\\") == std::string::npos);
    }
    REQUIRE(row.post_time.size() == 19);
    REQUIRE(row.post_time >= last);
    last = row.post_time;
    no_author += row.author ? 0 : 1;
    no_content += row.content ? 0 : 1;
  }
  CHECK(make_row(set, 0).post_time == "2020-01-01 00:00:00");
  CHECK(last < "2020-01-02");
  CHECK(no_author > 0);
  CHECK(no_content > 0);
}

TEST_CASE("the largest set stays within its days, and has no overflow", "[workload]") {
  RowSet set{kMaxRows, ~std::uint64_t{0}, std::chrono::sys_days{std::chrono::year{9899} / 1 / 1},
             36'524, false};
  CHECK(make_row(set, 0).post_time == "9899-01-01 00:00:00");
  CHECK(make_row(set, kMaxRows - 1).post_time == "9998-12-31 23:59:57");
  set.rows = 1;
  CHECK(make_row(set, 0).id == "1577836800000_SYNROW");
}

TEST_CASE("another seed gives other rows", "[workload]") {
  auto set = usual_rows(100, true);
  const auto first = tsv(set, 1);
  set.seed = 2;
  CHECK(tsv(set, 1) != first);
}

TEST_CASE("who cannot write all rows says so, and every thread ends", "[workload]") {
  const auto set = usual_rows(100'000, false);
  for (const std::streamsize room : {0, 10, 400'000}) {
    SmallBuffer buffer{room};
    std::ostream out{&buffer};
    CHECK_FALSE(write_rows(set, 8, out));
  }
}

TEST_CASE("sources with many sites have them all, in order", "[workload]") {
  CHECK(forum_ids().size() == 171);
  CHECK(news_ids().size() == 470);
  CHECK(blog_ids().size() == 43);
  std::set<std::string> all;
  for (const auto* ids : {&forum_ids(), &news_ids(), &blog_ids()}) {
    CHECK(std::is_sorted(ids->begin(), ids->end()));
    all.insert(ids->begin(), ids->end());
  }
  CHECK(all.size() == 171 + 470 + 43);
}

TEST_CASE("keywords come by label, and begin with the titles", "[workload]") {
  const auto keywords = make_keywords(1, 9);
  REQUIRE(keywords.size() == 9);
  CHECK(keywords[0].text == "先生");
  CHECK(keywords[5].label == "女性");
  CHECK(keywords[5].text == "小姐");
  CHECK(make_keywords(1, 1).size() == 1);
  CHECK(to_tsv(make_keywords(2, 100)) != to_tsv(make_keywords(1, 100)));
}

TEST_CASE("patterns are written for their phrases", "[workload]") {
  const auto patterns = make_patterns(kUsualPatterns);
  REQUIRE(patterns.size() == kUsualPatterns);
  const auto stem = [](std::uint64_t p) { return to_utf8(phrase_stem(p)); };
  CHECK(patterns[0].label == "男性");
  CHECK(patterns[0].text == stem(0) + "|" + to_utf8(other_phrase_stem(0)));
  CHECK(patterns[20].label == "女性");
  CHECK(patterns[27].text == stem(22) + ".{0,3}([一兩三]|[1-3])年");
  CHECK(patterns[59].label == "學生");
  CHECK(patterns[59].text == "(?<!不)" + stem(59) + "(?!嗎)");
  for (const auto& pattern : make_patterns(kMaxPatterns)) CHECK(is_utf8(pattern.text));
}

TEST_CASE("rules are written as a task takes them", "[workload]") {
  const auto keywords = Json::parse(to_rule_set(make_keywords(1, 4)));
  CHECK(keywords == Json::parse(R"({"男性": [["先生", "partially"], ["哥", "end"]],
                                    "女性": [["小姐", "partially"], ["姐", "end"]]})"));
  CHECK(keywords.begin().key() == "男性");
  const auto patterns = Json::parse(to_rule_set(make_patterns(4)));
  CHECK(patterns["男性"].size() == 2);
  CHECK(patterns["學生"].size() == 1);
  CHECK(patterns["女性"][0].is_string());
}
