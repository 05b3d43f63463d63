#include "engine/plugin/parameter_value.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_set>

#include "engine/base/json_members.hpp"
#include "engine/base/json_numbers.hpp"
#include "engine/base/utf8.hpp"
#include "engine/plugin/nearest.hpp"
#include "engine/plugin/parameter_pattern.hpp"
#include "engine/plugin/services.hpp"
#include "engine/plugin/text.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

// Appends a segment to a JSON pointer (RFC 6901) and takes it off again.
class PointerScope {
 public:
  PointerScope(std::string& pointer, std::string_view segment)
      : pointer_{pointer}, size_{pointer.size()} {
    pointer_ += '/';
    for (const char letter : segment) {
      if (letter == '~') {
        pointer_ += "~0";
      } else if (letter == '/') {
        pointer_ += "~1";
      } else {
        pointer_ += letter;
      }
    }
  }
  ~PointerScope() { pointer_.resize(size_); }
  PointerScope(const PointerScope&) = delete;
  PointerScope& operator=(const PointerScope&) = delete;

 private:
  std::string& pointer_;
  std::size_t size_;
};

bool has_type(ParameterRule::Type type, const Json& value) {
  using Kind = ParameterRule::Type;
  switch (type) {
    case Kind::Any:
      return true;
    case Kind::Boolean:
      return value.is_boolean();
    case Kind::Integer:
      if (value.is_number_integer()) return true;
      return value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>();
    case Kind::Number:
      return value.is_number();
    case Kind::String:
    case Kind::Uri:
      return value.is_string();
    case Kind::Array:
      return value.is_array();
    case Kind::Object:
      return value.is_object();
  }
  return false;
}

std::string_view type_of(const Json& value) {
  if (value.is_number_float()) return "a number with a fraction";
  if (value.is_number()) return "a whole number";
  if (value.is_string()) return "a string";
  if (value.is_boolean()) return "a boolean";
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  return "null";
}

std::string_view expected(ParameterRule::Type type) {
  using Kind = ParameterRule::Type;
  switch (type) {
    case Kind::Any:
      return "any value";
    case Kind::Boolean:
      return "a boolean";
    case Kind::Integer:
      return "an integer";
    case Kind::Number:
      return "a number";
    case Kind::String:
      return "a string";
    case Kind::Uri:
      return "an address (a string)";
    case Kind::Array:
      return "an array";
    case Kind::Object:
      return "an object";
  }
  return "";
}

// The names of rules, to look many members up in.
class RuleNames {
 public:
  explicit RuleNames(const std::vector<ParameterRule>& rules) {
    for (const auto& rule : rules) names_.insert(rule.name);
  }
  [[nodiscard]] bool contain(std::string_view name) const { return names_.contains(name); }

 private:
  std::unordered_set<std::string_view> names_;
};

// A number without useless digits, with the unit of the rule: "0.5 pixels".
std::string bound(double value, const std::string& unit) {
  return unit.empty() ? fmt::format("{}", value) : fmt::format("{} {}", value, unit);
}

constexpr std::array<std::string_view, 5> kUriWords{"uri_syntax", "uri_scheme", "uri_zone",
                                                    "uri_bucket", "uri_key"};
constexpr std::string_view kProbe = "/x";  // a name below a folder

// Puts the address as it was given where the message names the one that was asked about.
std::string with_given(std::string message, const std::string& asked, const std::string& given) {
  if (const auto place = message.find(asked); place != std::string::npos) {
    message.replace(place, asked.size(), given);
  }
  return message;
}

}  // namespace

std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 60;
  std::string text;
  if (value.is_string()) {
    // A long text is cut before it is written, since it may be megabytes.
    const std::string_view whole{value.get_ref<const std::string&>()};
    text = Json(std::string{whole.substr(0, kLongest + 4)})
               .dump(-1, ' ', false, Json::error_handler_t::replace);
  } else if (value.is_structured() && value.size() > kLongest) {
    return value.is_array() ? fmt::format("[... {} items]", value.size())
                            : fmt::format("{{... {} members}}", value.size());
  } else {
    text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (text.size() <= kLongest) return text;
  text.resize(utf8_prefix(std::string_view{text}.substr(0, kLongest)));
  return text + "...";
}

void ValueChecker::add(std::string_view kind, std::string message) {
  if (faults_.size() < kMaxFaults) {
    faults_.push_back(Fault{std::string{kind}, pointer_, std::move(message)});
  } else if (faults_.size() == kMaxFaults) {
    faults_.push_back(
        Fault{"parameter_more", "",
              fmt::format("more than {} faults; the rest are not listed", kMaxFaults)});
  }
}

std::string ValueChecker::name() const {
  return pointer_.empty() ? "params" : "\"" + pointer_.substr(1) + "\"";
}

void ValueChecker::check_members(const std::vector<ParameterRule>& rules,
                                 const ParameterRule* container, const Json& given, Json& checked) {
  std::size_t known = 0;
  auto& members = checked.get_ref<Json::object_t&>();
  const MemberIndex given_members{given};
  for (const auto& rule : rules) {
    const Json* value = given_members.find(rule.name);
    if (value != nullptr) ++known;
    if (value == nullptr || value->is_null()) {
      if (rule.fallback) {
        value = &*rule.fallback;
      } else {
        if (rule.is_mandatory) {
          const PointerScope scope{pointer_, rule.name};
          add("parameter_missing",
              fmt::format("{} is missing; it must be {}", name(), expected(rule.type)));
        }
        continue;
      }
    }
    members.emplace_back(rule.name, *value);
    check_member(rule, members.back().second);
  }
  if (known == given.size()) return;
  const RuleNames names{rules};
  for (const auto& [key, value] : given.get_ref<const Json::object_t&>()) {
    if (faults_.size() > kMaxFaults) return;
    if (names.contain(key)) continue;
    const PointerScope scope{pointer_, key};
    if (container == nullptr || !container->is_open) {
      report_unknown(rules, key);
      continue;
    }
    members.emplace_back(key, value);
    if (container->additional) {
      check(*container->additional, members.back().second);
    } else {
      check_unfit(members.back().second);
    }
  }
}

void ValueChecker::report_unknown(const std::vector<ParameterRule>& rules,
                                  std::string_view name_given) {
  constexpr std::size_t kMostListed = 100;
  if (rules.size() > kMostListed)
    return add("parameter_unknown", fmt::format("unknown parameter {}", name()));
  std::vector<std::string_view> names;
  names.reserve(rules.size());
  for (const auto& rule : rules) names.push_back(rule.name);
  const auto nearest = nearest_name(name_given, names);
  if (!nearest.empty()) {
    add("parameter_unknown",
        fmt::format("unknown parameter {}; did you mean \"{}\"?", name(), nearest));
  } else if (names.empty()) {
    add("parameter_unknown", fmt::format("unknown parameter {}; there are none here", name()));
  } else {
    add("parameter_unknown",
        fmt::format("unknown parameter {}; known: {}", name(), fmt::join(names, ", ")));
  }
}

void ValueChecker::check_member(const ParameterRule& rule, Json& value) {
  const PointerScope scope{pointer_, rule.name};
  check(rule, value);
}

void ValueChecker::check(const ParameterRule& rule, Json& value) {
  using Kind = ParameterRule::Type;
  if (!has_type(rule.type, value)) {
    add("parameter_type", fmt::format("{} must be {}, is {}: {}", name(), expected(rule.type),
                                      type_of(value), shown(value)));
    return;
  }
  switch (rule.type) {
    case Kind::Integer:
      if (value.is_number_float() && std::abs(value.get<double>()) < 0x1p63) {
        value = static_cast<std::int64_t>(value.get<double>());
      }
      check_number(rule, value);
      break;
    case Kind::Number:
      // A plugin has no integer beyond 64 bits with a sign, but the double that is equal to some.
      if (value.is_number_integer() && !whole_number(value)) {
        if (const auto exact = exact_number(value)) value = *exact;
      }
      check_number(rule, value);
      break;
    case Kind::String:
      check_string(rule, value.get_ref<const std::string&>());
      break;
    case Kind::Uri:
      check_string(rule, value.get_ref<const std::string&>());
      check_uri(rule, value.get_ref<const std::string&>());
      break;
    case Kind::Array:
      check_array(rule, value);
      break;
    case Kind::Object:
      check_object(rule, value);
      break;
    case Kind::Any:
      check_any(rule, value);
      break;
    case Kind::Boolean:
      break;
  }
  if (!rule.choices.empty()) check_choices(rule, value);
}

void ValueChecker::check_number(const ParameterRule& rule, const Json& value) {
  const auto whole = whole_number(value);
  const auto exact = exact_number(value);
  const bool is_integer = rule.type == ParameterRule::Type::Integer;
  if (is_integer ? !whole : !whole && (!exact || !std::isfinite(*exact))) {
    add("parameter_range", fmt::format("{} is out of range: {}", name(), shown(value)));
    return;
  }
  if (!is_integer && !exact) {
    add("parameter_range",
        fmt::format("{} has more digits than a number of 64 bits keeps: {}", name(), shown(value)));
    return;
  }
  const auto compare = [&](double limit) {
    if (whole) return compare_exactly(*whole, limit);
    return *exact < limit ? -1 : *exact > limit ? 1 : 0;
  };
  const auto refuse = [&](std::string_view words, double limit) {
    add("parameter_range", fmt::format("{} must be {} {}, is {}", name(), words,
                                       bound(limit, rule.unit), shown(value)));
  };
  if (rule.minimum && compare(*rule.minimum) < 0) refuse("at least", *rule.minimum);
  if (rule.maximum && compare(*rule.maximum) > 0) refuse("at most", *rule.maximum);
  if (rule.exclusive_minimum && compare(*rule.exclusive_minimum) <= 0)
    refuse("more than", *rule.exclusive_minimum);
  if (rule.exclusive_maximum && compare(*rule.exclusive_maximum) >= 0)
    refuse("less than", *rule.exclusive_maximum);
}

// With several that it might have been, what is wrong is that it is none of them; with one of its
// type, what is wrong with it as that one.
void ValueChecker::check_any(const ParameterRule& rule, Json& value) {
  if (rule.any_of.empty()) return check_unfit(value);
  const ParameterRule* of_its_type = nullptr;
  std::string types;
  for (const auto& one : rule.any_of) {
    types += fmt::format("{}{}", types.empty() ? "" : " or ", expected(one.type));
    if (!has_type(one.type, value)) continue;
    of_its_type = &one;
    std::vector<Fault> faults;
    Json checked = value;
    ValueChecker{services_, faults}.check(one, checked);
    if (!faults.empty()) continue;
    value = std::move(checked);
    return;
  }
  // An alternative holds no others, so this is done twice and not 2^n times.
  if (of_its_type != nullptr) return check(*of_its_type, value);
  add("parameter_type",
      fmt::format("{} must be {}, is {}: {}", name(), types, type_of(value), shown(value)));
}

// What no declaration says anything about still crosses to the operator.
void ValueChecker::check_unfit(const Json& value) {
  const auto found = unfit_number(value);
  if (!found) return;
  const std::size_t size = pointer_.size();
  pointer_ += found->pointer;
  add("parameter_range", fmt::format("{} is out of range: {}", name(), found->text));
  pointer_.resize(size);
}

void ValueChecker::check_string(const ParameterRule& rule, const std::string& value) {
  if (rule.min_length || rule.max_length) {
    const auto length = code_points(value);
    if (rule.min_length && length < *rule.min_length) {
      add("parameter_range", fmt::format("{} must have at least {} characters, has {}", name(),
                                         *rule.min_length, length));
    }
    if (rule.max_length && length > *rule.max_length) {
      add("parameter_range", fmt::format("{} must have at most {} characters, has {}", name(),
                                         *rule.max_length, length));
    }
  }
  if (rule.pattern && !rule.pattern->matches(value)) {
    add("parameter_pattern", fmt::format("{} does not match the pattern {}: {}", name(),
                                         rule.pattern->text(), shown(value)));
  }
}

void ValueChecker::check_uri(const ParameterRule& rule, const std::string& value) {
  if (services_ == nullptr) return;
  std::string asked = value;
  if (rule.is_prefix) {
    while (!asked.empty() && asked.back() == '/') asked.pop_back();
    asked += kProbe;
  }
  const auto allowed = services_->check_uri(asked, rule.is_written);
  if (allowed.ok()) return;
  const Error& error = allowed.error();
  std::string_view kind = "uri_syntax";
  if (error.code == Code::PermissionDenied) {
    kind = "uri_rights";
  } else if (const auto* word = std::find(kUriWords.begin(), kUriWords.end(), error.detail);
             word != kUriWords.end()) {
    kind = *word;
  }
  add(kind, fmt::format("{}: {}", name(), with_given(error.message, asked, value)));
}

void ValueChecker::check_array(const ParameterRule& rule, Json& value) {
  auto& items = value.get_ref<Json::array_t&>();
  if (rule.min_items && items.size() < *rule.min_items) {
    add("parameter_range", fmt::format("{} must have at least {} items, has {}", name(),
                                       *rule.min_items, items.size()));
  }
  if (rule.max_items && items.size() > *rule.max_items) {
    add("parameter_range", fmt::format("{} must have at most {} items, has {}", name(),
                                       *rule.max_items, items.size()));
  }
  if (!rule.items) return check_unfit(value);
  for (std::size_t i = 0; i < items.size() && faults_.size() <= kMaxFaults; ++i) {
    const PointerScope scope{pointer_, std::to_string(i)};
    check(*rule.items, items[i]);
  }
}

void ValueChecker::check_object(const ParameterRule& rule, Json& value) {
  if (rule.properties.empty() && rule.is_open && !rule.additional) return check_unfit(value);
  Json checked = Json::object();
  check_members(rule.properties, &rule, value, checked);
  value = std::move(checked);
}

void ValueChecker::check_choices(const ParameterRule& rule, const Json& value) {
  if (std::find(rule.choices.begin(), rule.choices.end(), value) != rule.choices.end()) return;
  std::string choices;
  std::vector<std::string_view> words;
  for (const auto& choice : rule.choices) {
    choices += (choices.empty() ? "" : ", ") + shown(choice);
    if (choice.is_string()) words.push_back(choice.get_ref<const std::string&>());
  }
  std::string_view nearest;
  if (value.is_string()) nearest = nearest_name(value.get_ref<const std::string&>(), words);
  const auto hint =
      nearest.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", nearest);
  add("parameter_enum",
      fmt::format("{} must be one of {}, is {}{}", name(), choices, shown(value), hint));
}

}  // namespace millrace
