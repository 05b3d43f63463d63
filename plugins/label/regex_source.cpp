#include "plugins/label/regex_source.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "plugins/label/choice_columns.hpp"

namespace millrace::label {
namespace {

constexpr std::uint64_t kMostRegexFileBytes = std::uint64_t{64} << 20;
constexpr std::size_t kMostRegexLabelBytes = 1024;

[[noreturn]] void refuse_regexes(const std::string& why) {
  throw Failure{MR_INVALID_ARGUMENT, "regex rules: " + why};
}

// Throws Failure, InvalidArgument with label and index.
std::vector<RegexLabel> read_regexes(const Value& value, std::size_t max_patterns) {
  if (value.kind() != MR_OBJECT) refuse_regexes("an object {label: [pattern, ...]} is needed");
  if (value.size() > max_patterns) {
    refuse_regexes("there are more labels than the " + std::to_string(max_patterns) +
                   " that `max_patterns` allows");
  }
  std::vector<RegexLabel> labels;
  std::size_t count = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    RegexLabel label{std::string{value.key(i)}, {}};
    if (label.name.size() > kMostRegexLabelBytes) {
      refuse_regexes("label " + std::to_string(i) + " has more than the " +
                     std::to_string(kMostRegexLabelBytes) + " bytes that are allowed");
    }
    const Value patterns = value.at(i);
    if (patterns.kind() != MR_ARRAY) {
      refuse_regexes("label " + label.name + ": a list of patterns is needed");
    }
    count += patterns.size();
    if (count > max_patterns) {
      refuse_regexes("there are more patterns than the " + std::to_string(max_patterns) +
                     " that `max_patterns` allows");
    }
    for (std::size_t index = 0; index < patterns.size(); ++index) {
      const Value pattern = patterns.at(index);
      if (pattern.kind() != MR_STRING) {
        refuse_regexes("label " + label.name + ", pattern " + std::to_string(index) +
                       ": it is no text");
      }
      label.patterns.emplace_back(pattern.string());
    }
    labels.push_back(std::move(label));
  }
  return labels;
}

std::size_t max_patterns_of(const Params& params) {
  return static_cast<std::size_t>(params.integer("max_patterns", 2000));
}

// What the instances of one node share in one attempt; gone with the last of them.
struct RegexSlot {
  std::mutex making;  // guards regexes until they are there
  CompiledRegexes regexes;
};

std::shared_ptr<RegexSlot> regex_slot_of(const std::string& name) {
  static std::mutex mutex;  // guards slots
  static std::map<std::string, std::weak_ptr<RegexSlot>> slots;
  const std::lock_guard lock{mutex};
  std::erase_if(slots, [](const auto& item) { return item.second.expired(); });
  auto& known = slots[name];
  auto slot = known.lock();
  if (!slot) known = slot = std::make_shared<RegexSlot>();
  return slot;
}

void append_part(std::string& name, std::string_view text) {
  name.append(std::to_string(text.size())).append(":").append(text);
}

std::string regex_slot_name(const Context& context, const std::string& address, bool ignores_case,
                            const std::vector<RegexLabel>& labels) {
  std::string name = ignores_case ? "i" : "c";
  for (const std::string_view part : {context.engine(), context.job(), context.node()}) {
    append_part(name, part);
  }
  append_part(name, address);
  append_part(name, std::to_string(context.token()));
  for (const auto& label : labels) {
    append_part(name, label.name);
    append_part(name, std::to_string(label.patterns.size()));
    for (const auto& pattern : label.patterns) append_part(name, pattern);
  }
  return name;
}

void plan_rules(Context& context, const Params& params) {
  constexpr int kMostFaults = 20;
  const auto labels = read_regexes(params["rules"], max_patterns_of(params));
  int faults = 0;
  for (const auto& label : labels) {
    for (std::size_t index = 0; index < label.patterns.size(); ++index) {
      const auto read = parse_pattern(label.patterns[index],
                                      {.ignores_case = params.boolean("ignore_case", true)});
      const auto* error = std::get_if<PatternError>(&read);
      if (error == nullptr) continue;
      context.fault(
          "parameter_value", "/rules",
          "label " + label.name + ", pattern " + std::to_string(index) + ": " + error->message);
      if (++faults == kMostFaults) return;
    }
  }
}

}  // namespace

void plan_regexes(Context& context, const Params& params) {
  context.trait("reads", ColumnTypes{}.add(params.string("column", "text"), "utf8").json());
  const bool has_rules = !params["rules"].is_null();
  const bool has_file = !params["rules_file"].is_null();
  if (has_rules && has_file) {
    context.fault("parameter_value", "/rules_file",
                  "a rule set stands in `rules` or in a file, not in both");
  } else if (has_file) {
    context.trait("blocking", "true");
  } else if (!has_rules) {
    context.fault("parameter_missing", "/rules", "a rule set is needed: `rules` or `rules_file`");
  } else {
    try {
      plan_rules(context, params);
    } catch (const Failure& failure) {
      context.fault("parameter_value", "/rules", failure.what());
    }
  }
}

OverLimitTally::Sums OverLimitTally::add(std::int64_t rows, std::int64_t over,
                                         const std::vector<std::int64_t>& rows_of) {
  {
    const std::lock_guard lock{mutex_};
    rows_ += rows;
    over_ += over;
    if (over > 0) {
      for (std::size_t rule = 0; rule < rows_of_.size(); ++rule) rows_of_[rule] += rows_of[rule];
    }
  }
  return sums();
}

OverLimitTally::Sums OverLimitTally::sums() const {
  const std::lock_guard lock{mutex_};
  if (over_ == 0) return {rows_, 0, 0};
  const auto worst = std::max_element(rows_of_.begin(), rows_of_.end());
  return {rows_, over_, static_cast<std::uint32_t>(worst - rows_of_.begin())};
}

CompiledRegexes compiled_regexes(Context& context, const Params& params) {
  const auto address = params.string("rules_file");
  const bool ignores_case = params.boolean("ignore_case", true);
  const std::size_t max_patterns = max_patterns_of(params);
  std::vector<RegexLabel> labels;
  if (address.empty()) labels = read_regexes(params["rules"], max_patterns);
  const auto slot = regex_slot_of(regex_slot_name(context, address, ignores_case, labels));
  const std::lock_guard lock{slot->making};
  if (!slot->regexes.rules) {
    if (!address.empty()) {
      const std::string text = context.read_all(address, kMostRegexFileBytes);
      labels = read_regexes(context.parse(text), max_patterns);
    }
    auto rules = std::make_shared<const RegexRules>(labels, ignores_case,
                                                    [&] { return context.stopping(); });
    for (const auto& warning : rules->warnings()) context.log(Level::Warn, warning);
    slot->regexes.tally = std::make_shared<OverLimitTally>(rules->rules().size());
    slot->regexes.rules = std::move(rules);
  }
  const RegexRules* const rules = slot->regexes.rules.get();
  const bool is_job = context.token() != 0;
  return {.rules = {slot, rules},  // so that the slot stays
          .tally = is_job ? slot->regexes.tally
                          : std::make_shared<OverLimitTally>(rules->rules().size())};
}

}  // namespace millrace::label
