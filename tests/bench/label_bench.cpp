// What giving labels by keywords costs, without reading and writing rows: the matcher of
// label.keyword against the bare Vectorscan library, called row by row with the same keywords of
// type partially, on one core in turn. The matcher does more: it lower-cases, looks for starts,
// ends and equality, and chooses. Usage: label_bench [KEYWORDS] [ROWS]   (2000 and 500,000)
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/label/keyword_matcher.hpp"
#include "plugins/label/lower.hpp"
#include "tools/audience_workload/keywords.hpp"
#include "tools/audience_workload/rows.hpp"

#include <fmt/format.h>
#include <hs/hs.h>

namespace {

using namespace millrace;

constexpr std::size_t kBytesOfRow = 73;
constexpr std::int64_t kRowsOfBatch = 8192;
constexpr int kRounds = 5;

// Processor time of this thread in nanoseconds: what others do on the machine does not count.
double thread_time_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// Texts as they are posted, cut to 73 bytes at most, between characters; many are shorter.
std::vector<std::string> make_texts(std::uint64_t rows) {
  const workload::RowSet set{.rows = rows, .days = workload::usual_days(rows)};
  std::vector<std::string> texts;
  for (std::uint64_t row = 0; row < rows; ++row) {
    const auto text = workload::make_row(set, row).content.value_or("");
    std::size_t size = std::min(text.size(), kBytesOfRow);
    while (size > 0 && size < text.size() &&
           (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
      --size;
    texts.push_back(text.substr(0, size));
  }
  return texts;
}

label::KeywordRules make_rules(std::uint64_t count) {
  label::KeywordRulesBuilder builder{{.max_keywords = count}};
  std::string_view current;
  for (const auto& keyword : workload::make_keywords(1, count)) {
    if (keyword.label != current) builder.begin_label(keyword.label);
    current = keyword.label;
    builder.begin_rule();
    builder.keyword(keyword.text);
    builder.type(keyword.type);
    builder.end_rule();
  }
  return builder.take();
}

std::vector<Batch> make_batches(const std::vector<std::string>& texts) {
  std::vector<Batch> batches;
  for (std::size_t row = 0; row < texts.size();) {
    Builder<std::string_view> column;
    for (; column.size() < kRowsOfBatch && row < texts.size(); ++row) {
      column.append(std::string_view{texts[row]});
    }
    batches.push_back(Batch{}.with("text", std::move(column)));
  }
  return batches;
}

// The library alone.
class Bare {
 public:
  explicit Bare(const label::KeywordRules& rules) {
    for (const auto& rule : rules.rules) {
      if (rule.matches.has(label::Match::Partially))
        keywords_.push_back(label::lower(rule.keyword));
    }
    std::vector<const char*> texts;
    std::vector<std::size_t> sizes;
    std::vector<unsigned> numbers;
    for (const auto& keyword : keywords_) {
      numbers.push_back(static_cast<unsigned>(texts.size()));
      texts.push_back(keyword.data());
      sizes.push_back(keyword.size());
    }
    const std::vector<unsigned> flags(texts.size(), HS_FLAG_SINGLEMATCH);
    hs_compile_error_t* error = nullptr;
    const auto status = hs_compile_lit_multi(texts.data(), flags.data(), numbers.data(),
                                             sizes.data(), static_cast<unsigned>(texts.size()),
                                             HS_MODE_BLOCK, nullptr, &database_, &error);
    if (status != HS_SUCCESS || hs_alloc_scratch(database_, &scratch_) != HS_SUCCESS) std::abort();
  }
  ~Bare() {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  // How many rows have a keyword.
  std::int64_t run(const std::vector<std::string>& texts) {
    std::int64_t rows = 0;
    for (const auto& text : texts) {
      std::int64_t hits = 0;
      const auto count = [](unsigned, unsigned long long, unsigned long long, unsigned,
                            void* found) {
        ++*static_cast<std::int64_t*>(found);
        return 0;
      };
      hs_scan(database_, text.data(), static_cast<unsigned>(text.size()), 0, scratch_, count,
              &hits);
      rows += hits > 0 ? 1 : 0;
    }
    return rows;
  }

 private:
  std::vector<std::string> keywords_;
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};

// Rows a second of one run.
double rows_per_second(std::size_t rows, const std::function<void()>& run) {
  const double begin = thread_time_ns();
  run();
  return static_cast<double>(rows) * 1e9 / (thread_time_ns() - begin);
}

}  // namespace

int main(int argc, char** argv) {
  const auto keywords = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2000;
  const auto rows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 500'000;
  const auto texts = make_texts(rows);
  const auto batches = make_batches(texts);
  const auto rules = make_rules(keywords);
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size();

  Bare bare{rules};
  const double begin = thread_time_ns();
  const auto index =
      std::make_shared<const label::KeywordIndex>(rules, label::KeywordIndex::Target::Label);
  const double compile_ms = (thread_time_ns() - begin) / 1e6;
  label::KeywordMatcher matcher{index, [] { return false; }};
  std::vector<label::Choice> choices;

  double best_bare = 0, best_ours = 0;
  std::int64_t bare_hits = 0, labelled = 0;
  for (int round = 0; round < kRounds; ++round) {
    best_bare = std::max(best_bare, rows_per_second(rows, [&] { bare_hits = bare.run(texts); }));
    best_ours = std::max(best_ours, rows_per_second(rows, [&] {
                           labelled = 0;
                           for (const auto& batch : batches) {
                             matcher.match(batch.column<std::string_view>("text"), choices);
                             labelled +=
                                 std::count_if(choices.begin(), choices.end(),
                                               [](const auto& one) { return one.count > 0; });
                           }
                         }));
  }
  fmt::print("{} keywords, {} rows of {:.1f} bytes, compiled in {:.0f} ms\n", keywords, rows,
             static_cast<double>(bytes) / static_cast<double>(rows), compile_ms);
  fmt::print("bare library, row by row {:>12.0f} rows/s  ({} rows with a keyword)\n", best_bare,
             bare_hits);
  fmt::print("label.keyword            {:>12.0f} rows/s  ({} rows with a label)\n", best_ours,
             labelled);
  fmt::print("ratio                    {:>12.2f}\n", best_ours / best_bare);
}
