#include "api/maisie/fields.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "api/http/form_upload.hpp"
#include "api/http/multipart.hpp"
#include "api/http/target.hpp"
#include "api/route/json_text.hpp"
#include "api/route/refusals.hpp"
#include "engine/base/json_members.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string* first_of(const Pairs& pairs, std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(),
                                  [name](const auto& pair) { return pair.first == name; });
  return found == pairs.end() ? nullptr : &found->second;
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

api::Refusal malformed(std::string message) {
  return api::refusal(Code::InvalidArgument, "json", std::move(message));
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

std::variant<Fields, api::Refusal> Fields::read(const http::Request& request) {
  Fields fields;
  fields.query_ = request.query;
  if (const auto* form = dynamic_cast<const http::FormUpload*>(request.upload.get())) {
    for (const auto& field : form->fields()) fields.form_.emplace_back(field.name, field.value);
    return fields;
  }
  const auto type = lower(request.headers.get("Content-Type"));
  const bool is_json = type.starts_with("application/json");
  const bool is_multipart = type.starts_with("multipart/form-data");
  const auto body = trimmed(request.body);
  // A known client posts a JSON text and calls it a form.
  const bool looks_like_json = !is_multipart && body.starts_with('{');
  if (is_json || looks_like_json) {
    auto document = api::read_body(request);
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
  auto form = http::read_query(request.body);
  if (!form) return malformed("the form has a broken percent escape");
  fields.form_ = *std::move(form);
  return fields;
}

std::optional<Json> Fields::find(std::string_view name) const {
  if (const auto found = json_.find(name); found != json_.end()) return *found;
  if (const auto* text = first_of(query_, name)) return Json(*text);
  if (const auto* text = first_of(form_, name)) return Json(*text);
  return std::nullopt;
}

void Fields::put_first(const Json& object) { put_members(json_, object); }

std::optional<std::string> text_of(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_array()) return value.empty() ? std::nullopt : text_of(value.front());
  return value.dump();
}

std::variant<std::int64_t, std::string> integer_of(const Json& value) {
  if (value.is_number_integer() &&
      !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX))
    return value.get<std::int64_t>();
  const auto text = text_of(value).value_or("None");
  auto digits = trimmed(text);
  const bool has_plus = digits.starts_with('+');
  if (has_plus) digits.remove_prefix(1);
  std::int64_t number = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stop, failed] = std::from_chars(digits.data(), end, number);
  const bool is_good = !value.is_boolean() && !digits.empty() && failed == std::errc{} &&
                       stop == end && !(has_plus && digits.starts_with('-'));
  if (is_good) return number;
  return fmt::format("invalid literal for int() with base 10: '{}'", printable(text));
}

bool flag_of(const Json& value) {
  static constexpr std::array<std::string_view, 7> kFalse{"",    "false", "0",   "no",
                                                          "off", "none",  "null"};
  const auto text = lower(trimmed(text_of(value).value_or("")));
  return std::find(kFalse.begin(), kFalse.end(), text) == kFalse.end();
}

void FieldFaults::add(std::string_view field, std::string message) {
  faults_.push_back({"field", std::string{field}, std::move(message)});
}

api::Refusal FieldFaults::refusal() const {
  auto refused = api::refusal(Code::InvalidArgument, "fields", "fields are missing or wrong");
  refused.faults = faults_;
  return refused;
}

}  // namespace millrace::maisie
