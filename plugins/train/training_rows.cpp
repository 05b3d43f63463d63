#include "plugins/train/training_rows.hpp"

#include <algorithm>

#include "plugins/learn/dictionary_parameter.hpp"

namespace millrace::train {

std::string training_params(std::string_view words) {
  return R"(
    "column": {"type": "string", "default": "text", "minLength": 1,
      "doc": "Name of the column with the texts."},
    "label_column": {"type": "string", "default": "label", "minLength": 1,
      "doc": "Name of the column with the labels."},
    "words": {"type": "string", "enum": ["accurate", "full", "characters", "spaces"], "default": ")" +
         std::string{words} + R"(",
      "doc": "How texts are cut into words: as jieba's accurate or full mode, into characters, or at blanks. Words of one character are no terms."},
    "file": {"type": "uri", "access": "write",
      "doc": "Address of a file for the model, which is there when the job has succeeded. It is made as a content of the store in any case."},)" +
         std::string{learn::kDictionaryParam};
}

TrainingRows::TrainingRows(const Params& params, learn::TfIdfLearner::Options options)
    : params_{params},
      text_column_{params.string("column", "text")},
      label_column_{params.string("label_column", "label")},
      words_{learn::words_of(params.string("words", "accurate"))},
      learner_{options} {}

void TrainingRows::open(Context& context) {
  documents_.emplace(
      words_, learn::needs_tables(words_) ? learn::word_tables_of(context, params_) : nullptr);
}

void TrainingRows::add(Context& context, const Batch& batch) {
  if (!documents_) open(context);
  const auto texts = batch.column<std::string_view>(text_column_);
  const auto labels = batch.column<std::string_view>(label_column_);
  std::int64_t skipped = 0;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    const auto text = texts[row], label = labels[row];
    if (!text || !label) {
      ++skipped;
      continue;
    }
    auto found = numbers_.find(*label);
    if (found == numbers_.end()) {
      if (labels_.size() == kMostLabels)
        throw Failure{MR_EXHAUSTED, "rows have more than 1,000 labels: is `label_column` right?"};
      found = numbers_.emplace(*label, static_cast<std::uint32_t>(labels_.size())).first;
      labels_.emplace_back(*label);
    }
    classes_.push_back(found->second);
    learner_.add(documents_->document(*text));
  }
  if (skipped > 0) context.count("skippedRows", skipped);
}

void TrainingRows::finish() {
  if (classes_.empty()) throw Failure{MR_DATA_INVALID, "there is no row to learn from"};
  std::sort(labels_.begin(), labels_.end());  // of UTF-8: by code point
  std::vector<std::uint32_t> places(labels_.size());
  for (std::uint32_t i = 0; i < labels_.size(); ++i) places[numbers_.at(labels_[i])] = i;
  for (auto& number : classes_) number = places[number];
  features_ = learner_.finish(rows_);
}

}  // namespace millrace::train
