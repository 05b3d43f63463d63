// Makes columns of others.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/records/column_types.hpp"
#include "plugins/tables/derivation.hpp"
#include "plugins/tables/operators.hpp"

namespace millrace::tables {
namespace {

std::vector<Derivation> read_derivations(const Params& params) {
  std::vector<Derivation> derivations;
  const Value given = params["columns"];
  for (std::size_t i = 0; i < given.size(); ++i) derivations.emplace_back(given.at(i));
  return derivations;
}

std::int64_t now_us() {
  using std::chrono::microseconds;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<microseconds>(now).count();
}

class DeriveColumns final : public Operator {
 public:
  static constexpr auto kName = "derive.columns";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Makes columns of others, one after the other, so that each may use those before it: copies, "
      "constants, texts, sums, ratios, and the time that passed. Each is made in one way; it is "
      "null "
      "where a column that it is made of is null, and a column without any of the ways is null in "
      "all rows. A column of its name is replaced. What leaves can be chosen: `keep` names the "
      "columns that stay, or `drop` those that go.";
  static constexpr auto kParams = R"({
    "columns": {"type": "array", "maxItems": 1000, "default": [], "doc": "The columns to make, in order, each {\"to\": name} with one of: `copy` of a column; `value`, one in all rows; `coalesce`, the first of columns and numbers that is there; `text` with columns in braces, \"{done} of {rows}\"; `sum` of columns and numbers, of which one may be a time and the others are microseconds; `ratio` of two of them, times `factor`, null where the second is 0; `since`, how long the time of a column is ago in `unit`, from microseconds to days, seconds when absent. `decimals` rounds, a half to the even digit by the number's binary value, and `as` brings the values to utf8, int64, float64 or timestamp, where they have an equal there.",
      "items": {"type": "object", "required": ["to"], "properties": {
        "to": {"type": "string", "minLength": 1, "doc": "Name of the column that is made."},
        "copy": {"type": "string", "minLength": 1, "doc": "The values of this column."},
        "value": {"type": "any", "doc": "This text, number or flag, in all rows."},
        "coalesce": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "any", "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}, {"type": "number"}]},
          "doc": "The first of these columns that has a value, or the number that stands there."},
        "text": {"type": "string", "maxLength": 10000, "doc": "This text, with columns in braces: \"{done} of {rows}\"; {{ and }} are braces."},
        "sum": {"type": "array", "minItems": 1, "maxItems": 100, "items": {"type": "any", "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}, {"type": "number"}]},
          "doc": "The sum of these columns and numbers. One of them may be a time; the others are then microseconds."},
        "ratio": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "any", "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer"}, {"type": "number"}]},
          "doc": "The first of these columns or numbers divided by the second; null where that is 0."},
        "factor": {"type": "number", "doc": "What a ratio is multiplied with: 100 makes percents."},
        "since": {"type": "string", "minLength": 1, "doc": "How long the time of this column is ago."},
        "unit": {"type": "string", "enum": ["microseconds", "milliseconds", "seconds", "minutes", "hours", "days"], "doc": "Of `since`; seconds when absent."},
        "decimals": {"type": "integer", "minimum": 0, "maximum": 15, "doc": "Numbers are rounded to so many decimals, a half to the even one by the number's binary value, as Python's round() does."},
        "as": {"type": "string", "enum": ["utf8", "int64", "float64", "timestamp"], "doc": "The type to which the values are brought, after rounding. A value that has no equal there is an error. As a text a number has one decimal at least: 50.0."}}}},
    "keep": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 1000, "doc": "The columns that leave, in this order. Absent: all do."},
    "drop": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 1000, "doc": "Columns that do not leave; one may be missing."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "replicable": true,
    "examples": [
      {"params": {"columns": [{"to": "rate", "ratio": ["labelled", "authors"], "factor": 100, "decimals": 2, "as": "utf8"}]},
       "rows": {"labelled": [109614, 1, 2, 0, 3], "authors": [228206, 32, 2, 7, 0]},
       "doc": "48.03, 3.12, 100.0, 0.0 and null."},
      {"params": {"columns": [{"to": "count", "copy": "count", "as": "int64"}, {"to": "all", "sum": ["count", "more", 1]},
                              {"to": "note", "text": "{all} rows of {name}"}, {"to": "begin", "value": "2021-01-31", "as": "timestamp"}],
                  "keep": ["note", "all", "begin"]},
       "rows": {"count": ["3", "4"], "more": [5, null], "name": ["Ptt", "blog"]}, "doc": "9 rows of Ptt, with 9; the second row has neither."},
      {"params": {"columns": [{"to": "time", "coalesce": ["last", "first"]}, {"to": "end", "sum": ["time", 21600000000]}], "drop": ["first"]},
       "rows": {"first": [0, 0], "last": [60000000, null]}, "types": {"first": "timestamp", "last": "timestamp"},
       "doc": "Six hours after the last time, or after the first where there is none."}]})";

  static void plan(Context& context, const Params& params);

  explicit DeriveColumns(const Params& params)
      : derivations_{read_derivations(params)},
        keep_{params.strings("keep")},
        drop_{params.strings("drop")} {}

  void process(Context& context, Batch batch) override {
    const auto now = now_us();
    for (const auto& derivation : derivations_) batch = derivation.add(std::move(batch), now);
    if (!keep_.empty()) {
      std::vector<std::string_view> names;
      if (batch.has(kRootColumn)) names.push_back(kRootColumn);
      std::remove_copy(keep_.begin(), keep_.end(), std::back_inserter(names), kRootColumn);
      batch = std::move(batch).select(names);
    }
    for (const auto& name : drop_)
      if (batch.has(name)) batch = std::move(batch).without(name);
    context.emit(std::move(batch));
  }

 private:
  const std::vector<Derivation> derivations_;
  const std::vector<std::string> keep_, drop_;
};

void DeriveColumns::plan(Context& context, const Params& params) {
  std::map<std::string, std::string_view> made;  // column -> word of its type, the last one
  records::ColumnTypes reads, adds, emits;
  const Value given = params["columns"];
  for (std::size_t i = 0; i < given.size(); ++i) {
    try {
      const Derivation derivation{given.at(i)};
      for (const auto& name : derivation.reads())
        if (!made.contains(name)) reads.add(name, kValueTypes);
      made.insert_or_assign(derivation.to(), derivation.type_word());
    } catch (const Failure& failure) {
      context.fault("parameter_value", "/columns/" + std::to_string(i), failure.what());
    }
  }
  const auto keep = params.strings("keep"), drop = params.strings("drop");
  if (!keep.empty() && !drop.empty())
    context.fault("parameter_value", "/drop", "`keep` says already what leaves");
  if (std::find(drop.begin(), drop.end(), kRootColumn) != drop.end())
    context.fault("parameter_value", "/drop", "the engine's own column stays: @root");
  for (const auto& name : keep) {
    if (std::count(keep.begin(), keep.end(), name) > 1)
      return context.fault("parameter_value", "/keep", "a column stands there once: " + name);
    const auto found = made.find(name);
    if (found == made.end()) reads.add(name, "any");
    emits.add(name, found == made.end() ? "any" : found->second);
  }
  for (const auto& [name, type] : made) {
    const bool stays = keep.empty() ? std::find(drop.begin(), drop.end(), name) == drop.end()
                                    : std::find(keep.begin(), keep.end(), name) != keep.end();
    if (stays) adds.add(name, type);
  }
  context.trait("reads", reads.json());
  context.trait("adds", adds.json());
  if (!keep.empty()) context.trait("emits", emits.json());
}

}  // namespace

OperatorDefinition define_derive_columns() { return detail::define<DeriveColumns>(); }

}  // namespace millrace::tables
