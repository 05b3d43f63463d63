#include "plugins/label/keyword_source.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "plugins/label/choice_columns.hpp"

namespace millrace::label {
namespace {

KeywordLimits limits_of(const Params& params) {
  KeywordLimits limits;
  limits.max_keywords = static_cast<std::size_t>(params.integer("max_keywords", 100'000));
  limits.exactly_is_equality = params.string("exactly", "equality") == "equality";
  return limits;
}

KeywordRules read_file(Context& context, const std::string& address, const KeywordLimits& limits) {
  Reader reader = context.open(address);
  const auto read = [&](std::span<char> buffer) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "keyword rules: stopped"};
    return reader.read(buffer);
  };
  try {
    return read_keyword_rules(read, limits);
  } catch (const Failure& failure) {
    throw Failure{failure.code(), std::string{failure.what()} + " (" + address + ")"};
  }
}

void tell_ignored(Context& context, const KeywordRules& rules) {
  if (rules.ignored == 0) return;
  context.log(Level::Warn,
              "keyword rules of unknown types are ignored: " + std::to_string(rules.ignored));
  context.count("ignoredRules", rules.ignored);
}

// What the instances of one node share in one attempt; gone with the last of them.
struct Slot {
  std::mutex making;  // guards keywords until they are there
  std::optional<CompiledKeywords> keywords;
};

std::shared_ptr<Slot> slot_of(const std::string& name) {
  static std::mutex mutex;  // guards slots
  static std::map<std::string, std::weak_ptr<Slot>> slots;
  const std::lock_guard lock{mutex};
  std::erase_if(slots, [](const auto& item) { return item.second.expired(); });
  auto& known = slots[name];
  auto slot = known.lock();
  if (!slot) known = slot = std::make_shared<Slot>();
  return slot;
}

void append_text(std::string& name, std::string_view text) {
  name.append(std::to_string(text.size())).append(":").append(text);
}

std::string slot_name(const Context& context, std::string_view address, const KeywordRules& rules) {
  std::string name;
  for (const auto part : {context.engine(), context.job(), context.node(), address}) {
    append_text(name, part);
  }
  append_text(name, std::to_string(context.token()));
  for (const std::string& label : rules.labels) append_text(name, label);
  for (const KeywordRule& rule : rules.rules) {
    append_text(name, std::to_string(rule.label) + rule.matches.text());
    append_text(name, rule.keyword);
  }
  return name;
}

}  // namespace

void plan_keywords(Context& context, const Params& params) {
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
      static_cast<void>(read_keyword_rules(params["rules"], limits_of(params)));
    } catch (const Failure& failure) {
      context.fault("parameter_value", "/rules", failure.what());
    }
  }
}

std::shared_ptr<const CompiledKeywords> compiled_keywords(Context& context, const Params& params) {
  const auto address = params.string("rules_file");
  KeywordRules rules;
  if (address.empty()) rules = read_keyword_rules(params["rules"], limits_of(params));
  auto slot = slot_of(slot_name(context, address, rules));
  const std::lock_guard lock{slot->making};
  if (!slot->keywords) {
    if (!address.empty()) rules = read_file(context, address, limits_of(params));
    slot->keywords.emplace(std::move(rules));
    tell_ignored(context, slot->keywords->rules);
  }
  const CompiledKeywords* keywords = &*slot->keywords;
  return {std::move(slot), keywords};
}

}  // namespace millrace::label
