#include "plugins/tables/derivation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <millrace/context.hpp>

#include "plugins/tables/cast.hpp"
#include "plugins/tables/wide.hpp"

namespace millrace::tables {
namespace {

[[noreturn]] void refuse_rule(const std::string& why) { throw Failure{MR_INVALID_ARGUMENT, why}; }

[[noreturn]] void refuse_values(const std::string& column, const std::string& why) {
  throw Failure{MR_DATA_INVALID, "column '" + column + "' " + why};
}

double unit_us(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, double>, 6> kUnits{{{"microseconds", 1},
                                                                       {"milliseconds", 1e3},
                                                                       {"seconds", 1e6},
                                                                       {"minutes", 60e6},
                                                                       {"hours", 3600e6},
                                                                       {"days", 86400e6}}};
  for (const auto& [unit, us] : kUnits)
    if (unit == word) return us;
  return 1e6;
}

struct ConstantValue {
  Type type;
  OwnCell value;
};

ConstantValue read_constant(const Value& given) {
  switch (given.kind()) {
    case MR_NULL:
      return {Type::Utf8, {}};
    case MR_BOOL:
      return {Type::Bool, given.boolean()};
    case MR_INTEGER:
      return {Type::Int64, given.integer()};
    case MR_NUMBER:
      return {Type::Float64, given.number()};
    case MR_STRING:
      return {Type::Utf8, std::string{given.string()}};
    default:
      refuse_rule("`value` is a text, a number, true or false; lists and objects fit no column");
  }
}

double number_of(const Cell& cell) {
  const auto* whole = std::get_if<std::int64_t>(&cell);
  return whole == nullptr ? std::get<double>(cell) : static_cast<double>(*whole);
}

}  // namespace

// An operand in one batch.
class Derivation::Source {
 public:
  Source(const Batch& batch, const Operand& operand) {
    if (const auto* name = std::get_if<std::string>(&operand)) {
      name_ = *name;
      column_.emplace(batch, name_);
      type_ = column_->type();
    } else {
      constant_ = view(std::get<OwnCell>(operand));
      type_ = constant_.index() == Cell{0.0}.index() ? Type::Float64 : Type::Int64;
    }
  }

  [[nodiscard]] Type type() const { return type_; }
  [[nodiscard]] bool has_values() const { return !column_ || column_->has_values(); }
  [[nodiscard]] Cell operator[](std::int64_t row) const {
    return column_ ? (*column_)[row] : constant_;
  }
  // Refuses values that are no numbers.
  void check_number() const {
    if (has_values() && type_ != Type::Int64 && type_ != Type::Float64) {
      refuse_values(name_, "is " + std::string{to_string(type_)} +
                               ", but numbers are counted with; a copy of it with `as` may be one");
    }
  }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;  // empty: a constant
  std::optional<ValueColumn> column_;
  Cell constant_;
  Type type_ = Type::Int64;
};

Derivation::Derivation(const Value& given)
    : to_{given["to"].string()}, rule_{read_rule(given)}, as_{cast_type(given["as"].string())} {
  if (to_ == kRootColumn) refuse_rule("the engine's own column cannot be made: @root");
  if (!given["decimals"].is_null()) decimals_ = static_cast<int>(given["decimals"].integer());
  if (!given["factor"].is_null() && !std::holds_alternative<Ratio>(rule_))
    refuse_rule("`factor` is for a ratio alone");
  if (!given["unit"].is_null() && !std::holds_alternative<Since>(rule_))
    refuse_rule("`unit` is for `since` alone");
  auto* constant = std::get_if<Constant>(&rule_);
  if (constant == nullptr || !as_) return;
  if (constant->value.index() != 0)
    constant->value = cast(view(constant->value), constant->type, *as_, to_);
  constant->type = *as_;
}

Derivation::Rule Derivation::read_rule(const Value& given) {
  std::optional<Rule> rule;
  const auto set = [&](Rule next) {
    if (rule)
      refuse_rule(
          "a column is one of copy, value, coalesce, text, sum, ratio and since, not several");
    rule = std::move(next);
  };
  const auto operands = [&](std::string_view member) {
    std::vector<Operand> all;
    const Value list = given[member];
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Value item = list.at(i);
      if (item.kind() == MR_STRING) {
        all.emplace_back(std::string{item.string()});
      } else {
        all.emplace_back(read_constant(item).value);
      }
    }
    return all;
  };
  if (!given["value"].is_null()) {
    auto [type, value] = read_constant(given["value"]);
    set(Constant{type, std::move(value)});
  }
  if (!given["copy"].is_null()) set(Copy{std::string{given["copy"].string()}});
  if (!given["coalesce"].is_null()) set(Coalesce{operands("coalesce")});
  if (!given["text"].is_null()) set(TextTemplate{given["text"].string()});
  if (!given["sum"].is_null()) set(Sum{operands("sum")});
  if (!given["ratio"].is_null())
    set(Ratio{operands("ratio"), given["factor"].is_null() ? 1 : given["factor"].number()});
  if (!given["since"].is_null())
    set(Since{std::string{given["since"].string()}, unit_us(given["unit"].string())});
  return rule ? *std::move(rule) : Rule{Constant{}};
}

std::vector<std::string> Derivation::reads() const {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<Operand>& operands) {
    for (const auto& operand : operands)
      if (const auto* name = std::get_if<std::string>(&operand)) names.push_back(*name);
  };
  if (const auto* copy = std::get_if<Copy>(&rule_)) names.push_back(copy->column);
  if (const auto* coalesce = std::get_if<Coalesce>(&rule_)) add(coalesce->operands);
  if (const auto* text = std::get_if<TextTemplate>(&rule_)) names = text->columns();
  if (const auto* sum = std::get_if<Sum>(&rule_)) add(sum->operands);
  if (const auto* ratio = std::get_if<Ratio>(&rule_)) add(ratio->operands);
  if (const auto* since = std::get_if<Since>(&rule_)) names.push_back(since->column);
  return names;
}

std::string_view Derivation::type_word() const {
  if (as_) return to_string(*as_);
  if (const auto* constant = std::get_if<Constant>(&rule_)) return to_string(constant->type);
  if (std::holds_alternative<TextTemplate>(rule_)) return to_string(Type::Utf8);
  if (std::holds_alternative<Ratio>(rule_) || std::holds_alternative<Since>(rule_))
    return to_string(Type::Float64);
  return "any";
}

void Derivation::Made::append(const OwnCell& cell) {
  if (const auto* text = std::get_if<std::string>(&cell)) {
    append(Cell{std::string_view{texts.emplace_back(*text)}});
  } else {
    append(view(cell));
  }
}

Batch Derivation::add(Batch batch, std::int64_t now_us) const {
  Made made = make(batch, now_us);
  if (decimals_ && made.type == Type::Float64) {
    for (Cell& cell : made.cells)
      if (auto* number = std::get_if<double>(&cell)) *number = round_to(*number, *decimals_);
  }
  const Type type = as_.value_or(made.type);
  ValueBuilder column{type};
  for (const Cell& cell : made.cells) {
    if (type == made.type || !has_value(cell)) {
      column.append(cell);
    } else {
      const OwnCell brought = cast(cell, made.type, type, to_);
      column.append(view(brought));
    }
  }
  return std::move(column).put(std::move(batch), to_);
}

Derivation::Made Derivation::make(const Batch& batch, std::int64_t now_us) const {
  if (const auto* constant = std::get_if<Constant>(&rule_)) {
    Made made{constant->type};
    made.cells.assign(static_cast<std::size_t>(batch.rows()), view(constant->value));
    return made;
  }
  if (const auto* coalesce = std::get_if<Coalesce>(&rule_)) return make_coalesce(batch, *coalesce);
  if (const auto* text = std::get_if<TextTemplate>(&rule_)) return make_text(batch, *text);
  if (const auto* sum = std::get_if<Sum>(&rule_)) return make_sum(batch, *sum);
  if (const auto* ratio = std::get_if<Ratio>(&rule_)) return make_ratio(batch, *ratio);
  if (const auto* since = std::get_if<Since>(&rule_)) return make_since(batch, *since, now_us);
  const ValueColumn column{batch, std::get<Copy>(rule_).column};
  Made made{column.type()};
  for (std::int64_t row = 0; row < batch.rows(); ++row) made.append(column[row]);
  return made;
}

Derivation::Sources Derivation::open(const Batch& batch, const std::vector<Operand>& operands) {
  Sources sources;
  sources.reserve(operands.size());
  for (const auto& operand : operands) sources.emplace_back(batch, operand);
  return sources;
}

// Whole numbers among those with a fraction become such.
Derivation::Made Derivation::make_coalesce(const Batch& batch, const Coalesce& rule) const {
  const auto sources = open(batch, rule.operands);
  std::optional<Type> type;
  for (const Source& source : sources) {
    if (!source.has_values() || source.type() == type) continue;
    const auto is_number = [](Type one) { return one == Type::Int64 || one == Type::Float64; };
    if (type && !(is_number(*type) && is_number(source.type()))) {
      refuse_values(to_, "is to be of one type, but what it is made of is " +
                             std::string{to_string(*type)} + " and " +
                             std::string{to_string(source.type())});
    }
    type = type ? Type::Float64 : source.type();
  }
  Made made{type.value_or(sources.front().type())};
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const auto found = std::find_if(sources.begin(), sources.end(),
                                    [&](const Source& source) { return has_value(source[row]); });
    if (found == sources.end()) {
      made.append(Cell{});
    } else if (found->type() == made.type) {
      made.append((*found)[row]);
    } else {
      made.append(cast((*found)[row], found->type(), made.type, to_));
    }
  }
  return made;
}

Derivation::Made Derivation::make_text(const Batch& batch, const TextTemplate& rule) {
  std::vector<ValueColumn> columns;
  columns.reserve(rule.columns().size());
  for (const auto& name : rule.columns()) columns.emplace_back(batch, name);
  Made made{Type::Utf8};
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    std::string text = rule.texts().front();
    bool is_complete = true;
    for (std::size_t i = 0; i < columns.size() && is_complete; ++i) {
      const Cell cell = columns[i][row];
      is_complete = has_value(cell);
      append_text(text, columns[i].type(), cell);
      text.append(rule.texts()[i + 1]);
    }
    is_complete ? made.append(Cell{std::string_view{made.texts.emplace_back(std::move(text))}})
                : made.append(Cell{});
  }
  return made;
}

// Whole numbers exactly; one time and whole numbers, which are microseconds, are a time.
Derivation::Made Derivation::make_sum(const Batch& batch, const Sum& rule) const {
  const auto sources = open(batch, rule.operands);
  bool has_time = false, has_fraction = false;
  int times = 0;  // with values
  for (const Source& source : sources) {
    if (source.type() == Type::Timestamp) {
      has_time = true;
      times += source.has_values() ? 1 : 0;
    } else {
      source.check_number();
      has_fraction = has_fraction || source.type() == Type::Float64;
    }
  }
  if (times > 1 || (has_time && has_fraction))
    refuse_values(to_, "cannot be a sum: a time and whole numbers of microseconds have one");
  Made made{has_time ? Type::Timestamp : has_fraction ? Type::Float64 : Type::Int64};
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    Wide whole = 0;
    double number = 0;
    bool is_complete = true;
    for (const Source& source : sources) {
      const Cell cell = source[row];
      is_complete = is_complete && has_value(cell);
      if (!is_complete) break;
      has_fraction ? void(number += number_of(cell)) : void(whole += std::get<std::int64_t>(cell));
    }
    const auto sum = narrow(whole);
    if (is_complete && !sum) refuse_values(to_, "has a sum that is beyond 64 bits");
    made.append(!is_complete ? Cell{} : has_fraction ? Cell{number} : Cell{*sum});
  }
  return made;
}

Derivation::Made Derivation::make_ratio(const Batch& batch, const Ratio& rule) {
  const auto sources = open(batch, rule.operands);
  for (const Source& source : sources) source.check_number();
  Made made{Type::Float64};
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const Cell over = sources[0][row], under = sources[1][row];
    Cell result;
    if (has_value(over) && has_value(under)) {
      const double ratio = number_of(over) / number_of(under) * rule.factor;
      if (std::isfinite(ratio)) result = ratio == 0 ? 0.0 : ratio;
    }
    made.append(result);
  }
  return made;
}

Derivation::Made Derivation::make_since(const Batch& batch, const Since& rule,
                                        std::int64_t now_us) {
  const ValueColumn times{batch, rule.column};
  if (times.has_values() && times.type() != Type::Timestamp) {
    refuse_values(rule.column, "is " + std::string{to_string(times.type())} +
                                   ", but `since` is of a time; a copy of it with `as` may be one");
  }
  Made made{Type::Float64};
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const Cell cell = times[row];
    const auto* time = std::get_if<std::int64_t>(&cell);
    made.append(time == nullptr ? Cell{}
                                : Cell{(static_cast<double>(now_us) - static_cast<double>(*time)) /
                                       rule.unit_us});
  }
  return made;
}

}  // namespace millrace::tables
