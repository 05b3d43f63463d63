// Merges what several versions say of the same keys: an older table with newer rows.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/external_sort.hpp>
#include <millrace/operator.hpp>

#include "plugins/preprocess/key_bytes.hpp"
#include "plugins/preprocess/key_column.hpp"
#include "plugins/preprocess/state_words.hpp"
#include "plugins/preprocess/text_column.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::preprocess {
namespace {

using Groups = std::vector<std::vector<std::string>>;

Groups read_conflicts(const Params& params) {
  Groups groups;
  const Value given = params["conflicts"];
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto& group = groups.emplace_back();
    for (std::size_t j = 0; j < given.at(i).size(); ++j)
      group.emplace_back(given.at(i).at(j).string());
  }
  return groups;
}

// Numbers of a record on the disk and of its key, as eight bytes in their order.
std::uint64_t take_fixed(std::string_view& bytes) {
  std::uint64_t number = 0;
  if (bytes.size() < sizeof number)
    throw Failure{MR_DATA_INVALID, "a row on the disk is not readable"};
  for (const char c : bytes.substr(0, sizeof number))
    number = number << 8 | static_cast<unsigned char>(c);
  bytes.remove_prefix(sizeof number);
  return number;
}

class MergeVersions final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "merge.versions";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Merges rows of several versions, such as those of an older table with newer ones: emits "
      "each "
      "key and value once, with its time, by key. Of the values that contradict one another "
      "those of the key's newest version stay; one that an earlier version has, too, keeps the "
      "first time that it had. A value that contradicts none stays for good, with the time of its "
      "newest version. A row may have no time, or no such column, and what stays with it has none; "
      "so it is with `version`: rows without one are the oldest. Rows without key or value are "
      "dropped and counted as `skippedRows`, values that a newer version has overruled as "
      "`overruledValues`. Rows wait in scratch of the job.";
  static constexpr auto kParams = R"({
    "key": {"type": "array", "items": {"type": "string", "minLength": 1}, "mandatory": true, "minItems": 1, "maxItems": 16,
      "doc": "Columns that say what the values are of: texts or whole numbers. They are emitted as texts."},
    "strip": {"type": "boolean", "default": false, "doc": "Keys are stripped of white space at both ends, as Python's str.strip() does."},
    "value": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Column of the values."},
    "version": {"type": "array", "items": {"type": "string", "minLength": 1}, "mandatory": true, "minItems": 1, "maxItems": 16,
      "doc": "Columns that say which row is newer, the first before the second; a null is older than anything."},
    "time": {"type": "string", "default": "create_time", "minLength": 1, "doc": "Column of the times, timestamps."},
    "conflicts": {"type": "array", "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 10000}, "maxItems": 10000, "default": [],
      "doc": "Groups of values that contradict one another. A value is in one group."},
    "memory": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 4294967296, "unit": "bytes",
      "doc": "Of rows that wait; rows beyond it go to the disk."}
  })";
  static constexpr auto kTraits = R"({"stability": "alpha", "blocking": true,
    "conformance": {"skip": {"root": "a merged row descends from several"}},
    "examples": [
      {"params": {"key": ["author"], "value": "panel", "version": ["task"], "conflicts": [["/male", "/female"]]},
       "rows": {"author": ["A", "B", "A", "B", "D"], "panel": ["/male", "/female", "/female", "/female", "/male"],
                "create_time": [1577836800000000, 1577836800000000, null, null, null], "task": [null, null, 1, 1, 1]},
       "types": {"create_time": "timestamp"},
       "doc": "A is /female without time, since that is newer; B keeps its time; D is new."},
      {"params": {"key": ["author"], "value": "panel", "version": ["task"]},
       "rows": {"author": ["C", "C", "E"], "panel": ["/young", "/young", "/student"],
                "create_time": [1577836800000000, 1609459200000000, 1577836800000000], "task": [null, 1, null]},
       "types": {"create_time": "timestamp"},
       "doc": "Both stay, C with its newer time."}]})";

  static void plan(Context& context, const Params& params) {
    const auto key = params.strings("key");
    const auto value = params.string("value"), time = params.string("time", "create_time");
    records::ColumnTypes reads, emits;
    std::set<std::string> names;
    for (const auto& name : key) {
      reads.add(name, kTextColumnTypes);
      emits.add(name, "utf8");
      if (!names.insert(name).second)
        context.fault("parameter_value", "/key", "a column is in the key once: " + name);
    }
    if (!names.insert(value).second)
      context.fault("parameter_value", "/value", "it is a column of the key: " + value);
    if (!names.insert(time).second)
      context.fault("parameter_value", "/time",
                    "it is the column of the values, or of the key: " + time);
    if (names.contains(std::string{kRootColumn}))
      context.fault("parameter_value", "",
                    "the engine's own column is no key, value or time: @root");
    context.trait("reads", reads.add(value, kTextColumnTypes).json());
    context.trait("emits", emits.add(value, "utf8").add(time, "timestamp").json());
    context.trait("resources",
                  R"({"memory_bytes": )" + std::to_string(params.integer("memory")) + '}');
    plan_conflicts(context, params);
  }

  explicit MergeVersions(const Params& params)
      : key_{params.strings("key")},
        strips_{params.boolean("strip", false)},
        value_{params.string("value")},
        version_{params.strings("version")},
        time_{params.string("time", "create_time")},
        sort_{"versions",
              {.memory_bytes = static_cast<std::size_t>(params.integer("memory", 64 << 20))}} {
    const auto conflicts = read_conflicts(params);
    for (std::size_t i = 0; i < conflicts.size(); ++i)
      for (const auto& each : conflicts[i]) group_of_.emplace(each, i);
    no_group_ = conflicts.size();
  }

  void process(Context& context, Batch batch) override;
  void finish(Context& context) override;
  std::string snapshot(Context& context) override;
  void restore(Context& context, std::string_view state) override;

 private:
  static constexpr std::int64_t kRowsOfBatch = 8192;
  static constexpr std::size_t kBytesOfBatch = std::size_t{4} << 20;
  static constexpr KeyColumn::Order kOldestFirst{.has_nulls_first = true};

  // A value of the key that is being read, with what its versions say.
  struct Claim {
    std::string value, version;          // the newest one, as bytes of a key
    std::optional<std::int64_t> first;   // the first time that it had
    std::optional<std::int64_t> newest;  // of the newest version
  };

  static void plan_conflicts(Context& context, const Params& params);
  void take(const ExternalSort::Item& item);
  void close();
  void emit_row(const Claim& claim, const std::optional<std::int64_t>& time);
  void emit(Context& context);

  const std::vector<std::string> key_;
  const bool strips_;
  const std::string value_;
  const std::vector<std::string> version_;
  const std::string time_;
  std::map<std::string, std::uint64_t, std::less<>> group_of_;  // by value
  std::uint64_t no_group_ = 0;                                  // what stands for none
  ExternalSort sort_;
  std::string sort_key_, record_;  // of one row; members so that their memory is used again

  // Values that compete: those of one key and group, and of a value without group that alone.
  std::string contest_;  // as bytes of the sort's key
  std::vector<Claim> claims_;
  std::uint64_t read_ = 0;
  std::int64_t overruled_ = 0;  // not counted yet

  // Rows that leave.
  std::vector<Builder<std::string_view>> keys_;
  Builder<std::string_view> values_;
  Builder<std::int64_t> times_{Type::Timestamp};
  std::size_t bytes_ = 0;
};

void MergeVersions::plan_conflicts(Context& context, const Params& params) {
  const auto groups = read_conflicts(params);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const auto& value : groups[i]) {
      if (seen.insert(value).second) continue;
      return context.fault("parameter_value", "/conflicts/" + std::to_string(i),
                           "a value stands once, in one group: " + value);
    }
  }
}

// The key of the sort is: the texts of the key, the group, the value, the version, the time. So
// rows of one value follow one another, the oldest first.
void MergeVersions::process(Context& context, Batch batch) {
  if (batch.empty()) return;
  std::vector<TextColumn> keys;
  for (const auto& name : key_) keys.emplace_back(batch, name);
  TextColumn values{batch, value_};
  std::vector<std::optional<KeyColumn>> versions(version_.size());
  for (std::size_t i = 0; i < version_.size(); ++i)
    if (batch.has(version_[i])) versions[i].emplace(batch, version_[i], kOldestFirst);
  std::optional<Column<std::int64_t>> times;
  if (batch.has(time_)) times = batch.column<std::int64_t>(time_);
  std::int64_t skipped = 0;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while merging"};
    sort_key_.clear();
    const auto value = values[row];
    const bool is_whole = value && std::all_of(keys.begin(), keys.end(), [&](TextColumn& column) {
                            const auto text = column[row];
                            if (text) append_key(sort_key_, strips_ ? strip(*text) : *text);
                            return text.has_value();
                          });
    if (!is_whole) {
      ++skipped;
      continue;
    }
    const auto found = group_of_.find(*value);
    const bool has_group = found != group_of_.end();
    append_key(sort_key_, has_group ? found->second : no_group_);
    const auto group_end = sort_key_.size();
    append_key(sort_key_, *value);
    const auto value_end = sort_key_.size();
    for (const auto& column : versions)
      column ? column->append(sort_key_, row) : KeyColumn::append_null(sort_key_, kOldestFirst);
    const auto version_end = sort_key_.size();
    const auto time = times ? (*times)[row] : std::optional<std::int64_t>{};
    record_.clear();
    for (const auto end : {group_end, value_end, version_end})
      append_key(record_, std::uint64_t{end});
    if (time) append_key(record_, *time);
    append_key(sort_key_, time.value_or(INT64_MAX));
    sort_.add(context, sort_key_, record_);
  }
  if (skipped > 0) context.count("skippedRows", skipped);
}

void MergeVersions::finish(Context& context) {
  if (keys_.empty()) keys_.resize(key_.size());
  bool is_end = false;
  while (times_.size() < kRowsOfBatch && bytes_ < kBytesOfBatch) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while merging"};
    ExternalSort::Item item;
    is_end = read_ >= sort_.size() || !sort_.next(context, item);
    if (is_end) break;
    ++read_;
    take(item);
  }
  if (is_end) close();
  context.progress(read_, sort_.size(), "rows");
  emit(context);
  if (!is_end) context.more();
}

void MergeVersions::take(const ExternalSort::Item& item) {
  auto record = item.record;
  const auto group_end = take_fixed(record), value_end = take_fixed(record),
             version_end = take_fixed(record);
  if (group_end > value_end || value_end > version_end || version_end > item.key.size())
    throw Failure{MR_DATA_INVALID, "a row on the disk is not readable"};
  std::optional<std::int64_t> time;
  if (!record.empty())
    time = static_cast<std::int64_t>(take_fixed(record) ^ (std::uint64_t{1} << 63));
  auto value_text = item.key.substr(group_end, value_end - group_end);
  auto group = item.key.substr(group_end - sizeof(std::uint64_t), sizeof(std::uint64_t));
  const bool has_group = take_fixed(group) != no_group_;
  const auto contest = item.key.substr(0, has_group ? group_end : value_end);
  if (contest != contest_) {
    close();
    contest_ = contest;
  }
  const auto value = take_key_text(value_text);
  const auto version = item.key.substr(value_end, version_end - value_end);
  if (claims_.empty() || claims_.back().value != value)
    claims_.push_back({value, std::string{version}, time, time});
  Claim& claim = claims_.back();
  if (!claim.first) claim.first = time;
  if (claim.version == version) return;
  claim.version = version;
  claim.newest = time;
}

void MergeVersions::close() {
  if (claims_.empty()) return;
  std::string_view newest;
  for (const Claim& claim : claims_) newest = std::max(newest, std::string_view{claim.version});
  const bool has_group = group_of_.contains(claims_.front().value);
  for (const Claim& claim : claims_) {
    if (claim.version == newest) {
      emit_row(claim, has_group ? claim.first : claim.newest);
    } else {
      ++overruled_;
    }
  }
  claims_.clear();
}

void MergeVersions::emit_row(const Claim& claim, const std::optional<std::int64_t>& time) {
  std::string_view rest = contest_;
  for (auto& column : keys_) {
    const auto text = take_key_text(rest);
    bytes_ += text.size();
    column.append(text);
  }
  values_.append(claim.value);
  times_.append(time);
  bytes_ += claim.value.size() + sizeof(std::int64_t);
}

void MergeVersions::emit(Context& context) {
  if (overruled_ > 0) context.count("overruledValues", std::exchange(overruled_, 0));
  bytes_ = 0;
  if (times_.size() == 0) return;
  Batch batch;
  for (std::size_t i = 0; i < key_.size(); ++i)
    batch = std::move(batch).with(key_[i], std::exchange(keys_[i], Builder<std::string_view>{}));
  context.emit(std::move(batch)
                   .with(value_, std::exchange(values_, Builder<std::string_view>{}))
                   .with(time_, std::exchange(times_, Builder<std::int64_t>{Type::Timestamp})));
}

std::string MergeVersions::snapshot(Context& context) {
  std::string state;
  append_word(state, static_cast<std::int64_t>(read_));
  append_word(state, contest_);
  append_word(state, static_cast<std::int64_t>(claims_.size()));
  for (const Claim& claim : claims_) {
    append_word(state, claim.value);
    append_word(state, claim.version);
    for (const auto& time : {claim.first, claim.newest}) {
      append_word(state, time ? 1 : 0);
      append_word(state, time.value_or(0));
    }
  }
  append_word(state, sort_.snapshot(context));
  return state;
}

void MergeVersions::restore(Context& context, std::string_view state) {
  const auto take_time = [&state] {
    const bool is_there = take_number(state) != 0;
    const auto time = take_number(state);
    return is_there ? std::optional{time} : std::nullopt;
  };
  read_ = static_cast<std::uint64_t>(take_number(state));
  contest_ = take_text(state);
  for (auto claims = take_number(state); claims > 0; --claims) {
    Claim claim;
    claim.value = take_text(state);
    claim.version = take_text(state);
    claim.first = take_time();
    claim.newest = take_time();
    claims_.push_back(std::move(claim));
  }
  sort_.restore(context, take_text(state));
}

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("merge_versions", "1.0.0", millrace::preprocess::MergeVersions)
