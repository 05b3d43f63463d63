#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/external_sort.hpp>
#include <millrace/operator.hpp>

namespace millrace::train {

/// What a model says of a text.
struct Prediction {
  std::string_view label;  // empty: none
  std::vector<std::string_view> candidates{};
};

/// Rows that are not learnt from: they wait until there is a model, which labels them. Few are kept
/// in memory, the others in scratch of the job. [worker]
class HeldRows {
 public:
  static constexpr std::string_view kPort = "labelled";

  /// Names of columns; `candidates` empty: no such column.
  struct Columns {
    std::string set, label, text, predicted, candidates{};
  };

  explicit HeldRows(Columns columns) : columns_{std::move(columns)} {}

  void add(Context& context, std::string_view set, std::string_view label, std::string_view text);
  /// Labels the next rows in the order in which they came, and emits them at the port; false when
  /// these were the last.
  bool emit(Context& context, const std::function<Prediction(std::string_view text)>& predict);

 private:
  const Columns columns_;
  ExternalSort rows_{"held"};
  std::string record_;
  std::uint64_t emitted_ = 0;
};

}  // namespace millrace::train
