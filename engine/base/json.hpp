#pragma once

#include <nlohmann/json.hpp>

#include "engine/base/result.hpp"

namespace millrace {

/// Control JSON: pipelines, parameters, replies. Keeps the order of keys, since some replies promise it.
using Json = nlohmann::ordered_json;

struct JsonLimits {
  std::size_t max_bytes = 64u << 20;
  int max_depth = 64;
};

/// Returns the document, or DataInvalid with line and column. Strict JSON in UTF-8: no comments, no trailing comma, no
/// duplicate key, no NaN. Depth and size are limited before anything is built.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace millrace
