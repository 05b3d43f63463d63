#include "api/route/reading.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/http/message.hpp"
#include "api/route/json_text.hpp"
#include "api/route/name_list.hpp"
#include "engine/base/ascii.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

using Type = ParameterRule::Type;
using Coerced = Result<std::optional<Json>, Unfit>;

Coerced given_as(Json value) { return std::optional<Json>{std::move(value)}; }

Unfit wrong_type(std::string text) { return {"parameter_type", std::move(text)}; }

// What null is where it is no value. Of what must be there it is as good as nothing.
Coerced absent(const Parameter& parameter) {
  if (!parameter.is_nullable && !parameter.own().is_mandatory)
    return Unfit{"parameter_null", "must not be null"};
  return std::optional<Json>{};
}

using Texts = std::vector<std::string>;

// The items of a list outside of JSON: of one text, or of all texts of its name. One text holds as
// many as JSON in it might.
Result<Texts, Unfit> texts_of(const Parameter& parameter, const Json& given) {
  Texts texts;
  const auto add = [&](const Json& text) -> Result<void, Unfit> {
    const auto& whole = text.get_ref<const std::string&>();
    if (!parameter.has_commas) {
      texts.push_back(whole);
      return {};
    }
    if (std::cmp_greater_equal(std::count(whole.begin(), whole.end(), ','), http::kUsualValues))
      return Unfit{"parameter_range", fmt::format("has more than {} items", http::kUsualValues)};
    for (auto& item : split_names(whole)) texts.push_back(std::move(item));
    return {};
  };
  if (given.is_array()) {
    for (const Json& text : given) MR_CHECK(add(text));
  } else {
    MR_CHECK(add(given));
  }
  return texts;
}

// --- strict ---

template <class Number>
std::optional<Number> read_number(std::string_view text) {
  Number number{};
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// Reads a text as the value that its rule wants; it stays a text when it cannot be that.
Json value_of(const ParameterRule& rule, std::string_view text) {
  if (rule.type == Type::Integer) {
    if (const auto number = read_number<std::int64_t>(text)) return *number;
  } else if (rule.type == Type::Number) {
    if (const auto number = read_number<double>(text)) return *number;
  } else if (rule.type == Type::Boolean) {
    if (text == "true" || text == "false") return text == "true";
  }
  return std::string{text};
}

bool are_utf8(const Json& given) {
  if (!given.is_array()) return is_utf8(given.get_ref<const std::string&>());
  return std::all_of(given.begin(), given.end(), are_utf8);
}

Result<Json, Unfit> strict_value(const Parameter& parameter, const Json& given) {
  const auto& rule = parameter.own();
  if (rule.type != Type::Array) return value_of(rule, given.get_ref<const std::string&>());
  MR_TRY(const auto texts, texts_of(parameter, given));
  Json list = Json::array();
  for (const auto& text : texts)
    list.push_back(rule.items ? value_of(*rule.items, text) : Json(text));
  return list;
}

// --- reqparse ---

// Nothing for null.
std::optional<std::string> text_of(const Json& value) {
  if (value.is_null()) return std::nullopt;
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_array()) return value.empty() ? std::nullopt : text_of(value.front());
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Json, Unfit> integer_of(const Json& value) {
  if (value.is_number_integer() &&
      !(value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX))
    return Json(value.get<std::int64_t>());
  const auto text = text_of(value).value_or("None");
  auto digits = trimmed(text, kSpaces);
  const bool has_plus = digits.starts_with('+');
  if (has_plus) digits.remove_prefix(1);
  const auto number = read_number<std::int64_t>(digits);
  if (!value.is_boolean() && number && !(has_plus && digits.starts_with('-'))) return Json(*number);
  return wrong_type(fmt::format("invalid literal for int() with base 10: '{}'", printable(text)));
}

bool flag_of(const Json& value) {
  static constexpr std::array<std::string_view, 7> kFalse{"",    "false", "0",   "no",
                                                          "off", "none",  "null"};
  if (value.is_boolean()) return value.get<bool>();
  std::string text{trimmed(text_of(value).value_or(""))};
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kFalse.begin(), kFalse.end(), text) == kFalse.end();
}

Result<Json, Unfit> checked_text(const ParameterRule& rule, std::string text) {
  if (!is_utf8(text)) return wrong_type("is not UTF-8");
  if (text.find('\0') != std::string::npos) return wrong_type("holds a NUL character");
  if (rule.max_length && code_points(text) > *rule.max_length)
    return Unfit{"parameter_range", fmt::format("is longer than {} characters", *rule.max_length)};
  return Json(std::move(text));
}

Result<Json, Unfit> object_of(const Json& value) {
  if (value.is_null()) return Json::object();
  if (value.is_object()) return value;
  if (!value.is_string()) return wrong_type("must be a JSON object");
  auto parsed = read_text(value.get_ref<const std::string&>());
  if (!parsed.ok()) return wrong_type("is not JSON: " + parsed.error().message);
  if (!parsed->is_object()) return wrong_type("must be a JSON object");
  return *std::move(parsed);
}

// What came as a list of its own in JSON has no commas that part its items.
Result<Texts, Unfit> items_of(const Parameter& parameter, const Json& value, Place place) {
  if (place != Place::Body || !value.is_array())
    return texts_of(parameter, value.is_array() ? value : Json(text_of(value).value_or("")));
  Texts items;
  for (const Json& each : value) items.push_back(text_of(each).value_or(""));
  return items;
}

Result<Json, Unfit> item_of(const ParameterRule& list, std::string_view text) {
  if (!list.items) return checked_text({}, std::string{text});
  if (list.items->type == Type::Integer) return integer_of(Json(text));
  auto checked = checked_text(*list.items, std::string{text});
  if (checked.ok() || checked.error().code != "parameter_range") return checked;
  return Unfit{"parameter_range",
               fmt::format("has a name of more than {} characters", *list.items->max_length)};
}

Result<Json, Unfit> list_of(const Parameter& parameter, const Json& value, Place place) {
  const bool are_all_texts = place != Place::Body && value.is_array();
  MR_TRY(const auto items, items_of(parameter, value, place));
  Json list = Json::array();
  std::unordered_set<std::string> seen;
  for (const auto& given : items) {
    const auto text = are_all_texts ? std::string_view{given} : trimmed(given);
    if (text.empty()) continue;
    MR_TRY(auto item, item_of(parameter.own(), text));
    if (seen.insert(item.is_string() ? item.get<std::string>() : item.dump()).second)
      list.push_back(std::move(item));
  }
  return list;
}

}  // namespace

Coerced Reading::strict(const Parameter& parameter, Json given, Place place) {
  if (given.is_null()) return absent(parameter);
  if (place == Place::Body) return given_as(std::move(given));
  if (!are_utf8(given)) return wrong_type(fmt::format("\"{}\" is not UTF-8", parameter.own().name));
  MR_TRY(auto value, strict_value(parameter, given));
  return given_as(std::move(value));
}

Coerced Reading::reqparse(const Parameter& parameter, Json given, Place place) {
  const auto& rule = parameter.own();
  switch (rule.type) {
    case Type::String:
    case Type::Uri: {
      auto text = text_of(given);
      if (text) {
        MR_TRY(auto checked, checked_text(rule, *std::move(text)));
        return given_as(std::move(checked));
      }
      if (rule.is_mandatory || !parameter.is_nullable) return absent(parameter);
      return given_as(nullptr);
    }
    case Type::Integer: {
      if (rule.is_mandatory && given.is_null()) return std::optional<Json>{};
      MR_TRY(auto number, integer_of(given));
      return given_as(std::move(number));
    }
    case Type::Boolean:
      return given_as(flag_of(given));
    case Type::Object: {
      MR_TRY(auto object, object_of(given));
      return given_as(std::move(object));
    }
    case Type::Array: {
      MR_TRY(auto list, list_of(parameter, given, place));
      return given_as(std::move(list));
    }
    default:
      return given_as(std::move(given));
  }
}

Result<Json, Unfit> Reading::reqparse_integer(const Json& given) { return integer_of(given); }

}  // namespace millrace::api
