#pragma once

#include <cstdint>
#include <string_view>

#include <millrace/operator.hpp>

namespace millrace::train {

/// What a training says of its model.
struct TrainedModel {
  std::string_view bytes;  // of the file
  std::int64_t rows = 0, terms = 0, labels = 0;
};

/// Makes the file a content of the store, and also puts it at `file` unless that is empty. Emits
/// one row: model ("blob:" and the SHA-256), bytes, rows, terms, labels; the same numbers are
/// metrics.
void emit_model(Context& context, std::string_view file, const TrainedModel& model);

}  // namespace millrace::train
