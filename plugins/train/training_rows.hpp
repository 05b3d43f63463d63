#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/learn/documents.hpp"
#include "plugins/learn/tfidf.hpp"

namespace millrace::train {

/// The parameters of what is learnt from, members of a JSON object. `words` says the default of how
/// texts are cut.
std::string training_params(std::string_view words);

/// Rows to learn from: the counts of their words, and their labels. Texts are not kept. [worker]
class TrainingRows {
 public:
  static constexpr std::size_t kMostLabels = 1000;

  TrainingRows(const Params& params, learn::TfIdfLearner::Options options);

  /// Takes the rows of a batch; those without text or label are counted as `skippedRows`. Throws
  /// Failure with Exhausted over kMostLabels.
  void add(Context& context, const Batch& batch);
  /// Ends the rows: labels are sorted, of(row) is a place among them. Throws Failure with
  /// DataInvalid without rows, or where no word remains.
  void finish();

  [[nodiscard]] learn::Words words() const { return words_; }
  [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
  [[nodiscard]] const std::vector<std::uint32_t>& classes() const { return classes_; }
  [[nodiscard]] const learn::TfIdf& features() const { return features_; }
  [[nodiscard]] const learn::SparseRows& rows() const { return rows_; }

 private:
  void open(Context& context);

  const Params params_;
  const std::string text_column_, label_column_;
  const learn::Words words_;
  std::optional<learn::DocumentMaker> documents_;  // from the first batch
  learn::TfIdfLearner learner_;
  learn::TextNumbers numbers_;  // of labels, in the order of their coming
  std::vector<std::string> labels_;
  std::vector<std::uint32_t> classes_;  // by row
  learn::TfIdf features_;
  learn::SparseRows rows_;
};

}  // namespace millrace::train
