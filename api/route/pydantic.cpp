#include "api/route/pydantic.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <utility>

#include "api/route/json_text.hpp"
#include "api/route/python_values.hpp"
#include "engine/base/ascii.hpp"
#include "engine/base/json_members.hpp"
#include "engine/base/python_json.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

using Type = ParameterRule::Type;
using Coerced = Result<Json, Unfit>;

Unfit no_integer() { return {"type_error.integer", "value is not a valid integer"}; }
Unfit no_text() { return {"type_error.str", "str type expected"}; }
Unfit no_date() { return {"value_error.date", "invalid date format"}; }
Unfit no_list() { return {"type_error.list", "value is not a valid list"}; }
Unfit no_object() { return {"type_error.dict", "value is not a valid dict"}; }
Unfit is_null() { return {"type_error.none.not_allowed", "none is not an allowed value"}; }

// Puts a step before the places of all that is wrong.
Unfit within(const Json& step, Unfit unfit) {
  const auto put = [&](Unfit& one) {
    Json below = Json::array({step});
    for (auto& known : one.below) below.push_back(std::move(known));
    one.below = std::move(below);
  };
  put(unfit);
  for (auto& one : unfit.more) put(one);
  return unfit;
}

/// What is wrong with several values, up to the limit.
class Unfits {
 public:
  [[nodiscard]] bool is_full() const { return count_ >= kMostUnfit; }
  [[nodiscard]] bool any() const { return count_ > 0; }
  void add(Unfit unfit) {
    auto more = std::move(unfit.more);
    unfit.more.clear();
    put(std::move(unfit));
    for (auto& one : more) put(std::move(one));
  }
  [[nodiscard]] Unfit take() { return std::move(first_); }

 private:
  void put(Unfit unfit) {
    if (is_full()) return;
    if (count_++ == 0) {
      first_ = std::move(unfit);
    } else {
      first_.more.push_back(std::move(unfit));
    }
  }

  Unfit first_{};
  std::size_t count_ = 0;
};

// --- single values ---

Coerced integer_of(const Json& given) {
  std::optional<std::int64_t> number;
  if (given.is_boolean()) {
    number = given.get<bool>() ? 1 : 0;
  } else if (given.is_number_float()) {
    number = python_int(given.get<double>());
  } else if (given.is_string()) {
    number = python_int(given.get_ref<const std::string&>());
  } else if (given.is_number_unsigned() && given.get<std::uint64_t>() > INT64_MAX) {
    return no_integer();
  } else if (given.is_number_integer()) {
    number = given.get<std::int64_t>();
  }
  if (!number) return no_integer();
  return Json(*number);
}

Coerced text_of(Json given) {
  if (given.is_string()) return given;
  if (given.is_boolean()) return Json(given.get<bool>() ? "True" : "False");
  if (given.is_number_float()) return Json(python_str(given.get<double>()));
  if (given.is_number()) return Json(given.dump());
  return no_text();
}

Json date_text(std::chrono::year_month_day date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

// datetime_parse.from_unix_seconds(): a number that is too large for seconds is one of
// milliseconds, or less; fractions are rounded to microseconds, half to even.
Coerced date_of_seconds(double seconds) {
  constexpr double kMostNumber = 3e20, kMostSeconds = 2e10;
  if (std::isnan(seconds)) return Unfit{"value_error", "cannot convert float NaN to integer"};
  if (seconds > kMostNumber) return Json("9999-12-31");
  if (seconds < -kMostNumber) return Json("0001-01-01");
  while (std::abs(seconds) > kMostSeconds) seconds /= 1'000;
  const double whole = std::trunc(seconds);
  const std::chrono::microseconds time{static_cast<std::int64_t>(whole) * 1'000'000 +
                                       std::llrint((seconds - whole) * 1e6)};
  return date_text(std::chrono::floor<std::chrono::days>(std::chrono::sys_time{time}));
}

// Digits at the front of `text`, `most` at the most; nothing where there are less than `least`.
std::optional<int> take_digits(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t size = 0;
  int number = 0;
  while (size < most && size < text.size() && text[size] >= '0' && text[size] <= '9')
    number = number * 10 + (text[size++] - '0');
  if (size < least) return std::nullopt;
  text.remove_prefix(size);
  return number;
}

bool take_hyphen(std::string_view& text) {
  if (!text.starts_with('-')) return false;
  text.remove_prefix(1);
  return true;
}

// \d{4}-\d{1,2}-\d{1,2}$, where "$" is before a last line feed too.
Coerced date_of_text(std::string_view given) {
  constexpr std::size_t kLongest = 64;  // of digits of four bytes
  if (given.size() > kLongest) return no_date();
  const auto plain = with_ascii_digits(given);
  std::string_view text = plain;
  const auto year = take_digits(text, 4, 4);
  if (!year || !take_hyphen(text)) return no_date();
  const auto month = take_digits(text, 1, 2);
  if (!month || !take_hyphen(text)) return no_date();
  const auto day = take_digits(text, 1, 2);
  if (!day || !(text.empty() || text == "\n")) return no_date();
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (*year == 0 || !date.ok()) return no_date();
  return date_text(date);
}

Coerced date_of(const Json& given) {
  if (given.is_boolean()) return date_of_seconds(given.get<bool>() ? 1 : 0);
  if (given.is_number()) return date_of_seconds(given.get<double>());
  if (!given.is_string())
    return Unfit{"type_error", "invalid type; expected date, string, bytes, int or float"};
  const auto& text = given.get_ref<const std::string&>();
  if (const auto number = python_float(text)) return date_of_seconds(*number);
  return date_of_text(text);
}

// --- values that hold others ---

// The two things that one of a list of pairs is, as dict() takes it apart.
std::optional<std::pair<Json, Json>> pair_of(const Json& given) {
  if (given.is_array() && given.size() == 2) return std::pair{given[0], given[1]};
  if (given.is_object() && given.size() == 2) {
    const auto& members = given.get_ref<const Json::object_t&>();
    return std::pair{Json(members.begin()->first), Json((members.begin() + 1)->first)};
  }
  if (!given.is_string()) return std::nullopt;
  const auto& text = given.get_ref<const std::string&>();
  const auto first = utf8_length(text);
  if (first == 0 || first + utf8_length(std::string_view{text}.substr(first)) != text.size() ||
      first == text.size())
    return std::nullopt;
  return std::pair{Json(text.substr(0, first)), Json(text.substr(first))};
}

Result<Json, Unfit> loose_object(const Json& given) {
  if (given.is_string() && given.get_ref<const std::string&>().empty()) return Json::object();
  if (!given.is_array()) return no_object();
  Json all = Json::object(), made = Json::object();
  for (const auto& each : given) {
    auto pair = pair_of(each);
    if (!pair || !pair->first.is_string()) return no_object();
    append_member(all, pair->first.get<std::string>(), std::move(pair->second));
  }
  put_members(made, all);  // of a name that stands twice the last value, in linear time
  return made;
}

class Pydantic {
 public:
  explicit Pydantic(LooseObjects loose) : loose_{loose} {}

  Coerced coerce(const ParameterRule& rule, Json given) const {
    if (given.is_null()) return is_null();
    switch (rule.type) {
      case Type::Integer:
        return integer_of(given);
      case Type::String:
        return text_of(std::move(given));
      case Type::Array:
        return list_of(rule, std::move(given));
      case Type::Object:
        return object_of(rule, std::move(given));
      case Type::Any:
        if (!rule.any_of.empty()) return one_of(rule, given);
        return given;
      default:
        return given;
    }
  }

  Coerced object(Json given) const {
    if (given.is_object()) return given;
    if (loose_ == LooseObjects::Refused) return no_object();
    return loose_object(given);
  }

  /// Of a value that stays a text its first character says what it is.
  Coerced text_of_json(const ParameterRule& rule, Json given) const {
    const auto first = given.get_ref<const std::string&>().front();
    Unfits unfits;
    for (const auto& one : rule.any_of) {
      const bool is_list = one.type == Type::Array;
      if (first == (is_list ? '[' : '{')) return given;
      unfits.add(is_list ? no_list() : no_object());
    }
    return unfits.any() ? Coerced{unfits.take()} : Coerced{std::move(given)};
  }

 private:
  Coerced list_of(const ParameterRule& rule, Json given) const {
    if (!given.is_array()) return no_list();
    if (!rule.items) return given;
    Unfits unfits;
    std::size_t index = 0;
    for (auto& item : given) {
      if (unfits.is_full()) break;
      auto coerced = coerce(*rule.items, std::move(item));
      if (coerced.ok()) {
        item = *std::move(coerced);
      } else {
        unfits.add(within(index, std::move(coerced).error()));
      }
      ++index;
    }
    return unfits.any() ? Coerced{unfits.take()} : Coerced{std::move(given)};
  }

  Coerced object_of(const ParameterRule& rule, Json given) const {
    MR_TRY(auto members, object(std::move(given)));
    if (!rule.additional) return members;
    Unfits unfits;
    for (auto& [name, value] : members.get_ref<Json::object_t&>()) {
      if (unfits.is_full()) break;
      auto coerced = coerce(*rule.additional, std::move(value));
      if (coerced.ok()) {
        value = *std::move(coerced);
      } else {
        unfits.add(within(name, std::move(coerced).error()));
      }
    }
    return unfits.any() ? Coerced{unfits.take()} : Coerced{std::move(members)};
  }

  // The first that takes it; where none does, what each says.
  Coerced one_of(const ParameterRule& rule, const Json& given) const {
    Unfits unfits;
    for (const auto& one : rule.any_of) {
      auto coerced = coerce(one, given);
      if (coerced.ok()) return coerced;
      unfits.add(std::move(coerced).error());
    }
    return unfits.take();
  }

  LooseObjects loose_;
};

Result<std::optional<Json>, Unfit> coerce(const Pydantic& pydantic, const Parameter& parameter,
                                          Json given) {
  const bool is_none = given.is_null() || (parameter.is_text && given == "null");
  if (is_none && parameter.is_nullable) return std::optional<Json>{nullptr};
  if (is_none) return is_null();
  const auto& rule = parameter.own();
  auto coerced = parameter.is_text          ? pydantic.text_of_json(rule, std::move(given))
                 : parameter.format.empty() ? pydantic.coerce(rule, std::move(given))
                                            : date_of(given);
  if (!coerced.ok()) return std::move(coerced).error();
  return std::optional<Json>{*std::move(coerced)};
}

// A target's bytes as a text: what is no UTF-8 is U+FFFD.
Json path_text(const Json& given) {
  std::string_view text = given.get_ref<const std::string&>();
  if (is_utf8(text)) return given;
  std::string made;
  while (!text.empty()) {
    const auto size = utf8_length(text);
    made += size > 0 ? text.substr(0, size) : std::string_view{"\xEF\xBF\xBD"};
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return made;
}

// --- bodies ---

RequestFault body_fault(Unfit unfit) {
  return {.place = Place::Body,
          .code = std::move(unfit.code),
          .text = std::move(unfit.text),
          .steps = Json::array()};
}

// As email.message takes a media type: without a subtype it is none.
bool is_json(const http::Request& request) {
  const auto given = request.headers.get("Content-Type");
  if (given.empty()) return true;
  const auto type = lower_case(trimmed(given.substr(0, given.find(';')), kSpaces));
  constexpr std::string_view kMain = "application/";
  if (!type.starts_with(kMain)) return false;
  const auto subtype = std::string_view{type}.substr(kMain.size());
  if (subtype.find('/') != std::string_view::npos) return false;
  return subtype == "json" || subtype.ends_with("+json");
}

Refusal no_json(PythonJsonError error) {
  auto refused = refusal(Code::DataInvalid, "json", "the body is no JSON: ");
  if (error.text.empty()) {
    refused.error.message += error.reason;
    return refused;
  }
  refused.error.message += error.text;
  refused.status = 422;
  auto& document = error.document;
  if (document.size() > kMostShownDocument) {
    auto size = kMostShownDocument;
    while ((static_cast<unsigned char>(document[size]) & 0xC0) == 0x80) --size;
    document.resize(size);
  }
  refused.values = {{"msg", std::move(error.text)},
                    {"doc", std::move(document)},
                    {"pos", error.position},
                    {"lineno", error.line},
                    {"colno", error.column}};
  return refused;
}

Result<Json, Refusal> read_body_of(const Pydantic& pydantic, const http::Request& request,
                                   const std::vector<std::string>& as_text) {
  const auto missing = [] {
    return refusal({body_fault({"value_error.missing", "field required"})});
  };
  if (request.body.empty()) return missing();
  if (!is_json(request)) return refusal({body_fault(no_object())});
  auto body = read_python_body(request, as_text);
  if (!body.ok()) return no_json(std::move(body).error());
  if (body->is_null()) return missing();
  auto members = pydantic.object(*std::move(body));
  if (!members.ok()) return refusal({body_fault(std::move(members).error())});
  return *std::move(members);
}

}  // namespace

Reading pydantic_reading(LooseObjects loose) {
  const Pydantic pydantic{loose};
  Reading reading;
  reading.order = {Place::Body};
  reading.last_key_counts = true;
  reading.coerce = [pydantic](const Parameter& parameter, Json given, Place place) {
    if (place == Place::Path) given = path_text(given);
    return coerce(pydantic, parameter, std::move(given));
  };
  reading.read_body = [pydantic](const http::Request& request,
                                 const std::vector<std::string>& as_text) {
    return read_body_of(pydantic, request, as_text);
  };
  return reading;
}

}  // namespace millrace::api
