#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/params.hpp>

#include "plugins/label/regex_source.hpp"

namespace millrace::label {

/// Returns what one search may take, of the parameters of rules that are patterns.
[[nodiscard]] SearchLimits search_limits_of(const Params& params);

/// Sees to it that rows in which a search went over the limits are never a silent non-match: they
/// are counted as `rowsOverMatchLimit`, each pattern is told of once for a batch, without the text,
/// and the run fails when they are more than the parameter `max_over_limit` allows. [one thread]
class OverLimitWatch {
 public:
  OverLimitWatch(const CompiledRegexes& regexes, const Params& params);

  /// Counts a row; `over` are the rules whose search went over the limits. Throws Failure with
  /// DataInvalid as soon as they are too many: the batch may have thousands more.
  void add_row(Context& context, std::span<const std::uint32_t> over);
  /// Throws Failure as above.
  void end_batch(Context& context);
  /// When all rows were seen. Throws Failure as above.
  void finish() const;

 private:
  [[nodiscard]] bool is_over(const OverLimitTally::Sums& sums, std::int64_t rows) const;
  [[nodiscard]] bool is_soon_over(const OverLimitTally::Sums& sums) const;
  [[nodiscard]] std::string exceeded(std::uint32_t rule) const;
  [[noreturn]] void fail(const OverLimitTally::Sums& sums) const;

  const CompiledRegexes regexes_;
  const double most_;                       // share of rows
  std::int64_t rows_ = 0, rows_over_ = 0;   // of this batch
  std::vector<std::int64_t> rows_over_of_;  // by rule, of this batch
};

}  // namespace millrace::label
