#include "api/route/request_fields.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "api/http/form_upload.hpp"
#include "api/http/multipart.hpp"
#include "api/http/target.hpp"
#include "api/route/json_text.hpp"
#include "engine/base/ascii.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Refusal malformed(std::string message) {
  return refusal(Code::DataInvalid, "json", std::move(message));
}

// Reads a small multipart body; files in it are passed over.
Result<Pairs> read_multipart(const http::Request& request) {
  constexpr std::size_t kMostBytes = 1u << 20;
  Pairs pairs;
  bool is_file = false;
  http::PartSink sink;
  sink.begin = [&](const http::PartHead& head) -> Result<void> {
    is_file = head.filename.has_value();
    if (!is_file) pairs.emplace_back(head.name, std::string{});
    return {};
  };
  sink.data = [&](std::string_view bytes) -> Result<void> {
    if (is_file) return {};
    auto& value = pairs.back().second;
    if (value.size() + bytes.size() > kMostBytes)
      return Error{Code::Exhausted, "a field of the form is too long: " + pairs.back().first};
    value += bytes;
    return {};
  };
  sink.end = [] { return Result<void>{}; };
  MR_TRY(auto parser,
         http::MultipartParser::open(request.headers.get("Content-Type"), std::move(sink)));
  MR_CHECK(parser.feed(request.body));
  MR_CHECK(parser.finish());
  return pairs;
}

}  // namespace

Result<RequestFields, Refusal> RequestFields::read(const http::Request& request,
                                                   const Reading& reading,
                                                   const std::vector<std::string>& as_text) {
  RequestFields fields;
  fields.query_ = request.query;
  if (reading.read_body) {
    MR_TRY(fields.json_, reading.read_body(request, as_text));
    return fields;
  }
  if (const auto* form = request.upload ? request.upload->form() : nullptr) {
    for (const auto& field : form->fields()) fields.form_.emplace_back(field.name, field.value);
    return fields;
  }
  const auto type = lower_case(request.headers.get("Content-Type"));
  const bool is_json = type.starts_with("application/json");
  const bool is_multipart = type.starts_with("multipart/form-data");
  const auto body = trimmed(request.body, kSpaces);
  // A client that was told nothing else posts a JSON text and calls it a form.
  const bool looks_like_json = !is_multipart && body.starts_with('{');
  if (is_json || looks_like_json) {
    auto document = read_body(request, reading.last_key_counts);
    if (document.ok() && document->is_object()) {
      fields.json_ = *std::move(document);
      return fields;
    }
    if (is_json && !body.empty()) {
      return malformed(document.ok() ? std::string{"the body is not a JSON object"}
                                     : "the body is not JSON: " + document.error().message);
    }
  }
  if (is_json) return fields;
  if (is_multipart) {
    auto pairs = read_multipart(request);
    if (!pairs.ok()) return malformed(pairs.error().message);
    fields.form_ = *std::move(pairs);
    return fields;
  }
  // A field counts as its name and its value, as those of JSON do.
  const auto most = request.values_max / 2;
  if (std::cmp_greater_equal(std::count(request.body.begin(), request.body.end(), '&'), most))
    return malformed(fmt::format("the form has more than {} fields", most));
  auto form = http::read_query(request.body);
  if (!form) return malformed("the form has a broken percent escape");
  fields.form_ = *std::move(form);
  return fields;
}

const Pairs* RequestFields::pairs(Place place) const {
  return place == Place::Query ? &query_ : place == Place::Form ? &form_ : nullptr;
}

std::optional<RequestFields::Found> RequestFields::find(std::string_view name, bool is_list,
                                                        const std::vector<Place>& order) const {
  if (const auto found = first_.find(name); found != first_.end())
    return Found{*found, Place::Body};
  for (const Place place : order) {
    if (place == Place::Body) {
      if (const auto found = json_.find(name); found != json_.end()) return Found{*found, place};
    } else if (const auto* texts = pairs(place)) {
      if (auto found = find_text(*texts, name, is_list)) return Found{*std::move(found), place};
    }
  }
  return std::nullopt;
}

std::optional<Json> find_text(const Pairs& pairs, std::string_view name, bool is_list) {
  Json list = Json::array();
  for (const auto& [key, text] : pairs) {
    if (key != name) continue;
    if (!is_list) return Json(text);
    list.push_back(text);
  }
  if (list.empty()) return std::nullopt;
  return list;
}

}  // namespace millrace::api
