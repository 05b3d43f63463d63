#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/operator.hpp>

namespace millrace::train {

/// What a training says of its model.
struct TrainedModel {
  std::string_view bytes;      // of the file
  std::string_view file_name;  // of one of its kind
  std::int64_t rows = 0, terms = 0, labels = 0;
};

/// Returns the address that the parameters `file`, or `folder` and `path`, give for the model's
/// file; empty: none. Throws Failure with InvalidArgument for a path that is not allowed.
[[nodiscard]] std::string output_address(const Params& params, std::string_view file_name);

/// Makes the file a content of the store, and also puts it at `file` unless that is empty. Emits
/// one row: model ("blob:" and the SHA-256), file_name, bytes, rows, terms, labels; the numbers are
/// metrics too.
void emit_model(Context& context, std::string_view file, const TrainedModel& model);

}  // namespace millrace::train
