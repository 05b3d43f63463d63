#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/params.hpp>

#include "plugins/augment/resolve.hpp"
#include "plugins/records/label_path.hpp"

namespace millrace::augment {

/// The most copies that a condition may ask for.
inline constexpr double kMaxCopies = 1000;

/// Decides how many copies of a record are made: the first condition that matches decides. Keeps
/// memory from one record to the next. [one thread at a time]
class CopyRules {
 public:
  /// Reads the parameters `condition` and `default`, which plan_copies() found good.
  explicit CopyRules(const Params& params);

  /// Returns the number asked for, with its fraction. `label` is the raw JSON of the record's
  /// labels, may be empty.
  [[nodiscard]] double wanted(std::string_view label);

  /// Returns how many of a `wanted` number this record gets: the fraction is a chance, drawn for
  /// "copies".
  static std::int64_t count(double wanted, const DrawFrom& from);

 private:
  struct Condition {
    records::LabelValues found;
    std::map<std::string, double, std::less<>> wanted;  // by value
    std::optional<double> any;                          // of "*"
  };
  static std::optional<double> match(Condition& condition, std::string_view label);

  std::vector<Condition> conditions_;
  double otherwise_;
};

/// Reports what is wrong with `condition`: label_path, then condition_form and condition_value.
void plan_copies(Context& context, const Params& params);

}  // namespace millrace::augment
