#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/learn/report.hpp"
#include "plugins/preprocess/text_hash.hpp"

namespace millrace::preprocess {

/// The true and the predicted labels of rows, for a report. [one thread at a time]
class LabelTally {
 public:
  /// Rows and labels that are kept, in all: some 100 MB when the report is made.
  static constexpr std::size_t kMostKept = 4'000'000;

  /// `labels` are those that count, in the order of a report of sets; others are ignored. None: all
  /// count, by code point.
  explicit LabelTally(const std::vector<std::string>& labels);

  using Labels = std::span<const std::string_view>;
  /// Adds a row. Returns how many of its labels were ignored. Throws Failure with Exhausted over
  /// kMostKept.
  std::size_t add(Labels truth, Labels predicted);
  [[nodiscard]] std::size_t rows() const { return ends_.size() / 2; }

  /// Reports labels as sets, of which a row may have any number.
  [[nodiscard]] learn::Report report_of_sets() const;
  /// Reports the single label of each row; a row without one has the label `none`. Throws Failure
  /// with DataInvalid where a row has several.
  [[nodiscard]] learn::Report report_of_classes(const std::string& none) const;

  /// Words (state_words.hpp).
  [[nodiscard]] std::string snapshot() const;
  [[nodiscard]] std::size_t kept() const { return ends_.size() + numbers_.size(); }
  /// Before the first row. Throws Failure with DataInvalid.
  void restore(std::string_view state);

 private:
  std::size_t append(Labels labels);
  [[nodiscard]] std::span<const std::uint32_t> numbers_of(std::size_t set) const;

  bool is_open_;  // labels that are not known yet count
  std::vector<std::string> labels_;
  TextMap<std::uint32_t> places_;       // of labels_
  std::vector<std::uint32_t> numbers_;  // of the labels of all rows: true, predicted, true, ...
  std::vector<std::uint32_t> ends_;     // of each such set in numbers_
};

}  // namespace millrace::preprocess
