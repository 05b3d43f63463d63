#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/params.hpp>

#include "plugins/tables/text_template.hpp"
#include "plugins/tables/value_column.hpp"

namespace millrace::tables {

/// How one column is made of others, row by row. Where a column that it is made of is null, so is
/// the result, but of a coalesce. A column without any value in a batch may have any type there.
/// [any thread]
class Derivation {
 public:
  /// Reads {"to": name, ...}. Throws Failure with InvalidArgument, which says what is wrong.
  explicit Derivation(const Value& given);

  [[nodiscard]] const std::string& to() const { return to_; }
  /// The columns that it is made of.
  [[nodiscard]] std::vector<std::string> reads() const;
  /// The word of its type, for traits: "any" where that depends on other columns.
  [[nodiscard]] std::string_view type_word() const;

  /// Returns the batch with the column. `now_us`: microseconds since 1970. Throws Failure with
  /// DataInvalid, which names the column.
  [[nodiscard]] Batch add(Batch batch, std::int64_t now_us) const;

 private:
  using Operand = std::variant<std::string, OwnCell>;  // a column, or a number

  struct Copy {
    std::string column;
  };
  struct Constant {
    Type type = Type::Utf8;
    OwnCell value{};
  };
  struct Coalesce {
    std::vector<Operand> operands;
  };
  struct Sum {
    std::vector<Operand> operands;
  };
  struct Ratio {
    std::vector<Operand> operands;  // two
    double factor = 1;
  };
  struct Since {
    std::string column;
    double unit_us = 1'000'000;
  };
  using Rule = std::variant<Constant, Copy, Coalesce, TextTemplate, Sum, Ratio, Since>;

  /// The values of all rows. Texts are views of the batch, or of `texts`.
  struct Made {
    explicit Made(Type its_type) : type{its_type} {}
    Type type;
    std::vector<Cell> cells{};
    std::deque<std::string> texts{};

    void append(const Cell& cell) { cells.push_back(cell); }
    void append(const OwnCell& cell);
  };
  class Source;
  using Sources = std::vector<Source>;

  static Rule read_rule(const Value& given);
  static Sources open(const Batch& batch, const std::vector<Operand>& operands);
  [[nodiscard]] Made make(const Batch& batch, std::int64_t now_us) const;
  [[nodiscard]] Made make_coalesce(const Batch& batch, const Coalesce& rule) const;
  [[nodiscard]] static Made make_text(const Batch& batch, const TextTemplate& rule);
  [[nodiscard]] Made make_sum(const Batch& batch, const Sum& rule) const;
  [[nodiscard]] static Made make_ratio(const Batch& batch, const Ratio& rule);
  [[nodiscard]] static Made make_since(const Batch& batch, const Since& rule, std::int64_t now_us);

  std::string to_;
  Rule rule_;
  std::optional<int> decimals_;  // to which a float64 is rounded
  std::optional<Type> as_;
};

}  // namespace millrace::tables
