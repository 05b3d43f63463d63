// Draws rows at random, so many of each label. Each row gets a random number, and those with the
// least of their label are the sample: one pass, and no more than the numbers in memory. Their
// order is a shuffle of all of them.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/external_sort.hpp>
#include <millrace/operator.hpp>
#include <millrace/row_codec.hpp>

#include "plugins/records/column_types.hpp"
#include "plugins/records/draw.hpp"

namespace {

using millrace::Batch;
using millrace::Builder;
using millrace::Column;
using millrace::Context;
using millrace::Failure;
using millrace::Params;
using millrace::Schema;

// Numbers and texts, one after the other, as a state.
class StateWriter {
 public:
  void add(std::uint64_t number) { text_.append(std::to_string(number)).push_back(' '); }
  void add(std::string_view text) {
    add(text.size());
    text_.append(text);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

class StateReader {
 public:
  explicit StateReader(std::string_view text) : text_{text} {}

  std::uint64_t number() {
    std::uint64_t value = 0;
    const auto end = text_.data() + text_.size();
    const auto read = std::from_chars(text_.data(), end, value);
    if (read.ec != std::errc{} || read.ptr == end || *read.ptr != ' ') refuse();
    text_.remove_prefix(static_cast<std::size_t>(read.ptr - text_.data()) + 1);
    return value;
  }
  std::string_view text() {
    const auto size = number();
    if (size > text_.size()) refuse();
    const auto found = text_.substr(0, size);
    text_.remove_prefix(size);
    return found;
  }

 private:
  [[noreturn]] static void refuse() {
    throw Failure{MR_DATA_INVALID, "the checkpoint of a sample is not readable"};
  }
  std::string_view text_;
};

// The shares of the sets that rows are divided into.
struct Shares {
  std::vector<std::string> names;
  std::vector<double> shares;  // 1 in all

  static Shares read(const Params& params) {
    Shares read;
    const auto sets = params["sets"];
    double sum = 0;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      read.names.emplace_back(sets.key(i));
      read.shares.push_back(sets.at(i).number());
      sum += read.shares.back();
    }
    for (double& share : read.shares) share /= sum;
    return read;
  }
};

class ByLabel final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "sample.by_label";
  static constexpr auto kRole = millrace::Role::Preprocess;
  static constexpr auto kDoc =
      "Draws rows at random, at most `count` of each label, and gives them in random order. Each "
      "row has the same chance as the others of its label; where there are no more than `count` of "
      "a label all are taken. With `set_column` the rows of each set are drawn by themselves. With "
      "`sets` the rows are divided instead: a column says which set a row is of, and each label "
      "has its share in each set, up to one row. Rows without label or set are counted as "
      "`skippedRows`, those that were not drawn as `leftOutRows`. The same rows and seed give the "
      "same sample. Reads everything before it emits anything; rows that wait lie in scratch of "
      "the job.";
  static constexpr auto kParams = R"({
    "label_column": {"type": "string", "default": "label", "minLength": 1,
      "doc": "Name of the column with the labels."},
    "count": {"type": "integer", "default": 1000, "minimum": 1, "maximum": 1000000000,
      "doc": "Rows of each label at the most."},
    "set_column": {"type": "string", "minLength": 1,
      "doc": "Name of a column with the set of a row, such as train, dev and test. With `sets`: name of the column that is added, `set` when absent."},
    "sets": {"type": "object", "additionalProperties": {"type": "number"},
      "doc": "Names of sets and their shares, such as {\"train\": 8, \"test\": 2}."},
    "memory": {"type": "integer", "default": 33554432, "minimum": 65536, "maximum": 4294967296, "unit": "bytes",
      "doc": "Of rows that wait; rows beyond it go to the disk."}})";
  static constexpr auto kTraits = R"({"stability": "alpha", "blocking": true,
    "limits": {
      "sample.groups": {"value": 100000, "unit": "labels", "doc": "in sets, that rows are drawn of; more fails the job"},
      "sample.sets": {"value": 100, "unit": "sets", "doc": "that rows are divided into; more is refused"}},
    "reads": {"label": "utf8"},
    "conformance": {"skip": {"root": "a row that was drawn has a new place"}},
    "examples": [
      {"params": {"count": 2},
       "rows": {"text": ["a", "b", "c", "d", "e"], "label": ["A", "A", "A", "B", null]},
       "doc": "Two of A and the one of B, in random order."},
      {"params": {"sets": {"train": 1, "test": 1}},
       "rows": {"text": ["a", "b", "c", "d"], "label": ["A", "A", "B", "B"]},
       "doc": "One of each label in each set."}]})";

  static void plan(Context& context, const Params& params) {
    const auto label = params.string("label_column", "label"), set = params.string("set_column");
    std::vector<millrace::records::ColumnType> reads{{label, "utf8"}};
    const auto sets = params["sets"];
    if (sets.is_null()) {
      if (!set.empty()) reads.emplace_back(set, "utf8");
    } else {
      const auto added = set.empty() ? std::string{"set"} : set;
      if (added == label)
        context.fault("parameter_value", "/set_column", "it is the column with the labels");
      context.trait("adds", millrace::records::column_types({{added, "utf8"}}));
      if (sets.size() == 0)
        context.fault("parameter_value", "/sets", "name a set at the least, with its share");
      if (sets.size() > kMostSets)
        context.fault("parameter_value", "/sets", "there are more than 100 sets");
      for (std::size_t i = 0; i < sets.size(); ++i) {
        const auto share = sets.at(i).number();
        if (share > 0 && share <= kMostShare) continue;
        context.fault("parameter_value", "/sets",
                      "a share is over 0, and 1e9 at the most: " + std::string{sets.key(i)});
      }
    }
    context.trait("reads", millrace::records::column_types(reads));
  }

  explicit ByLabel(const Params& params)
      : label_column_{params.string("label_column", "label")},
        set_column_{params.string("set_column")},
        count_{static_cast<std::uint64_t>(params.integer("count", 1000))},
        shares_{Shares::read(params)},
        sort_{"rows",
              {.memory_bytes = static_cast<std::size_t>(params.integer("memory", 32 << 20))}} {
    if (!shares_.names.empty() && set_column_.empty()) set_column_ = "set";
  }

  void process(Context& context, Batch batch) override {
    if (batch.empty()) return;
    note_schema(batch.schema());
    const auto labels = batch.column<std::string_view>(label_column_);
    std::optional<Column<std::string_view>> sets;
    if (!set_column_.empty() && shares_.names.empty())
      sets = batch.column<std::string_view>(set_column_);
    const millrace::RowEncoder rows{batch};
    std::int64_t skipped = 0, left_out = 0;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      const auto label = labels[row];
      const auto set = sets ? (*sets)[row] : std::string_view{};
      const auto number =
          millrace::records::draw_u64(context.seed(), context.node(), "sample", seen_++);
      if (!label || !set) {
        ++skipped;
      } else if (const auto group = group_of(*set, *label); takes(groups_[group], number)) {
        record_.assign(std::to_string(group)).push_back(' ');
        rows.append(record_, row);
        const auto key = millrace::sort_key(number);
        sort_.add(context, {key.data(), key.size()}, record_);
      } else {
        ++left_out;
      }
    }
    if (skipped > 0) context.count("skippedRows", skipped);
    if (left_out > 0) context.count("leftOutRows", left_out);
  }

  void finish(Context& context) override {
    if (emit_batch(context)) context.more();
  }

  std::string snapshot(Context& context) override {
    StateWriter state;
    state.add(seen_);
    state.add(read_);
    state.add(emitted_);
    state.add(schema_ ? millrace::schema_text(*schema_) : std::string{});
    state.add(groups_.size());
    for (const auto& [name, number] : numbers_) {
      state.add(name);
      state.add(number);
      const Group& group = groups_[number];
      state.add(group.taken);
      for (std::size_t i = 0; i < shares_.names.size(); ++i)
        state.add(i < group.of_sets.size() ? group.of_sets[i] : 0);
    }
    state.add(sort_.snapshot(context));
    return state.take();
  }

  void restore(Context& context, std::string_view text) override {
    StateReader state{text};
    seen_ = state.number();
    read_ = state.number();
    emitted_ = state.number();
    if (const auto schema = state.text(); !schema.empty())
      schema_ = millrace::read_schema_text(schema);
    groups_.resize(std::min<std::uint64_t>(state.number(), kMostGroups));
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const std::string name{state.text()};
      const auto number = state.number();
      if (number >= groups_.size())
        throw Failure{MR_DATA_INVALID, "the checkpoint of a sample is not readable"};
      numbers_.emplace(name, static_cast<std::uint32_t>(number));
      groups_[number].taken = state.number();
      for (std::size_t set = 0; set < shares_.names.size(); ++set)
        groups_[number].of_sets.push_back(state.number());
    }
    sort_.restore(context, state.text());
  }

 private:
  static constexpr std::size_t kMostGroups = 100'000, kMostSets = 100;
  static constexpr double kMostShare = 1e9;
  // Of larger samples all rows wait: what is left out early is not worth the numbers.
  static constexpr std::uint64_t kMostRemembered = 10'000;
  static constexpr std::size_t kRowsOfBatch = 1024, kBytesOfBatch = std::size_t{4} << 20;

  struct Group {
    std::priority_queue<std::uint64_t> least{};  // numbers, the largest first: `count` at the most
    std::uint64_t taken = 0;                     // rows that were emitted
    std::vector<std::uint64_t> of_sets{};        // the same by set
  };

  void note_schema(const Schema& schema) {
    if (!schema_) schema_ = schema;
    if (*schema_ != schema)
      throw Failure{MR_DATA_INVALID,
                    "rows come with different columns: bring them into one form before"};
  }

  std::uint32_t group_of(std::string_view set, std::string_view label) {
    name_.assign(std::to_string(set.size())).append(" ").append(set).append(label);
    const auto found = numbers_.find(name_);
    if (found != numbers_.end()) return found->second;
    if (groups_.size() == kMostGroups)
      throw Failure{MR_EXHAUSTED,
                    "rows have more than 100,000 labels and sets: is `label_column` right?"};
    groups_.emplace_back();
    return numbers_.emplace(name_, static_cast<std::uint32_t>(groups_.size() - 1)).first->second;
  }

  // Whether a row may be of the sample: it is not when `count` of its group have lesser numbers.
  bool takes(Group& group, std::uint64_t number) const {
    if (count_ > kMostRemembered) return true;
    if (group.least.size() == count_) {
      if (number >= group.least.top()) return false;
      group.least.pop();
    }
    group.least.push(number);
    return true;
  }

  // Emits the next rows; false when these were the last.
  bool emit_batch(Context& context) {
    if (read_ >= sort_.size()) return false;
    if (!rows_) {
      rows_.emplace(*schema_);
      for (std::size_t i = 0; i < schema_->size(); ++i) places_.push_back(i);
    }
    Builder<std::string_view> sets;
    std::size_t bytes = 0;
    std::int64_t left_out = 0;
    for (millrace::ExternalSort::Item item;
         static_cast<std::size_t>(rows_->rows()) < kRowsOfBatch && bytes < kBytesOfBatch &&
         sort_.next(context, item);) {
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      ++read_;
      StateReader head{item.record};
      const auto number = head.number();
      if (number >= groups_.size())
        throw Failure{MR_DATA_INVALID, "a row on the disk has no label"};
      Group& group = groups_[number];
      if (group.taken == count_) {
        ++left_out;
        continue;
      }
      ++group.taken;
      if (!shares_.names.empty()) sets.append(shares_.names[next_set(group)]);
      rows_->add(item.record.substr(item.record.find(' ') + 1), places_);
      bytes += item.record.size();
    }
    if (left_out > 0) context.count("leftOutRows", left_out);
    context.progress(read_, sort_.size(), "rows");
    Batch batch = rows_->take();
    if (batch.rows() > 0) {
      if (!shares_.names.empty()) batch = std::move(batch).with(set_column_, std::move(sets));
      batch = with_places(std::move(batch));
      context.emit(std::move(batch));
    }
    return read_ < sort_.size();
  }

  // A row's `@root`, where there is one, becomes its place in the sample.
  Batch with_places(Batch batch) {
    const auto first = std::exchange(emitted_, emitted_ + static_cast<std::uint64_t>(batch.rows()));
    const bool has_root = std::any_of(
        schema_->begin(), schema_->end(),
        [](const millrace::Field& field) { return field.name == millrace::kRootColumn; });
    if (!has_root) return batch;
    Builder<std::int64_t> places;
    for (std::int64_t row = 0; row < batch.rows(); ++row)
      places.append(static_cast<std::int64_t>(first) + row);
    return std::move(batch).with(millrace::kRootColumn, std::move(places));
  }

  // The set that is furthest behind its share of the group's rows.
  std::size_t next_set(Group& group) const {
    group.of_sets.resize(shares_.names.size());
    std::size_t next = 0;
    double most_behind = 0;
    for (std::size_t set = 0; set < shares_.names.size(); ++set) {
      const double behind = shares_.shares[set] * static_cast<double>(group.taken) -
                            static_cast<double>(group.of_sets[set]);
      if (set == 0 || behind > most_behind) {
        most_behind = behind;
        next = set;
      }
    }
    ++group.of_sets[next];
    return next;
  }

  const std::string label_column_;
  std::string set_column_;  // empty: none
  const std::uint64_t count_;
  const Shares shares_;
  std::optional<Schema> schema_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;  // of groups, by set and label
  std::vector<Group> groups_;
  millrace::ExternalSort sort_;
  std::string name_, record_;  // of one row; members so that their memory is used again
  std::uint64_t seen_ = 0, read_ = 0, emitted_ = 0;
  std::optional<millrace::RowDecoder> rows_;
  std::vector<std::size_t> places_;
};

}  // namespace

MR_PLUGIN("sample_by_label", "1.0.0", ByLabel)
