#include "plugins/augment/check.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "plugins/augment/read_value.hpp"

namespace millrace::augment {
namespace {

constexpr std::string_view kSeed = "seed";

// Checks the arguments of one operation.
class ArgChecker {
 public:
  ArgChecker(const OpSpec& spec, const ParsedOp& op, std::vector<OpsFault>& faults)
      : spec_{spec}, op_{op}, faults_{faults} {
    checked_.spec = &spec;
    checked_.name = op.name;
    checked_.settings.resize(spec.params.size());
    checked_.defaults.resize(spec.params.size());
  }

  std::optional<CheckedOp> run() {
    const auto faults_before = faults_.size();
    std::size_t place = 0;
    bool is_keyed_seen = false;
    for (const auto& arg : op_.args) {
      if (!arg.name.empty()) {
        is_keyed_seen = true;
        check_keyed(arg);
      } else if (is_keyed_seen) {
        fault(arg.offset, "a value without a name cannot follow one with a name");
      } else {
        check_positional(arg, place);
      }
    }
    for (std::size_t i = 0; i < spec_.params.size(); ++i) use_fallback(i);
    if (faults_.size() > faults_before) return {};
    return std::move(checked_);
  }

 private:
  void check_keyed(const ParsedArg& arg) {
    if (arg.name == kSeed) return check_seed(arg);
    for (std::size_t i = 0; i < spec_.params.size(); ++i) {
      if (spec_.params[i].name == arg.name) return check_param(i, arg);
    }
    std::vector<std::string_view> known{kSeed};
    for (const auto& param : spec_.params) known.push_back(param.name);
    const auto nearest = nearest_of(arg.name, known);
    fault(arg.offset,
          "there is no parameter \"" + arg.name + "\"" +
              (nearest.empty() ? "" : "; did you mean \"" + std::string{nearest} + "\"?"));
  }

  void check_positional(const ParsedArg& arg, std::size_t& place) {
    while (place < spec_.params.size() && spec_.params[place].keyed) ++place;
    if (place == spec_.params.size()) {
      fault(arg.offset,
            spec_.params.empty() ? "it takes no parameter" : "there is one parameter too many");
      return;
    }
    check_param(place++, arg);
  }

  void check_seed(const ParsedArg& arg) {
    const auto& texts = arg.value.texts;
    std::uint64_t seed = 0;
    bool is_good = arg.value.form == ParsedValue::Form::Text;
    if (is_good) {
      const auto* end = texts.front().data() + texts.front().size();
      const auto [stop, error] = std::from_chars(texts.front().data(), end, seed);
      is_good = error == std::errc{} && stop == end;
    }
    if (checked_.seed) return fault(arg.offset, "seed is given twice");
    if (!is_good)
      return fault(arg.offset, "seed must be an integer from 0 to 18446744073709551615");
    checked_.seed = seed;
  }

  void check_param(std::size_t index, const ParsedArg& arg) {
    const auto& param = spec_.params[index];
    if (checked_.settings[index])
      return fault(arg.offset, std::string{param.name} + " is given twice");
    // Filled in any case, so that a wrong value is not reported as a missing one as well.
    checked_.settings[index] = setting_of(param, arg.value, arg.offset);
  }

  Setting setting_of(const ParamSpec& param, const ParsedValue& value, std::size_t offset) {
    Setting setting;
    if (value.form == ParsedValue::Form::Group) {
      fault(offset, std::string{param.name} + " cannot be a group of operations");
      return setting;
    }
    const bool is_numeric = param.kind == ParamKind::Integer || param.kind == ParamKind::Number;
    const bool is_of_numbers =
        value.form == ParsedValue::Form::Range || value.form == ParsedValue::Form::Numbers;
    if (is_of_numbers && !is_numeric) {
      fault(offset,
            std::string{param.name} + " cannot be a range or list of numbers: " + describe(param));
      return setting;
    }
    for (const auto& text : value.texts) {
      auto read = read_value(param, text);
      if (!read) {
        fault(offset, std::string{param.name} + " is " + text + ": " + describe(param));
        return setting;
      }
      setting.values.push_back(*std::move(read));
    }
    if (value.form == ParsedValue::Form::Range) {
      setting.form = Setting::Form::Range;
      if (std::get<double>(setting.values[0]) > std::get<double>(setting.values[1])) {
        fault(offset, std::string{param.name} + ": the low end of a range comes first");
      }
    } else if (setting.values.size() > 1) {
      setting.form = Setting::Form::OneOf;
    }
    return setting;
  }

  // Fills in the default; remembers one that is a single value.
  void use_fallback(std::size_t index) {
    const auto& param = spec_.params[index];
    auto& setting = checked_.settings[index];
    if (param.fallback.empty()) {
      if (!setting && !param.optional) {
        fault(op_.offset, std::string{param.name} + " is missing: " + describe(param));
      }
      return;
    }
    auto fallback = setting_of(param, parse_value(param.fallback, faults_), op_.offset);
    if (fallback.form == Setting::Form::Fixed) checked_.defaults[index] = fallback.values.front();
    if (!setting) setting = std::move(fallback);
  }

  void fault(std::size_t offset, const std::string& what) {
    faults_.push_back({kOpsParameter, offset, op_.name + ": " + what});
  }

  const OpSpec& spec_;
  const ParsedOp& op_;
  std::vector<OpsFault>& faults_;
  CheckedOp checked_;
};

}  // namespace

bool CheckedOp::is_fixed() const {
  if (spec->draws && !seed) return false;
  return std::all_of(settings.begin(), settings.end(), [](const auto& setting) {
    return !setting || setting->form == Setting::Form::Fixed;
  });
}

std::optional<CheckedOp> check_op(const OpSpec& spec, const ParsedOp& op,
                                  std::vector<OpsFault>& faults) {
  return ArgChecker{spec, op, faults}.run();
}

std::optional<CheckedOp> check_op(const ParsedOp& op, std::vector<OpsFault>& faults) {
  if (const auto* spec = find_op(op.name)) return check_op(*spec, op, faults);
  const auto nearest = nearest_op(op.name);
  faults.push_back(
      {kOpsUnknown, op.offset,
       "there is no image operation \"" + op.name + "\"" +
           (nearest.empty() ? "" : "; did you mean \"" + std::string{nearest} + "\"?")});
  return {};
}

std::vector<CheckedOp> read_ops(std::string_view text, const OpsRules& rules,
                                std::vector<OpsFault>& faults) {
  const auto faults_before = faults.size();
  const auto parsed = parse_ops(text, faults);
  if (faults.size() > faults_before) return {};
  if (parsed.size() > 1 && !rules.is_chain_allowed) {
    faults.push_back(
        {kOpsNotAllowed, parsed[1].offset,
         "exactly one operation is allowed here; put the others into nodes of their own"});
  }
  std::vector<CheckedOp> checked;
  for (const auto& op : parsed) {
    if (auto good = check_op(op, faults)) checked.push_back(*std::move(good));
  }
  if (faults.size() > faults_before) return {};
  return checked;
}

}  // namespace millrace::augment
