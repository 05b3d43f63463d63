#include "plugins/augment/resolve.hpp"

#include <cmath>
#include <utility>

#include "plugins/records/draw.hpp"

namespace millrace::augment {
namespace {

std::string purpose(std::string_view kind, std::size_t step) {
  return std::string{kind} + std::to_string(step);
}

Value draw(const Setting& setting, ParamKind kind, double unit) {
  if (setting.form == Setting::Form::OneOf) {
    return setting
        .values[static_cast<std::size_t>(unit * static_cast<double>(setting.values.size()))];
  }
  const double low = std::get<double>(setting.values[0]),
               high = std::get<double>(setting.values[1]);
  if (kind == ParamKind::Integer) return low + std::floor(unit * (high - low + 1));
  return to_four_decimals(low + unit * (high - low));
}

// The value of parameter j of step `index`; nothing when it has none.
std::optional<Value> value_of(const CheckedOp& op, std::size_t j, std::size_t index,
                              const DrawFrom& from) {
  const auto& setting = op.settings[j];
  if (!setting) return {};
  if (setting->form == Setting::Form::Fixed) return setting->values.front();
  const auto unit = records::draw_unit(
      from.seed, from.node, purpose("p", index) + "." + std::to_string(j), from.identity);
  return draw(*setting, op.spec->params[j].kind, unit);
}

// Writes arguments after each other; one goes without its name while all before it were written,
// too.
class TextWriter {
 public:
  explicit TextWriter(std::string& text) : text_{text} {}

  void add(const ParamSpec& param, const Value& value) {
    text_.push_back('/');
    if (param.keyed || !is_gapless_) text_.append(param.name).push_back(':');
    append_value(text_, value);
  }
  void leave_out(const ParamSpec& param) { is_gapless_ = is_gapless_ && param.keyed; }
  void add_seed(std::uint64_t seed) { text_.append("/seed:").append(std::to_string(seed)); }

 private:
  std::string& text_;
  bool is_gapless_ = true;
};

}  // namespace

void resolve(const CheckedOp& op, std::size_t index, const DrawFrom& from, std::string& text) {
  text.append(op.name);
  TextWriter writer{text};
  for (std::size_t j = 0; j < op.settings.size(); ++j) {
    const auto& param = op.spec->params[j];
    const auto value = value_of(op, j, index, from);
    if (value && value != op.defaults[j]) {
      writer.add(param, *value);
    } else {
      writer.leave_out(param);
    }
  }
  if (op.spec->draws) {
    writer.add_seed(
        op.seed ? *op.seed
                : records::draw_u64(from.seed, from.node, purpose("noise", index), from.identity));
  }
}

void resolve(const std::vector<CheckedOp>& chain, const DrawFrom& from, std::string& text) {
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (i > 0) text.push_back(',');
    resolve(chain[i], i, from, text);
  }
}

std::optional<ResolvedOp> read_recipe(std::string_view text, std::string& why) {
  std::vector<OpsFault> faults;
  const auto ops = read_ops(text, {.is_chain_allowed = false}, faults);
  if (!faults.empty()) {
    why = faults.front().message;
    return {};
  }
  const auto& op = ops.front();
  if (!op.is_fixed()) {
    why = op.name + ": the recipe leaves something to chance";
    return {};
  }
  ResolvedOp resolved{op.spec, Args{op.spec->params}, op.seed.value_or(0)};
  for (std::size_t j = 0; j < op.settings.size(); ++j) {
    if (op.settings[j]) resolved.args.set(j, op.settings[j]->values.front());
  }
  return resolved;
}

}  // namespace millrace::augment
