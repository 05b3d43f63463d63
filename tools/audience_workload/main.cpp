// millrace_audience_workload: makes the table, the keywords and the patterns that audience tasks
// are tested and measured with; the same options give the same bytes on every machine. Exit codes:
// 0 done, 1 it cannot be written, 2 wrong use.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <CLI/CLI.hpp>

#include "tools/audience_workload/keywords.hpp"
#include "tools/audience_workload/patterns.hpp"
#include "tools/audience_workload/rows.hpp"
#include "tools/audience_workload/rule_text.hpp"
#include "tools/audience_workload/write_rows.hpp"

namespace {

namespace workload = millrace::workload;

constexpr int kFailed = 1;
constexpr int kUsage = 2;

// Reads YYYY-MM-DD.
std::optional<std::chrono::sys_days> read_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t first, std::size_t length) {
    int value = -1;
    const auto* end = text.data() + first + length;
    return std::from_chars(text.data() + first, end, value).ptr == end ? value : -1;
  };
  const int year = number(0, 4);
  const int month = number(5, 2);
  const int day = number(8, 2);
  if (year < 1 || month < 1 || day < 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date};
}

std::string date_fault(const std::string& text) {
  return read_date(text) ? std::string{} : "takes a day as YYYY-MM-DD: " + text;
}

// CLI11 takes what does not fit for its neighbour.
std::string seed_fault(const std::string& text) {
  std::uint64_t seed = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, fault] = std::from_chars(text.data(), end, seed);
  if (fault == std::errc{} && rest == end) return {};
  return "takes a whole number from 0 to 18446744073709551615: " + text;
}

struct Options {
  std::string output, format = "tsv", start = "2020-01-01", content = "on";
  std::uint64_t rows = 0, days = 0, seed = 1;
  std::uint64_t keywords = workload::kUsualKeywords;
  std::uint64_t patterns = workload::kUsualPatterns;
  unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, workload::kMaxThreads);
};

// Calls `write` with the file that was asked for, or with the standard output.
int write_out(const std::string& path, const std::function<bool(std::ostream&)>& write) {
  const bool to_file = !path.empty() && path != "-";
  std::ofstream file;
  if (to_file) file.open(path, std::ios::binary | std::ios::trunc);
  if (file.good() && write(to_file ? file : std::cout)) return 0;
  std::cerr << "millrace_audience_workload: cannot be written: "
            << (to_file ? path : "standard output") << '\n';
  return kFailed;
}

int write_text(const std::string& path, const std::string& text) {
  return write_out(path, [&text](std::ostream& out) { return (out << text).flush().good(); });
}

int make_rows(const Options& options) {
  workload::RowSet set;
  set.rows = options.rows;
  set.seed = options.seed;
  set.start = *read_date(options.start);
  set.days = options.days > 0 ? options.days : workload::usual_days(options.rows);
  set.has_content = options.content == "on";
  constexpr std::chrono::sys_days kLastDay{std::chrono::year{9999} / 12 / 31};
  if (set.start + std::chrono::days{set.days - 1} > kLastDay) {
    std::cerr << "millrace_audience_workload: --start: the last day is after 9999-12-31: "
              << options.start << " and " << set.days << " days\n";
    return kUsage;
  }
  return write_out(options.output, [&](std::ostream& out) {
    return workload::write_rows(set, options.threads, out);
  });
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app{"Makes the table and the rules that audience tasks are tested and measured with."};
  app.require_subcommand(1);
  Options options;
  const auto add_output = [&options](CLI::App* command) {
    command->add_option("--output", options.output, "File to write; default: standard output");
  };
  const auto add_seed = [&options](CLI::App* command) {
    command->add_option("--seed", options.seed, "Other numbers, other bytes; default: 1")
        ->check(seed_fault, "NUMBER");
  };
  const auto add_format = [&options](CLI::App* command) {
    command
        ->add_option("--format", options.format,
                     "tsv: a line for each rule; json: the rule set that a task takes")
        ->check(CLI::IsMember({"tsv", "json"}));
  };

  auto* rows = app.add_subcommand(
      "gen", "Writes rows: id, s_id, s_area_id, author, title, content, post_time");
  rows->add_option("--rows", options.rows, "How many")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, workload::kMaxRows));
  add_seed(rows);
  rows->add_option("--start", options.start, "The first day; default: 2020-01-01")
      ->check(date_fault, "YYYY-MM-DD");
  rows->add_option("--days", options.days, "Over how many days; default: one for 107,354 rows")
      ->check(CLI::Range(std::uint64_t{1}, workload::kMaxDays));
  rows->add_option("--content", options.content, "off: title and content are empty; default: on")
      ->check(CLI::IsMember({"on", "off"}));
  rows->add_option("--threads", options.threads, "Threads that make rows; default: one a core")
      ->check(CLI::Range(1u, workload::kMaxThreads));
  add_output(rows);

  auto* keywords = app.add_subcommand("gen-keywords", "Writes keywords: label, keyword, type");
  keywords->add_option("--count", options.keywords, "How many; default: 4700")
      ->check(CLI::Range(std::uint64_t{1}, workload::kMaxKeywords));
  add_seed(keywords);
  add_format(keywords);
  add_output(keywords);

  auto* patterns = app.add_subcommand("gen-patterns", "Writes regular expressions: label, pattern");
  patterns->add_option("--count", options.patterns, "How many; default: 60, one for each phrase")
      ->check(CLI::Range(std::uint64_t{1}, workload::kMaxPatterns));
  add_format(patterns);
  add_output(patterns);

  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (rows->parsed()) return make_rows(options);
  const auto write_rules = [&options](const auto& rules) {
    return write_text(options.output, options.format == "json" ? workload::to_rule_set(rules)
                                                               : workload::to_tsv(rules));
  };
  if (keywords->parsed())
    return write_rules(workload::make_keywords(options.seed, options.keywords));
  return write_rules(workload::make_patterns(options.patterns));
}
