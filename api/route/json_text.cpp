#include "api/route/json_text.hpp"

#include <algorithm>

namespace millrace::api {

namespace {

JsonLimits limits_of(std::size_t values_max, bool last_key_counts) {
  return {.max_depth = kMostLevels,
          .max_values = values_max,
          .max_name_bytes = kMostNameBytes,
          .last_key_counts = last_key_counts};
}

}  // namespace

Result<Json> read_body(const http::Request& request, bool last_key_counts) {
  return parse_json(request.body, limits_of(request.values_max, last_key_counts));
}

Result<Json, PythonJsonError> read_python_body(const http::Request& request,
                                               const std::vector<std::string>& as_text) {
  auto limits = limits_of(request.values_max, true);
  limits.max_bytes = std::max(limits.max_bytes, request.body.size());
  return parse_python_json(request.body, limits, as_text);
}

Result<Json> read_text(std::string_view text) {
  return parse_json(text, limits_of(http::kUsualValues, false));
}

Json read_row(std::string_view text) { return parse_json(text, kOwnJson).value_or(Json::object()); }

Result<Json> read_own(std::string_view text) { return parse_json(text); }

}  // namespace millrace::api
