#include "plugins/train/training_rows.hpp"

#include <algorithm>

#include "plugins/learn/dictionary_parameter.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::train {

std::string training_params(std::string_view words, std::string_view file_name) {
  return R"(
    "column": {"type": "string", "default": "text", "minLength": 1,
      "doc": "Name of the column with the texts."},
    "label_column": {"type": "string", "default": "label", "minLength": 1,
      "doc": "Name of the column with the labels."},
    "set_column": {"type": "string", "minLength": 1,
      "doc": "Name of a column that says which set a row belongs to. Rows of the set `train` are learnt from; all others are labelled by the model in the end, at the port `labelled`. Absent: all rows are learnt from."},
    "predicted_column": {"type": "string", "default": "predicted", "minLength": 1,
      "doc": "At the port `labelled`: name of the column with the model's label."},
    "words": {"type": "string", "enum": ["accurate", "full", "characters", "spaces"], "default": ")" +
         std::string{words} + R"(",
      "doc": "How texts are cut into words: as jieba's accurate or full mode, into characters, or at blanks. Words of one character are no terms."},
    "file": {"type": "uri", "access": "write",
      "doc": "Address of a file for the model, which is there when the job has succeeded. It is made as a content of the store in any case."},
    "folder": {"type": "uri", "form": "prefix", "access": "write",
      "doc": "In place of `file`: folder of the models that `path` names."},
    "path": {"type": "string",
      "doc": "Where the model is put below `folder`, one plain relative path; its file is )" +
         std::string{file_name} + R"( there."},)" + std::string{learn::kDictionaryParam};
}

void plan_training(Context& context, const Params& params) {
  std::vector<records::ColumnType> columns{{params.string("column", "text"), "utf8"},
                                           {params.string("label_column", "label"), "utf8"}};
  if (const auto set = params.string("set_column"); !set.empty()) columns.emplace_back(set, "utf8");
  context.trait("reads", records::ColumnTypes{columns}.json());
  if (columns.size() > 2) {
    columns.emplace_back(params.string("predicted_column", "predicted"), "utf8");
    if (const auto name = params.string("candidates_column"); !name.empty())
      columns.emplace_back(name, "list");
    for (auto column = columns.begin(); column != columns.end(); ++column) {
      if (std::any_of(columns.begin(), column,
                      [&](const auto& other) { return other.first == column->first; }))
        context.fault("parameter_value", "",
                      "each column of the port needs a name of its own: " + column->first);
    }
  }
  const bool has_folder = !params.string("folder").empty();
  if (has_folder == params["path"].is_null())
    context.fault("parameter_value", "/path", "`folder` and `path` are given together");
  if (has_folder && !params.string("file").empty())
    context.fault("parameter_value", "/folder", "give either `file`, or `folder` and `path`");
}

TrainingRows::TrainingRows(const Params& params, learn::TfIdfLearner::Options options,
                           std::string candidates_column)
    : params_{params},
      text_column_{params.string("column", "text")},
      label_column_{params.string("label_column", "label")},
      set_column_{params.string("set_column")},
      words_{learn::words_of(params.string("words", "accurate"))},
      learner_{options},
      held_{{set_column_, label_column_, text_column_,
             params.string("predicted_column", "predicted"), std::move(candidates_column)}} {}

void TrainingRows::open(Context& context) {
  documents_.emplace(
      words_, learn::needs_tables(words_) ? learn::word_tables_of(context, params_) : nullptr);
}

void TrainingRows::add(Context& context, const Batch& batch) {
  if (!documents_) open(context);
  const auto texts = batch.column<std::string_view>(text_column_);
  const auto labels = batch.column<std::string_view>(label_column_);
  std::optional<Column<std::string_view>> sets;
  if (!set_column_.empty()) sets = batch.column<std::string_view>(set_column_);
  std::int64_t skipped = 0;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    const auto text = texts[row], label = labels[row];
    const auto set = sets ? (*sets)[row] : kTrainSet;
    if (!text || !label || !set) {
      ++skipped;
      continue;
    }
    if (*set != kTrainSet) {
      held_.add(context, *set, *label, *text);
      continue;
    }
    auto found = numbers_.find(*label);
    if (found == numbers_.end()) {
      if (labels_.size() == learn::kMostLabels)
        throw Failure{MR_EXHAUSTED, "rows have more than " + std::to_string(learn::kMostLabels) +
                                        " labels: is `label_column` right?"};
      found = numbers_.emplace(*label, static_cast<std::uint32_t>(labels_.size())).first;
      labels_.emplace_back(*label);
    }
    classes_.push_back(found->second);
    learner_.add(documents_->document(*text));
  }
  if (skipped > 0) context.count("skippedRows", skipped);
}

void TrainingRows::finish(const learn::IsStopping& is_stopping) {
  if (classes_.empty()) throw Failure{MR_DATA_INVALID, "there is no row to learn from"};
  std::sort(labels_.begin(), labels_.end());  // of UTF-8: by code point
  std::vector<std::uint32_t> places(labels_.size());
  for (std::uint32_t i = 0; i < labels_.size(); ++i) places[numbers_.at(labels_[i])] = i;
  for (auto& number : classes_) number = places[number];
  features_ = learner_.finish(rows_, is_stopping);
}

}  // namespace millrace::train
