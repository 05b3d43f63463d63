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
#include "plugins/train/held_rows.hpp"

namespace millrace::train {

/// The parameters of what is learnt from, members of a JSON object. `words` says the default of how
/// texts are cut.
std::string training_params(std::string_view words, std::string_view file_name);
/// Says in plan() which columns are read, and what is wrong with parameters.
void plan_training(Context& context, const Params& params);

/// Rows to learn from: the counts of their words, and their labels. Of these no text is kept. Rows
/// of other sets than "train" are held. [worker]
class TrainingRows {
 public:
  static constexpr std::string_view kTrainSet = "train";

  /// `candidates_column`: of the rows that are held, see HeldRows.
  TrainingRows(const Params& params, learn::TfIdfLearner::Options options,
               std::string candidates_column = {});

  /// Takes the rows of a batch; those without text, label or set are counted as `skippedRows`.
  /// Throws Failure with Exhausted over learn::kMostLabels, and as TfIdfLearner::add().
  void add(Context& context, const Batch& batch);
  /// Ends the rows: labels are sorted, classes are places among them. Throws Failure with
  /// DataInvalid without rows, or where no word remains.
  void finish(const learn::IsStopping& is_stopping);
  /// Returns the document of a text, cut as those that were learnt from; it lives until the next
  /// call. After finish().
  std::string_view document(std::string_view text) { return documents_->document(text); }

  [[nodiscard]] learn::Words words() const { return words_; }
  [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
  [[nodiscard]] const std::vector<std::uint32_t>& classes() const { return classes_; }
  [[nodiscard]] const learn::TfIdf& features() const { return features_; }
  [[nodiscard]] const learn::SparseRows& rows() const { return rows_; }
  HeldRows& held() { return held_; }

 private:
  void open(Context& context);

  const Params params_;
  const std::string text_column_, label_column_, set_column_;  // the last may be empty
  const learn::Words words_;
  std::optional<learn::DocumentMaker> documents_;  // from the first batch
  learn::TfIdfLearner learner_;
  learn::TextNumbers numbers_;  // of labels, in the order of their coming
  std::vector<std::string> labels_;
  std::vector<std::uint32_t> classes_;  // by row
  learn::TfIdf features_;
  learn::SparseRows rows_;
  HeldRows held_;
};

}  // namespace millrace::train
