#include "api/route/json_text.hpp"

namespace millrace::api {

namespace {

Result<Json> read_sent(std::string_view text, std::size_t values_max, bool last_key_counts) {
  return parse_json(text, {.max_depth = kMostLevels,
                           .max_values = values_max,
                           .max_name_bytes = kMostNameBytes,
                           .last_key_counts = last_key_counts});
}

}  // namespace

Result<Json> read_body(const http::Request& request, bool last_key_counts) {
  return read_sent(request.body, request.values_max, last_key_counts);
}

Result<Json> read_text(std::string_view text) { return read_sent(text, http::kUsualValues, false); }

Json read_row(std::string_view text) { return parse_json(text, kOwnJson).value_or(Json::object()); }

Result<Json> read_own(std::string_view text) { return parse_json(text); }

}  // namespace millrace::api
