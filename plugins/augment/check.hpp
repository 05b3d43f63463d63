#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/augment/grammar.hpp"
#include "plugins/augment/op.hpp"

namespace millrace::augment {

/// What an argument may become: one value, one of several by equal chance, or a number of a closed
/// interval.
struct Setting {
  enum class Form { Fixed, OneOf, Range };
  Form form = Form::Fixed;
  std::vector<Value> values;
};

/// An operation whose arguments are known to be right.
struct CheckedOp {
  const OpSpec* spec = nullptr;
  std::string name;  // as written: the operation's or an alias
  std::vector<std::optional<Setting>>
      settings;  // one for each parameter; nothing: optional and not given
  std::vector<std::optional<Value>> defaults;  // the fixed ones: resolved texts leave them out
  std::optional<std::uint64_t> seed{};         // as written

  /// Whether every copy is the same: nothing is drawn.
  [[nodiscard]] bool is_fixed() const;
};

/// Checks the name (ops_unknown, with the nearest one) and the arguments (ops_parameter). Every
/// fault is reported.
std::optional<CheckedOp> check_op(const ParsedOp& op, std::vector<OpsFault>& faults);

/// The same for an operation that is already known.
std::optional<CheckedOp> check_op(const OpSpec& spec, const ParsedOp& op,
                                  std::vector<OpsFault>& faults);

/// What an ops text may hold at its place.
struct OpsRules {
  bool is_chain_allowed = false;  // else exactly one operation
};

/// Reads and checks a whole ops text. Empty when there are faults; their order is syntax, not
/// allowed, then by place.
std::vector<CheckedOp> read_ops(std::string_view text, const OpsRules& rules,
                                std::vector<OpsFault>& faults);

}  // namespace millrace::augment
