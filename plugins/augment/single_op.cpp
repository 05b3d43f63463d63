// augment.<name>: an image operation as an operator of its own. The parameters of its table become
// typed JSON parameters; values mean what they mean in the grammar.
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "plugins/augment/augment.hpp"
#include "plugins/augment/example_rows.hpp"
#include "plugins/augment/operators.hpp"
#include "plugins/augment/read_value.hpp"
#include "plugins/records/raw_json.hpp"

namespace millrace::augment {
namespace {

bool is_numeric(ParamKind kind) { return kind == ParamKind::Integer || kind == ParamKind::Number; }

std::string quoted(std::string_view text) {
  std::string json;
  records::raw::append_quoted(json, text);
  return json;
}

// A default of one number is written as a JSON number, everything else as text of the grammar.
std::string fallback_json(const ParamSpec& param) {
  const bool is_number = is_numeric(param.kind) &&
                         param.fallback.find_first_not_of("0123456789.-") == std::string_view::npos;
  return is_number ? std::string{param.fallback} : quoted(param.fallback);
}

std::string param_json(const ParamSpec& param) {
  std::string doc{param.doc};
  doc += " Takes " + describe(param);
  doc += is_numeric(param.kind)
             ? "; [low, high] is drawn from that range, three or more numbers are a choice."
             : "; an array is a choice.";
  std::string json = quoted(param.name) + R"(: {"type": "any", "doc": )" + quoted(doc);
  if (!param.unit.empty()) json += R"(, "unit": )" + quoted(param.unit);
  if (!param.fallback.empty()) {
    json += R"(, "default": )" + fallback_json(param);
  } else if (!param.optional) {
    json += R"(, "mandatory": true)";
  }
  return json + "}";
}

// Values with which the operation can be shown: its defaults, and something for what has none.
std::string example_json(const OpSpec& spec) {
  std::string json;
  for (const auto& param : spec.params) {
    if (!param.fallback.empty() || param.optional) continue;
    json += (json.empty() ? "" : ", ") + quoted(param.name) + ": ";
    json += is_numeric(param.kind)
                ? "[" + std::to_string(static_cast<int>(param.minimum / 2)) + ", " +
                      std::to_string(static_cast<int>(param.maximum / 2)) + "]"
                : quoted("320x240");
  }
  return "{" + json + "}";
}

// 1e-7 is 0.0000001 in the grammar.
std::string number_text(const millrace::Value& value) {
  if (value.kind() == MR_INTEGER) return std::to_string(value.integer());
  std::array<char, 400> digits{};  // the longest double without an exponent has 325
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value.number(),
                                 std::chars_format::fixed);
  return {digits.data(), end.ptr};
}

// Turns JSON into what the parser of the grammar would have made of it.
class ParamReader {
 public:
  ParamReader(const ParamSpec& param, std::vector<OpsFault>& faults)
      : param_{param}, faults_{faults} {}

  std::optional<ParsedValue> read(const millrace::Value& value) {
    if (value.kind() == MR_ARRAY) return read_array(value);
    if (value.kind() == MR_STRING && is_plain())
      return ParsedValue{ParsedValue::Form::Text, {std::string{value.string()}}, {}};
    if (value.kind() == MR_STRING) {
      const auto before = faults_.size();
      auto parsed = parse_value(value.string(), faults_);
      if (faults_.size() > before) return {};
      return parsed;
    }
    if (auto text = read_scalar(value))
      return ParsedValue{ParsedValue::Form::Text, {*std::move(text)}, {}};
    return fault();
  }

 private:
  // Words and paths are taken as they are; the grammar's marks mean nothing in them.
  [[nodiscard]] bool is_plain() const {
    return param_.kind == ParamKind::Word || param_.kind == ParamKind::LabelPath;
  }

  std::optional<ParsedValue> read_array(const millrace::Value& array) {
    ParsedValue parsed{ParsedValue::Form::Numbers, {}, {}};
    for (std::size_t i = 0; i < array.size(); ++i) {
      const auto element = array.at(i);
      if (element.kind() == MR_STRING) parsed.form = ParsedValue::Form::Texts;
      auto text = element.kind() == MR_STRING ? std::optional{std::string{element.string()}}
                                              : read_scalar(element);
      if (!text) return fault();
      parsed.texts.push_back(*std::move(text));
    }
    if (parsed.texts.empty()) return fault();
    if (parsed.form == ParsedValue::Form::Numbers && parsed.texts.size() == 2)
      parsed.form = ParsedValue::Form::Range;
    return parsed;
  }

  static std::optional<std::string> read_scalar(const millrace::Value& value) {
    if (value.kind() == MR_BOOL) return std::string{value.boolean() ? "1" : "0"};
    if (value.kind() == MR_INTEGER || value.kind() == MR_NUMBER) return number_text(value);
    return {};
  }

  std::optional<ParsedValue> fault() {
    faults_.push_back(
        {kOpsParameter, 0, std::string{param_.name} + " must be " + describe(param_)});
    return {};
  }

  const ParamSpec& param_;
  std::vector<OpsFault>& faults_;
};

// Reads the parameters; a fault's offset is the index of its parameter.
std::optional<CheckedOp> read(const OpSpec& spec, const Params& params,
                              std::vector<OpsFault>& faults) {
  ParsedOp op{std::string{spec.name}, {}, spec.params.size()};
  const auto before = faults.size();
  for (std::size_t i = 0; i < spec.params.size(); ++i) {
    const auto value = params[spec.params[i].name];
    if (value.is_null()) continue;
    const auto faults_of_others = faults.size();
    auto read = ParamReader{spec.params[i], faults}.read(value);
    for (auto place = faults_of_others; place < faults.size(); ++place) faults[place].offset = i;
    if (read) op.args.push_back({std::string{spec.params[i].name}, *std::move(read), i});
  }
  if (faults.size() > before) return {};
  return check_op(spec, op, faults);
}

void plan(Context& context, const Params& params, const void* data) {
  const auto& spec = *static_cast<const OpSpec*>(data);
  plan_copies(context, params);
  std::vector<OpsFault> faults;
  const auto op = read(spec, params, faults);
  for (const auto& fault : faults) {
    const auto pointer = fault.offset < spec.params.size()
                             ? "/" + std::string{spec.params[fault.offset].name}
                             : std::string{};
    context.fault(fault.kind, pointer, fault.message);
  }
  if (op) declare_traits(context, {*op});
}

std::unique_ptr<Operator> make(Context&, const Params& params, const void* data) {
  std::vector<OpsFault> faults;
  auto op = read(*static_cast<const OpSpec*>(data), params, faults);
  if (!op) throw Failure{MR_INVALID_ARGUMENT, faults.front().message};
  return std::make_unique<Augment>(params, std::vector<CheckedOp>{*std::move(op)});
}

}  // namespace

OperatorDefinition define_op(const OpSpec& spec) {
  std::string params = "{";
  for (const auto& param : spec.params) params += param_json(param) + ", ";
  params += std::string{kCopyParams} + "}";
  const auto traits = "{" + std::string{kAugmentTraits} + R"(, "examples": [{"params": )" +
                      example_json(spec) + R"(, "rows": )" MR_EXAMPLE_ROWS "}]}";
  OperatorDefinition definition;
  definition.id = "augment." + std::string{spec.name};
  definition.role = Role::Augment;
  definition.declaration = declaration(spec.doc, params, traits);
  definition.data = &spec;
  definition.plan = plan;
  definition.make_operator = make;
  return definition;
}

}  // namespace millrace::augment
