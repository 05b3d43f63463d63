#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace millrace::learn {

/// One line of a report.
struct Scores {
  double precision = 0, recall = 0, f1 = 0;
  std::int64_t support = 0;  // rows whose truth has the label
};

/// How well labels were predicted, equal to scikit-learn's classification_report digit for digit:
/// the same divisions, and sums in numpy's order.
struct Report {
  /// By name, in the order of the text. A later line of a name that is there takes its place.
  std::vector<std::pair<std::string, Scores>> lines;
  double accuracy = 0;             // share of rows whose predicted set is the true set
  std::size_t accuracy_place = 0;  // how many lines stand before it in the text

  /// The JSON text: ": " and ", " between, shortest floats, characters as they are.
  [[nodiscard]] std::string json() const;
};

/// Sets of labels by row, as places in a list of labels, each once in a row.
using LabelSets = std::vector<std::vector<std::uint32_t>>;

/// Reports sets of labels: a line for each label, then micro, macro, weighted and samples avg, then
/// the accuracy. What is divided by zero is 1 (zero_division=1). Throws Failure with
/// InvalidArgument when there is no row, or the rows are not as many.
Report report_of_sets(std::span<const std::string> labels, const LabelSets& truth,
                      const LabelSets& predicted);

/// Reports single labels: a line for each that occurs, sorted, then the accuracy, macro and
/// weighted avg. What is divided by zero is 0. Throws Failure as above.
Report report_of_classes(std::span<const std::string> truth,
                         std::span<const std::string> predicted);

}  // namespace millrace::learn
