#pragma once

#include <string>
#include <string_view>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::testing {

/// Makes a batch from columns written as JSON: {"area": [1.5, null], "labels": [["a"], []]}.
/// `types` names the type of a column by its word ("int32", "binary" ...); without, it is that of
/// the values: bool, int64, float64, utf8, list, struct. Values of a binary column are base64; an
/// array or object in a utf8 column is its JSON text; a timestamp is in microseconds.
Result<Batch> batch_from_json(const Json& columns, const Json& types);

/// Returns the rows as JSON that is equal for equal rows, however they lie in memory: one array a
/// row. Binary values become their size and SHA-256, numbers that JSON lacks become words.
Json rows_to_json(const Batch& batch);

/// Returns the columns with their types: [["area", "float64"], ...].
Json schema_to_json(const Schema& schema);

/// Returns whether a column of this type is what a word of "reads", "adds" or "emits" means.
bool fits_word(Type type, std::string_view word);

}  // namespace millrace::testing
