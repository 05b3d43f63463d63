// Counts distinct values, exactly, however many there are.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/preprocess/distinct_counter.hpp"
#include "plugins/preprocess/hash_secret.hpp"
#include "plugins/preprocess/key_column.hpp"
#include "plugins/preprocess/state_words.hpp"
#include "plugins/preprocess/text_column.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::preprocess {
namespace {

using Hash = records::SeenSet::Hash;

class CountDistinct final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "count.distinct";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Counts rows and distinct values, by group where `group` names one, and emits a row for each "
      "group at the end: the group, `distinct` and `rows`, groups in the order in which they came. "
      "A value is the text of one or several columns; one that is null in any of them counts as a "
      "row only. The count is exact: 128-bit hashes are compared, as many as `memory` holds at "
      "once, "
      "and sorted in scratch of the job beyond it.";
  static constexpr auto kParams = R"({
    "columns": {"type": "array", "items": {"type": "string", "minLength": 1}, "mandatory": true, "minItems": 1, "maxItems": 16,
      "doc": "Columns whose values are counted; several are joined."},
    "separator": {"type": "string", "default": "_", "doc": "Stands between the columns."},
    "strip": {"type": "boolean", "default": false, "doc": "Values are stripped of white space at both ends, as Python's str.strip() does."},
    "group": {"type": "string", "minLength": 1, "doc": "Name of the column with the groups; a null is a group too. Absent: all rows are one group."},
    "only_with": {"type": "string", "minLength": 1,
      "doc": "Name of a column: values of a group count only in windows in which one of its rows has a value there."},
    "window": {"type": "string", "minLength": 1, "doc": "Name of the column for windows, which follow one another. Absent: all rows are one window."},
    "memory": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 4294967296, "unit": "bytes",
      "doc": "Of hashes; those beyond it go to the disk."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "blocking": true,
    "adds": {"distinct": "int64", "rows": "int64"},
    "limits": {"count.groups": {"value": 100000, "unit": "groups", "doc": "that are counted apart; more fails the job"}},
    "conformance": {"skip": {"root": "a count descends from all rows"}},
    "examples": [
      {"params": {"columns": ["s_id", "author"], "strip": true, "group": "table"},
       "rows": {"s_id": ["F1", "F1", "F1", "B1", "F1"], "author": ["u", "u ", " u", "u", null], "table": ["Ptt", "Ptt", "Ptt", "blog", "Ptt"]},
       "doc": "Ptt has 2 distinct values in 4 rows, since the blank within F1_ u stays; blog has one."},
      {"params": {"columns": ["author"], "only_with": "label", "window": "window"},
       "rows": {"author": ["u", "v", "w"], "label": [null, "x", null], "window": [0, 0, 6]},
       "doc": "2 in 3 rows: no row of the second window has a label."}]})";

  static_assert(DistinctCounter::kMostGroups == 100'000, "kTraits says how many");

  static void plan(Context& context, const Params& params) {
    records::ColumnTypes reads;
    for (const auto& name : params.strings("columns")) reads.add(name, kTextColumnTypes);
    reads.add(params.string("group"), kTextColumnTypes);
    reads.add(params.string("only_with"), kKeyColumnTypes);
    reads.add(params.string("window"), kKeyColumnTypes);
    context.trait("reads", reads.json());
    context.trait("resources",
                  R"({"memory_bytes": )" + std::to_string(params.integer("memory")) + '}');
    const auto group = params.string("group");
    if (group == kDistinct || group == kRows)
      context.fault("parameter_value", "/group",
                    "the column of groups needs a name of its own: " + group);
    if (!params["window"].is_null() && params["only_with"].is_null())
      context.fault("parameter_value", "/window", "windows count for `only_with` alone");
  }

  CountDistinct(Context& context, const Params& params)
      : columns_{params.strings("columns")},
        separator_{params.string("separator", "_")},
        strips_{params.boolean("strip", false)},
        group_{params.string("group")},
        only_with_{params.string("only_with")},
        window_{params.string("window")},
        memory_bytes_{static_cast<std::size_t>(params.integer("memory", 64 << 20))},
        counter_{memory_bytes_, hash_secret(context)} {}

  void process(Context& context, Batch batch) override;

  void finish(Context& context) override {
    if (std::exchange(is_done_, true)) return;
    const auto& groups = counter_.finish(context);
    Builder<std::string_view> names;
    Builder<std::int64_t> distinct, rows;
    for (const auto& group : groups) {
      group.name ? names.append(*group.name) : names.append_null();
      distinct.append(group.distinct);
      rows.append(group.rows);
    }
    if (groups.empty() && group_.empty()) {
      distinct.append(0);
      rows.append(0);
    }
    if (distinct.size() == 0) return;
    Batch batch;
    if (!group_.empty()) batch = std::move(batch).with(group_, std::move(names));
    context.emit(
        std::move(batch).with(kDistinct, std::move(distinct)).with(kRows, std::move(rows)));
  }

  std::string snapshot(Context& context) override {
    if (waiting_ > kMostWaitingKept) {
      throw Failure{MR_UNAVAILABLE, "values that wait for their window are too many for a state"};
    }
    std::string state;
    append_word(state, is_done_ ? 1 : 0);
    if (is_done_) return state;
    append_word(state, part_);
    append_word(state, static_cast<std::int64_t>(touched_.size()));
    for (const auto group : touched_) {
      const GroupWindow& now = windows_[group];
      append_word(state, group);
      append_word(state, now.counts ? 1 : 0);
      append_word(state, static_cast<std::int64_t>(now.waiting.size()));
      for (const Hash& hash : now.waiting) {
        append_word(state, static_cast<std::int64_t>(hash.high));
        append_word(state, static_cast<std::int64_t>(hash.low));
      }
    }
    return state + counter_.snapshot(context);
  }

  void restore(Context& context, std::string_view state) override {
    is_done_ = take_number(state) != 0;
    if (is_done_) return;
    part_ = take_text(state);
    for (auto groups = take_number(state); groups > 0; --groups) {
      const auto group = static_cast<std::size_t>(take_number(state));
      if (group >= DistinctCounter::kMostGroups) unreadable();
      GroupWindow& now = touch(static_cast<std::uint32_t>(group));
      now.counts = take_number(state) != 0;
      for (auto values = take_number(state); values > 0; --values) {
        const auto high = static_cast<std::uint64_t>(take_number(state));
        now.waiting.push_back({high, static_cast<std::uint64_t>(take_number(state))});
        ++waiting_;
      }
    }
    counter_.restore(context, state);
    if (!state.empty()) unreadable();
  }

 private:
  static constexpr auto kDistinct = "distinct", kRows = "rows";
  static constexpr std::size_t kMostWaitingKept = 65'536;  // 3 MB of state

  // A group within the current window.
  struct GroupWindow {
    bool is_touched = false;
    bool counts = false;        // a row of it has a value of `only_with`
    std::vector<Hash> waiting;  // until one has
  };

  [[noreturn]] static void unreadable() {
    throw Failure{MR_DATA_INVALID, "the checkpoint of a count is not readable"};
  }
  GroupWindow& touch(std::uint32_t group);
  void begin_window(const std::string& part);
  void wait(std::uint32_t group, Hash hash);
  void add_soon(Context& context, std::uint32_t group, Hash hash);
  void add_expected(Context& context);

  const std::vector<std::string> columns_;
  const std::string separator_;
  const bool strips_;
  const std::string group_, only_with_, window_;
  const std::size_t memory_bytes_;
  DistinctCounter counter_;
  bool is_done_ = false;
  std::vector<std::pair<std::uint32_t, Hash>> expected_;  // group and hash, of the batch alone

  // With `only_with` alone.
  std::string part_;                    // the window, as bytes of a key
  std::vector<GroupWindow> windows_;    // by group
  std::vector<std::uint32_t> touched_;  // groups of the window
  std::size_t waiting_ = 0;             // hashes of all groups
  std::size_t distinct_waiting_ = 0;    // of them when each was there once
};

void CountDistinct::process(Context& context, Batch batch) {
  JoinedColumns values{batch, columns_, separator_};
  std::optional<TextColumn> groups;
  if (!group_.empty()) groups.emplace(batch, group_);
  std::optional<KeyColumn> windows, marks;
  if (!window_.empty()) windows.emplace(batch, window_);
  if (!only_with_.empty()) marks.emplace(batch, only_with_);
  std::string part;
  expected_.clear();
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (windows) {
      part.clear();
      windows->append(part, row);
      if (part != part_) begin_window(part);
    }
    const auto group =
        counter_.add_row(groups ? (*groups)[row] : std::optional<std::string_view>{});
    bool counts = true;
    if (marks) {
      GroupWindow& now = touch(group);
      if (!now.counts && marks->has_value(row)) {
        now.counts = true;
        for (const Hash& hash : now.waiting) counter_.add(context, group, hash);
        waiting_ -= now.waiting.size();
        now.waiting.clear();
      }
      counts = now.counts;
    }
    const auto value = values[row];
    if (!value) continue;
    const auto hash = counter_.hash(group, strips_ ? strip(*value) : *value);
    counts ? add_soon(context, group, hash) : wait(group, hash);
  }
  add_expected(context);
}

// Some at once, so that memory brings their places while the next ones are hashed.
void CountDistinct::add_soon(Context& context, std::uint32_t group, Hash hash) {
  constexpr std::size_t kAtOnce = 32;
  counter_.expect(hash);
  expected_.emplace_back(group, hash);
  if (expected_.size() == kAtOnce) add_expected(context);
}

void CountDistinct::add_expected(Context& context) {
  for (const auto& [group, hash] : expected_) counter_.add(context, group, hash);
  expected_.clear();
}

CountDistinct::GroupWindow& CountDistinct::touch(std::uint32_t group) {
  if (group >= windows_.size()) windows_.resize(group + 1);
  GroupWindow& now = windows_[group];
  if (!std::exchange(now.is_touched, true)) touched_.push_back(group);
  return now;
}

void CountDistinct::begin_window(const std::string& part) {
  part_ = part;
  for (const auto group : touched_) windows_[group] = {};
  touched_.clear();
  waiting_ = distinct_waiting_ = 0;
}

void CountDistinct::wait(std::uint32_t group, Hash hash) {
  const std::size_t most = memory_bytes_ / sizeof(Hash) / 4;
  if (waiting_ >= std::max(most, 2 * distinct_waiting_)) {
    waiting_ = 0;
    for (const auto touched : touched_) {
      auto& hashes = windows_[touched].waiting;
      std::sort(hashes.begin(), hashes.end(), [](const Hash& one, const Hash& other) {
        return std::tie(one.high, one.low) < std::tie(other.high, other.low);
      });
      hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
      waiting_ += hashes.size();
    }
    distinct_waiting_ = waiting_;
    if (waiting_ > most) {
      throw Failure{MR_EXHAUSTED,
                    "the values that wait for one of `only_with` need more than a quarter of "
                    "`memory`: " +
                        std::to_string(memory_bytes_)};
    }
  }
  windows_[group].waiting.push_back(hash);
  ++waiting_;
}

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("count_distinct", "1.0.0", millrace::preprocess::CountDistinct)
