// How fast texts are searched for many patterns, as label.regex does on one core: 200 patterns of
// the audience workload on its generated contents, beside the same library that searches each text
// for one pattern after the other, as Python's re would have to. Prints rows/s of both, and the
// ratio. Usage: regex_bench [rows] [patterns]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <millrace/batch.hpp>

#include "plugins/label/lower_block.hpp"
#include "plugins/label/regex_rules.hpp"
#include "tools/audience_workload/patterns.hpp"
#include "tools/audience_workload/rows.hpp"

using namespace millrace;

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

Batch contents(std::uint64_t rows) {
  workload::RowSet set;
  set.rows = rows;
  set.start = std::chrono::sys_days{std::chrono::year{2020} / 1 / 1};
  set.days = workload::usual_days(rows);
  Builder<std::string_view> column;
  for (std::uint64_t i = 0; i < rows; ++i) {
    const auto row = workload::make_row(set, i);
    row.content ? column.append(std::string_view{*row.content}) : column.append_null();
  }
  return Batch{}.with("content", std::move(column));
}

std::vector<label::RegexLabel> labels(std::uint64_t patterns) {
  std::vector<label::RegexLabel> found;
  for (const auto& pattern : workload::make_patterns(patterns)) {
    if (found.empty() || found.back().name != pattern.label) {
      found.push_back({std::string{pattern.label}, {}});
    }
    found.back().patterns.push_back(pattern.text);
  }
  return found;
}

template <class Each>
void each_text(const Batch& batch, std::int64_t most, const Each& each) {
  const auto texts = batch.column<std::string_view>("content");
  label::LowerBlock block;
  for (std::int64_t row = 0; row < std::min(most, texts.size());) {
    row = block.fill(texts, row);
    for (std::size_t i = 0; i < block.rows(); ++i) each(block.text(i));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const std::uint64_t patterns = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200;
  const auto batch = contents(rows);

  auto begin = Clock::now();
  const auto rules =
      std::make_shared<const label::RegexRules>(labels(patterns), true, [] { return false; });
  std::printf("compiled %llu patterns in %.0f ms\n", static_cast<unsigned long long>(patterns),
              seconds_since(begin) * 1e3);

  label::RegexScan scan{rules, {}, [] { return false; }};
  std::uint64_t labelled = 0, hits = 0;
  begin = Clock::now();
  each_text(batch, batch.rows(), [&](std::string_view text) {
    scan.run(text);
    labelled += scan.found().empty() ? 0 : 1;
    hits += scan.found().size();
  });
  const double ours = static_cast<double>(batch.rows()) / seconds_since(begin);
  std::printf("ours: %.0f rows/s, %.1f %% labelled, %llu hits\n", ours,
              100.0 * static_cast<double>(labelled) / static_cast<double>(batch.rows()),
              static_cast<unsigned long long>(hits));

  // A tenth of the rows is enough for a mean.
  const std::int64_t few = std::max<std::int64_t>(batch.rows() / 10, 1);
  label::SearchMemory memory{{}};
  std::uint64_t found = 0;
  begin = Clock::now();
  each_text(batch, few, [&](std::string_view text) {
    memory.begin_text();
    for (const auto& rule : rules->rules()) {
      found += rule.search.search(text, memory) == label::SearchResult::Found ? 1 : 0;
    }
  });
  const double each = static_cast<double>(few) / seconds_since(begin);
  std::printf("one pattern after the other: %.0f rows/s; ratio %.1f\n", each, ours / each);
  return 0;
}
