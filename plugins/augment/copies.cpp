#include "plugins/augment/copies.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "plugins/records/draw.hpp"

namespace millrace::augment {
namespace {

constexpr std::string_view kAnyValue = "*";

bool is_number(const millrace::Value& value) {
  return value.kind() == MR_INTEGER || value.kind() == MR_NUMBER;
}

std::string pointer_token(std::string_view key) {
  std::string token;
  for (const char c : key) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token.push_back(c);
    }
  }
  return token;
}

void plan_values(Context& context, const millrace::Value& values, const std::string& pointer) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = values.at(i);
    const bool is_good = is_number(value) && std::isfinite(value.number()) && value.number() >= 0 &&
                         value.number() <= kMaxCopies;
    if (is_good) continue;
    context.fault("condition_value", pointer + "/" + pointer_token(values.key(i)),
                  "the number of copies must be a number from 0 to 1000");
  }
}

void plan_condition(Context& context, const millrace::Value& condition,
                    const std::string& pointer) {
  if (condition.kind() != MR_OBJECT) {
    context.fault("condition_form", pointer,
                  "a condition must be an object: {\"label\": path, \"values\": {value: copies}}");
    return;
  }
  if (condition["label"].kind() != MR_STRING) {
    context.fault("condition_form", pointer + "/label",
                  "a condition needs a \"label\", the path of a label as text");
  }
  if (condition["values"].kind() != MR_OBJECT) {
    context.fault("condition_form", pointer + "/values",
                  "a condition needs \"values\", an object: value -> number of copies");
    return;
  }
  plan_values(context, condition["values"], pointer + "/values");
}

}  // namespace

void plan_copies(Context& context, const Params& params) {
  const auto conditions = params["condition"];
  const auto pointer = [](std::size_t i) { return "/condition/" + std::to_string(i); };
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const auto label = conditions.at(i)["label"];
    if (label.kind() != MR_STRING || records::LabelPath::parse(label.string())) continue;
    context.fault("label_path", pointer(i) + "/label", records::bad_label_path(label.string()));
  }
  for (std::size_t i = 0; i < conditions.size(); ++i)
    plan_condition(context, conditions.at(i), pointer(i));
}

CopyRules::CopyRules(const Params& params) {
  const auto conditions = params["condition"];
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const auto written = conditions.at(i);
    auto path = records::LabelPath::parse(written["label"].string());
    if (!path)
      throw Failure{MR_INVALID_ARGUMENT, records::bad_label_path(written["label"].string())};
    Condition condition{records::LabelValues{*std::move(path)}, {}, {}};
    const auto values = written["values"];
    for (std::size_t j = 0; j < values.size(); ++j) {
      const double copies = values.at(j).number();
      if (values.key(j) == kAnyValue) {
        condition.any = copies;
      } else {
        condition.wanted.emplace(values.key(j), copies);
      }
    }
    conditions_.push_back(std::move(condition));
  }
  otherwise_ = params.number("default", conditions_.empty() ? 1 : 0);
}

std::optional<double> CopyRules::match(Condition& condition, std::string_view label) {
  std::optional<double> largest;
  for (const auto& value : condition.found.of(label)) {
    const auto named = condition.wanted.find(value);
    const auto wanted =
        named != condition.wanted.end() ? std::optional{named->second} : condition.any;
    if (wanted) largest = std::max(largest.value_or(0), *wanted);
  }
  return largest;
}

double CopyRules::wanted(std::string_view label) {
  for (auto& condition : conditions_) {
    if (const auto found = match(condition, label)) return *found;
  }
  return otherwise_;
}

std::int64_t CopyRules::count(double wanted, const DrawFrom& from) {
  const double whole = std::floor(wanted), fraction = wanted - whole;
  const bool is_one_more =
      fraction > 0 && records::draw_unit(from.seed, from.node, "copies", from.identity) < fraction;
  return static_cast<std::int64_t>(whole) + (is_one_more ? 1 : 0);
}

}  // namespace millrace::augment
