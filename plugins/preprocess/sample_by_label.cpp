// Draws rows at random, so many of each label. Each row gets a random number, and those with the
// least of their label are the sample: one pass, and no more than the numbers in memory. Their
// order is a shuffle of all of them.
#include <algorithm>
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

#include "plugins/preprocess/row_shapes.hpp"
#include "plugins/preprocess/state_words.hpp"
#include "plugins/records/column_types.hpp"
#include "plugins/records/draw.hpp"

namespace millrace::preprocess {
namespace {

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

class SampleByLabel final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "sample.by_label";
  static constexpr auto kRole = Role::Preprocess;
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
    records::ColumnTypes reads;
    reads.add(label, "utf8");
    const auto sets = params["sets"];
    if (sets.is_null()) {
      reads.add(set, "utf8");
    } else {
      const auto added = set.empty() ? std::string{"set"} : set;
      if (added == label)
        context.fault("parameter_value", "/set_column", "it is the column with the labels");
      context.trait("adds", records::ColumnTypes{}.add(added, "utf8").json());
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
    context.trait("reads", reads.json());
  }

  explicit SampleByLabel(const Params& params)
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
    const auto shape = static_cast<char>(shapes_.number_of(batch.schema()));
    const auto labels = batch.column<std::string_view>(label_column_);
    std::optional<Column<std::string_view>> sets;
    if (!set_column_.empty() && shares_.names.empty())
      sets = batch.column<std::string_view>(set_column_);
    const RowEncoder rows{batch};
    std::int64_t skipped = 0, left_out = 0;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      const auto label = labels[row];
      const auto set = sets ? (*sets)[row] : std::string_view{};
      const auto number = records::draw_u64(context.seed(), context.node(), "sample", seen_++);
      if (!label || !set) {
        ++skipped;
      } else if (const auto group = group_of(*set, *label); takes(groups_[group], number)) {
        record_.assign(1, shape);
        const auto place = sort_key(group);
        record_.append(place.data(), place.size());
        rows.append(record_, row);
        const auto key = sort_key(number);
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
    std::string state;
    for (const auto number : {seen_, read_, emitted_, std::uint64_t{shapes_.size()}})
      append_word(state, static_cast<std::int64_t>(number));
    for (std::size_t i = 0; i < shapes_.size(); ++i)
      append_word(state, schema_text(shapes_.schema(i)));
    append_word(state, static_cast<std::int64_t>(groups_.size()));
    for (const auto& [name, number] : numbers_) {
      append_word(state, name);
      append_word(state, std::int64_t{number});
      const Group& group = groups_[number];
      append_word(state, static_cast<std::int64_t>(group.taken));
      for (std::size_t i = 0; i < shares_.names.size(); ++i)
        append_word(state, static_cast<std::int64_t>(i < group.of_sets.size() ? group.of_sets[i]
                                                                              : std::uint64_t{0}));
    }
    append_word(state, sort_.snapshot(context));
    return state;
  }

  void restore(Context& context, std::string_view state) override {
    const auto count = [&state] {
      const auto number = take_number(state);
      if (number < 0) throw Failure{MR_DATA_INVALID, "the checkpoint of a sample is not readable"};
      return static_cast<std::uint64_t>(number);
    };
    seen_ = count();
    read_ = count();
    emitted_ = count();
    for (auto shapes = count(); shapes > 0; --shapes)
      shapes_.number_of(read_schema_text(take_text(state)));
    groups_.resize(std::min<std::uint64_t>(count(), kMostGroups));
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const auto name = take_text(state);
      const auto number = count();
      if (number >= groups_.size())
        throw Failure{MR_DATA_INVALID, "the checkpoint of a sample is not readable"};
      numbers_.emplace(name, static_cast<std::uint32_t>(number));
      groups_[number].taken = count();
      for (std::size_t set = 0; set < shares_.names.size(); ++set)
        groups_[number].of_sets.push_back(count());
    }
    sort_.restore(context, take_text(state));
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
    if (!rows_) rows_.emplace(shapes_.all());
    Builder<std::string_view> sets;
    std::size_t bytes = 0;
    std::int64_t left_out = 0;
    for (ExternalSort::Item item; static_cast<std::size_t>(rows_->rows()) < kRowsOfBatch &&
                                  bytes < kBytesOfBatch && sort_.next(context, item);) {
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      ++read_;
      auto record = item.record;
      if (record.empty()) throw Failure{MR_DATA_INVALID, "a row on the disk is empty"};
      const auto shape = static_cast<unsigned char>(record.front());
      record.remove_prefix(1);
      std::uint64_t number = 0;
      for (const char c : record.substr(0, sizeof number))
        number = number << 8 | static_cast<unsigned char>(c);
      record.remove_prefix(std::min(sizeof number, record.size()));
      if (number >= groups_.size())
        throw Failure{MR_DATA_INVALID, "a row on the disk has no label"};
      Group& group = groups_[number];
      if (group.taken == count_) {
        ++left_out;
        continue;
      }
      ++group.taken;
      if (!shares_.names.empty()) sets.append(shares_.names[next_set(group)]);
      rows_->add(record, shapes_.places(shape));
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
    const bool has_root = std::any_of(shapes_.all().begin(), shapes_.all().end(),
                                      [](const Field& field) { return field.name == kRootColumn; });
    if (!has_root) return batch;
    Builder<std::int64_t> places;
    for (std::int64_t row = 0; row < batch.rows(); ++row)
      places.append(static_cast<std::int64_t>(first) + row);
    return std::move(batch).with(kRootColumn, std::move(places));
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
  RowShapes shapes_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;  // of groups, by set and label
  std::vector<Group> groups_;
  ExternalSort sort_;
  std::string name_, record_;  // of one row; members so that their memory is used again
  std::uint64_t seen_ = 0, read_ = 0, emitted_ = 0;
  std::optional<RowDecoder> rows_;
};

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("sample_by_label", "1.0.0", millrace::preprocess::SampleByLabel)
