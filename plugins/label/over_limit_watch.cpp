#include "plugins/label/over_limit_watch.hpp"

#include <algorithm>

namespace millrace::label {

SearchLimits search_limits_of(const Params& params) {
  return {static_cast<std::uint64_t>(params.integer("match_limit", 10'000'000)),
          static_cast<std::uint64_t>(params.integer("heap_limit", 32 << 20))};
}

OverLimitWatch::OverLimitWatch(const CompiledRegexes& regexes, const Params& params)
    : regexes_{regexes},
      most_{params.number("max_over_limit", 0.001)},
      rows_over_of_(regexes.rules->rules().size(), 0) {}

void OverLimitWatch::add_row(Context& context, std::span<const std::uint32_t> over) {
  ++rows_;
  if (over.empty()) return;
  for (const auto rule : over) ++rows_over_of_[rule];
  ++rows_over_;
  auto sums = regexes_.tally->sums();
  sums.rows += rows_;
  sums.over += rows_over_;
  if (is_soon_over(sums)) end_batch(context);  // which fails
}

void OverLimitWatch::end_batch(Context& context) {
  const auto sums = regexes_.tally->add(rows_, rows_over_, rows_over_of_);
  const auto over = rows_over_;
  rows_ = rows_over_ = 0;
  if (over == 0) return;
  for (std::uint32_t rule = 0; rule < rows_over_of_.size(); ++rule) {
    if (rows_over_of_[rule] == 0) continue;
    context.log(Level::Warn, exceeded(rule) + " rows=" + std::to_string(rows_over_of_[rule]));
  }
  std::fill(rows_over_of_.begin(), rows_over_of_.end(), 0);
  context.count("rowsOverMatchLimit", over);
  if (is_soon_over(sums)) fail(sums);
}

void OverLimitWatch::finish() const {
  const auto sums = regexes_.tally->sums();
  if (is_over(sums, sums.rows)) fail(sums);
}

bool OverLimitWatch::is_over(const OverLimitTally::Sums& sums, std::int64_t rows) const {
  return static_cast<double>(sums.over) > most_ * static_cast<double>(rows);
}

// A few at the very beginning are no share yet; but what goes on like that ends soon.
bool OverLimitWatch::is_soon_over(const OverLimitTally::Sums& sums) const {
  constexpr std::int64_t kFewestRows = 10'000;
  return is_over(sums, std::max(sums.rows, kFewestRows));
}

std::string OverLimitWatch::exceeded(std::uint32_t rule) const {
  return regexes_.rules->name_of(rule) + " exceeded the match limit";
}

void OverLimitWatch::fail(const OverLimitTally::Sums& sums) const {
  throw Failure{MR_DATA_INVALID,
                exceeded(sums.worst) + ": searches did in " + std::to_string(sums.over) + " of " +
                    std::to_string(sums.rows) +
                    " rows, more than max_over_limit allows; make the pattern simpler"};
}

}  // namespace millrace::label
