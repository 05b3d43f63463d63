// Makes one row of each group of rows, and so joins branches by a key.
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/preprocess/hash_secret.hpp"
#include "plugins/preprocess/key_column.hpp"
#include "plugins/preprocess/state_words.hpp"
#include "plugins/records/column_types.hpp"
#include "plugins/tables/accumulator.hpp"
#include "plugins/tables/group_numbers.hpp"
#include "plugins/tables/operators.hpp"
#include "plugins/tables/value_column.hpp"

namespace millrace::tables {
namespace {

struct AggregateWord {
  std::string_view word, emits;  // in parameters, and the type of what comes of it
  Aggregate::Kind kind;
};

constexpr std::array<AggregateWord, 7> kAggregateWords{{
    {"sum", "number", Aggregate::Kind::Sum},
    {"count", "int64", Aggregate::Kind::Count},
    {"min", "any", Aggregate::Kind::Min},
    {"max", "any", Aggregate::Kind::Max},
    {"first", "any", Aggregate::Kind::First},
    {"last", "any", Aggregate::Kind::Last},
    {"join", "utf8", Aggregate::Kind::Join},
}};

constexpr std::string_view kEveryRow = "*";  // {"count": "*"}

// A column that leaves: what it is called, and what it is made of.
struct AggregateColumn {
  std::string name;
  Aggregate aggregate;
  std::string_view emits;
};

// Reads one member of `columns`. Throws Failure with the reason.
AggregateColumn read_aggregate(std::string_view name, const Value& given) {
  std::optional<AggregateColumn> column;
  for (const auto& known : kAggregateWords) {
    if (given[known.word].is_null()) continue;
    if (column) throw Failure{MR_INVALID_ARGUMENT, "a column is one aggregate, not several"};
    column = {
        std::string{name}, {known.kind, std::string{given[known.word].string()}}, known.emits};
  }
  if (!column) {
    throw Failure{MR_INVALID_ARGUMENT,
                  "a column is one of sum, count, min, max, first, last and join, with the column "
                  "it is of, as in {\"sum\": \"rows\"}"};
  }
  Aggregate& aggregate = column->aggregate;
  aggregate.only_with = given["only_with"].string();
  if (!given["separator"].is_null()) {
    if (aggregate.kind != Aggregate::Kind::Join)
      throw Failure{MR_INVALID_ARGUMENT, "`separator` is for join alone"};
    aggregate.separator = given["separator"].string();
  }
  if (aggregate.kind == Aggregate::Kind::Count && aggregate.column == kEveryRow)
    aggregate.column.clear();
  return *std::move(column);
}

// The columns of a group's key, then those of `columns`.
std::vector<AggregateColumn> read_aggregates(const Params& params) {
  std::vector<AggregateColumn> columns;
  for (const auto& name : params.strings("group_by"))
    columns.push_back({name, {Aggregate::Kind::First, name}, "any"});
  const Value given = params["columns"];
  for (std::size_t i = 0; i < given.size(); ++i)
    columns.push_back(read_aggregate(given.key(i), given.at(i)));
  return columns;
}

class AggregateRows final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "aggregate.rows";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Makes one row of each group of rows, at the end: groups in the order in which they came. "
      "Rows of one group have the same values in the columns of `group_by`, where a null is a "
      "value "
      "too; without it all rows are one group, which is there without any row. A column that a "
      "batch lacks is null in it, so rows of several branches that meet here are joined by the "
      "key. "
      "Nulls count for nothing: a sum or a count without values is 0, a join is the empty text, "
      "all others are null. Sums of whole numbers are exact; one beyond 64 bits is an error.";
  static constexpr auto kParams = R"({
    "group_by": {"type": "array", "items": {"type": "string", "minLength": 1}, "maxItems": 64, "default": [],
      "doc": "Columns whose values tell the groups apart; they leave first. Empty: all rows are one group."},
    "columns": {"type": "object", "mandatory": true, "doc": "The columns that leave, by name, and what each is, as in {\"received\": {\"sum\": \"rows\"}}: one of `sum`, `count` (\"*\" counts rows), `min`, `max`, `first`, `last` and `join` with the column that it is of. `separator` stands between the values of a join, a comma when absent. Where `only_with` names a column, rows count that have a value there, other than 0, false and the empty text.",
      "additionalProperties": {"type": "object", "properties": {
        "sum": {"type": "string", "minLength": 1, "doc": "The sum of this column, whose values are numbers."},
        "count": {"type": "string", "minLength": 1, "doc": "How many values this column has; \"*\" counts rows."},
        "min": {"type": "string", "minLength": 1, "doc": "The least value of this column; texts are compared byte by byte."},
        "max": {"type": "string", "minLength": 1, "doc": "The greatest value of this column."},
        "first": {"type": "string", "minLength": 1, "doc": "The first value of this column that is not null."},
        "last": {"type": "string", "minLength": 1, "doc": "The last value of this column that is not null."},
        "join": {"type": "string", "minLength": 1, "doc": "The values of this column as one text, in the order of their rows."},
        "separator": {"type": "string", "doc": "Stands between the values of a join; a comma when absent."},
        "only_with": {"type": "string", "minLength": 1, "doc": "Rows count that have a value in this column, other than 0, false and the empty text. Absent: all rows count."}}}},
    "memory": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 4294967296, "unit": "bytes",
      "doc": "Of groups, with their keys, values and texts; more fails the job."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable",
    "limits": {
      "aggregate.groups": {"value": 1000000, "unit": "groups", "doc": "of rows; more fails the job"},
      "aggregate.columns": {"value": 1000, "unit": "columns", "doc": "that are aggregated"},
      "aggregate.state": {"value": 4194304, "unit": "bytes", "doc": "of groups at a checkpoint; with more of them the job keeps its earlier one"}},
    "conformance": {"skip": {"root": "a group descends from all of its rows"}},
    "examples": [
      {"params": {"group_by": ["label"], "columns": {"rows": {"count": "*"}, "authors": {"join": "author", "separator": ", "}, "longest": {"max": "length"}}},
       "rows": {"label": ["male", "female", "male", null], "author": ["u1", "u2", null, "u4"], "length": [3, 5, 9, null]},
       "doc": "male has 2 rows, the author u1 and the length 9; female and null have one row each."},
      {"params": {"group_by": ["table"], "columns": {"received": {"sum": "received"}, "written": {"sum": "written"}}},
       "rows": {"table": ["Ptt", "blog", "Ptt"], "received": [10, 4, null], "written": [null, null, 6]},
       "doc": "Rows of two branches, joined by their table: Ptt with 10 and 6, blog with 4 and 0."},
      {"params": {"columns": {"tables": {"join": "table", "only_with": "written"}, "mean": {"sum": "part"}}},
       "rows": {"table": ["Ptt", "blog", "news"], "written": [6, 0, 2], "part": [0.5, null, 0.25]},
       "doc": "One row: Ptt,news and 0.75."}]})";

  static_assert(GroupNumbers::kMostGroups == 1'000'000, "kTraits says how many");

  static void plan(Context& context, const Params& params);

  AggregateRows(Context& context, const Params& params)
      : group_by_{params.strings("group_by")},
        memory_bytes_{static_cast<std::size_t>(params.integer("memory", 64 << 20))},
        columns_{read_aggregates(params)},
        groups_{preprocess::hash_secret(context)} {
    for (const auto& column : columns_)
      accumulators_.push_back(Accumulator::make(column.aggregate));
  }

  void process(Context&, Batch batch) override {
    number_rows(batch);
    for (const auto& accumulator : accumulators_) {
      accumulator->resize(groups_.size());
      accumulator->add(batch, numbers_);
    }
    if (size_bytes() > memory_bytes_) {
      throw Failure{MR_EXHAUSTED, "the " + std::to_string(groups_.size()) +
                                      " groups need more than `memory`: " +
                                      std::to_string(memory_bytes_) + " bytes"};
    }
  }

  void finish(Context& context) override {
    if (group_by_.empty() && groups_.size() == 0) add_group({});
    const auto begin = given_;
    std::size_t bytes = 0;
    while (given_ < groups_.size() && given_ - begin < kMostRows && bytes < kMostBytes) {
      for (const auto& accumulator : accumulators_) bytes += accumulator->result_bytes(given_);
      ++given_;
    }
    if (given_ == begin) return;
    Batch batch;
    for (std::size_t i = 0; i < columns_.size(); ++i)
      batch = accumulators_[i]->put(std::move(batch), columns_[i].name, begin, given_);
    context.emit(std::move(batch));
    if (given_ < groups_.size()) context.more();
  }

  std::string snapshot(Context&) override {
    if (size_bytes() > kMostStateBytes)
      throw Failure{MR_UNAVAILABLE, "the groups are too many for a state"};
    std::string state;
    preprocess::append_word(state, static_cast<std::int64_t>(given_));
    preprocess::append_word(state, static_cast<std::int64_t>(groups_.size()));
    for (std::size_t group = 0; group < groups_.size(); ++group)
      preprocess::append_word(state, groups_.key(group));
    for (const auto& accumulator : accumulators_) accumulator->snapshot(state);
    return state;
  }

  void restore(Context&, std::string_view state) override {
    given_ = static_cast<std::size_t>(preprocess::take_number(state));
    for (auto groups = preprocess::take_number(state); groups > 0; --groups)
      groups_.number_of(preprocess::take_text(state));
    for (const auto& accumulator : accumulators_) {
      accumulator->resize(groups_.size());
      accumulator->restore(state);
    }
    if (!state.empty() || given_ > groups_.size())
      throw Failure{MR_DATA_INVALID, "the checkpoint of aggregate.rows is not readable"};
  }

 private:
  static constexpr std::size_t kMostColumns = 1000;
  static constexpr std::size_t kMostRows = 8192;  // of a batch that is emitted
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;
  static constexpr std::size_t kMostStateBytes = std::size_t{4} << 20;

  void add_group(std::string_view key) {
    groups_.number_of(key);
    for (const auto& accumulator : accumulators_) accumulator->resize(groups_.size());
  }

  // Tells of each row which group it is of.
  void number_rows(const Batch& batch) {
    std::vector<std::optional<preprocess::KeyColumn>> keys;
    for (const auto& name : group_by_) {
      auto& key = keys.emplace_back();
      if (batch.has(name)) key.emplace(batch, name);
    }
    numbers_.resize(static_cast<std::size_t>(batch.rows()));
    std::string bytes;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      bytes.clear();
      for (const auto& key : keys) {
        // A column that is not there has nulls.
        key && key->has_value(row) ? key->append(bytes, row) : bytes.push_back('\0');
      }
      numbers_[static_cast<std::size_t>(row)] = groups_.number_of(bytes);
    }
  }

  [[nodiscard]] std::size_t size_bytes() const {
    std::size_t bytes = groups_.size_bytes();
    for (const auto& accumulator : accumulators_) bytes += accumulator->size_bytes();
    return bytes;
  }

  const std::vector<std::string> group_by_;
  const std::size_t memory_bytes_;
  const std::vector<AggregateColumn> columns_;
  std::vector<std::unique_ptr<Accumulator>> accumulators_;  // one for each of them
  GroupNumbers groups_;
  std::vector<std::uint32_t>
      numbers_;            // of the rows of a batch; a member so that its memory is used again
  std::size_t given_ = 0;  // groups that left
};

void AggregateRows::plan(Context& context, const Params& params) {
  context.trait("resources",
                R"({"memory_bytes": )" + std::to_string(params.integer("memory")) + '}');
  const Value given = params["columns"];
  if (given.size() == 0)
    context.fault("parameter_value", "/columns", "there is one column at least");
  if (given.size() > kMostColumns) {
    return context.fault("parameter_value", "/columns",
                         "there are at most " + std::to_string(kMostColumns) + " columns");
  }
  const auto group_by = params.strings("group_by");
  records::ColumnTypes emits, reads;
  for (const auto& name : group_by) {
    const auto pointer = "/group_by";
    if (std::count(group_by.begin(), group_by.end(), name) > 1)
      return context.fault("parameter_value", pointer, "a column stands there once: " + name);
    emits.add(name, "any");
    reads.add(name, kValueTypes);
  }
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::string name{given.key(i)};
    const auto refuse_it = [&](const std::string& why) {
      context.fault("parameter_value", "/columns", "column '" + name + "': " + why);
    };
    if (name.empty()) refuse_it("a column has a name");
    if (name == kRootColumn) refuse_it("it is the engine's own");
    if (std::count(group_by.begin(), group_by.end(), name) > 0)
      refuse_it("it is one of `group_by` already");
    try {
      const auto column = read_aggregate(name, given.at(i));
      const auto kind = column.aggregate.kind;
      emits.add(name, column.emits);
      reads.add(column.aggregate.column,
                kind == Aggregate::Kind::Sum ? std::string_view{"number"} : kValueTypes);
      reads.add(column.aggregate.only_with, kValueTypes);
    } catch (const Failure& failure) {
      refuse_it(failure.what());
    }
  }
  context.trait("may_read", reads.json());
  context.trait("emits", emits.json());
}

}  // namespace

OperatorDefinition define_aggregate_rows() { return detail::define<AggregateRows>(); }

}  // namespace millrace::tables
