// Maps the values of a column: codes to names, labels to what they are called elsewhere.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/preprocess/text_column.hpp"
#include "plugins/preprocess/value_map.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::preprocess {
namespace {

constexpr std::uint64_t kMostMapFileBytes = std::uint64_t{64} << 20;

[[noreturn]] void refuse(const std::string& why) { throw Failure{MR_INVALID_ARGUMENT, why}; }

// {value: target}
ValueMap read_map(const Value& map) {
  ValueMap values;
  for (std::size_t i = 0; i < map.size(); ++i) {
    if (map.at(i).kind() != MR_STRING) {
      refuse("a map is {value: text, ...}, but there is no text for " + std::string{map.key(i)});
    }
    values.add(map.key(i), map.at(i).string());
  }
  return values;
}

// {target: [value or range, ...]}
ValueMap read_groups(const Value& groups) {
  ValueMap values;
  if (groups.kind() != MR_OBJECT) refuse("groups are an object {text: [value, ...], ...}");
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const Value items = groups.at(i);
    const auto wrong = [&] {
      refuse("groups are {text: [value, ...], ...}, but there is no list of texts for " +
             std::string{groups.key(i)});
    };
    if (items.kind() != MR_ARRAY) wrong();
    for (std::size_t item = 0; item < items.size(); ++item) {
      if (items.at(item).kind() != MR_STRING) wrong();
      values.add_range(items.at(item).string(), groups.key(i));
    }
  }
  return values;
}

std::int64_t code_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

class MapValues final : public Operator {
 public:
  static constexpr auto kName = "map.values";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Looks the whole values of a column up in a map and writes what they map to into another "
      "column, or the same. A map is given as `map`, value by value, or as `groups`, in which many "
      "values have one target and ranges may stand for them. Values are compared byte by byte, "
      "whole numbers by their digits. `others` says what becomes of values that are not in the "
      "map. Rows that are dropped are counted: `unknownRows` are those not in the map, "
      "`excludedRows` those of `exclude`, `nullRows` those without a value.";
  static constexpr auto kParams = R"({
    "column": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Name of the column with the values."},
    "to": {"type": "string", "minLength": 1,
      "doc": "Name of the column for what they map to; one of that name is replaced. Absent: the column itself."},
    "map": {"type": "object", "additionalProperties": {"type": "string"}, "doc": "The map: {value: target, ...}."},
    "groups": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}},
      "doc": "The map the other way round: {target: [value, ...], ...}. A value may be a range with both ends, A0002..A0017. At most 1,000,000 values."},
    "groups_file": {"type": "uri", "doc": "Address of such groups as a JSON file, up to 64 MiB; it is read when the node begins."},
    "others": {"type": "string", "enum": ["drop", "keep", "prefix", "null"], "default": "drop",
      "doc": "What becomes of rows whose value is not in the map: dropped, the value itself, the value behind `prefix`, or no value."},
    "prefix": {"type": "string", "minLength": 1, "doc": "What is put in front of values that are not in the map."},
    "exclude": {"type": "array", "items": {"type": "string"}, "maxItems": 10000, "default": [],
      "doc": "Values whose rows are dropped, in the map or not."},
    "nulls": {"type": "string", "enum": ["drop", "keep"], "default": "drop", "doc": "What becomes of rows without a value."},
    "max_length": {"type": "integer", "minimum": 1, "unit": "characters",
      "doc": "What a target may have; a longer one is an error. Absent: any length."}
  })";
  static constexpr auto kTraits = R"({"stability": "stable", "replicable": true,
    "limits": {"map.values": {"value": 1000000, "unit": "values", "doc": "that a map has, those of ranges among them"}},
    "conformance": {"skip": {"blocking": "it waits for its file, and says so where there is one"}},
    "examples": [
      {"params": {"column": "label", "to": "panel", "map": {"男性": "/male", "女性": "/female"},
                  "others": "prefix", "prefix": "/", "exclude": ["一般"]},
       "rows": {"label": ["男性", "色情", "一般", null, "女性"], "n": [1, 2, 3, 4, 5]},
       "doc": "/male, /色情 and /female; the third and the fourth row are dropped."},
      {"params": {"column": "s_id", "to": "table",
                  "groups": {"forum": ["WH_F0002..WH_F0003", "WH_F0116"], "blog": ["WH_B0002..WH_B0049"]}},
       "rows": {"s_id": ["WH_F0003", "WH_B0048", "WH_F0004", "wh_f0002"]},
       "doc": "forum and blog; the others are not in the map, since lower case is not upper case."},
      {"params": {"column": "class", "to": "name", "groups_file": "qiniu:///z0/in/names.json", "others": "null"},
       "objects": {"qiniu:///z0/in/names.json": "{\"cat\": [\"1..9\"], \"dog\": [\"10\"]}"},
       "rows": {"class": [1, 10, 11]}, "doc": "cat, dog and none."}]})";

  static_assert(ValueMap::kMostValues == 1'000'000, "kTraits says how many");

  static void plan(Context& context, const Params& params) {
    const auto column = params.string("column"), to = params.string("to", column);
    if (to == kRootColumn)
      context.fault("parameter_value", "/to", "the engine's own column cannot be replaced: @root");
    context.trait("reads", records::ColumnTypes{}.add(column, kTextColumnTypes).json());
    context.trait("adds", records::ColumnTypes{}.add(to, "utf8").json());
    if (!params["groups_file"].is_null()) context.trait("blocking", "true");
    if (params.string("others") == "prefix" && params.string("prefix").empty())
      context.fault("parameter_missing", "/prefix", "`others` is prefix, so one is needed");
    plan_map(context, params);
  }

  MapValues(Context& context, const Params& params)
      : column_{params.string("column")},
        to_{params.string("to", column_)},
        others_{others_of(params.string("others", "drop"))},
        keeps_nulls_{params.string("nulls", "drop") == "keep"},
        max_length_{params.integer("max_length", 0)},
        prefix_{params.string("prefix")} {
    if (const auto file = params.string("groups_file"); !file.empty()) {
      const std::string text = context.read_all(file, kMostMapFileBytes);
      map_ = read_groups(context.parse(text));
    } else {
      map_ = params["map"].is_null() ? read_groups(params["groups"]) : read_map(params["map"]);
    }
    for (const auto& target : map_.targets()) check_length(target);
    for (auto& value : params.strings("exclude")) excluded_.insert(std::move(value));
  }

  void process(Context& context, Batch batch) override {
    TextColumn values{batch, column_};
    Builder<std::string_view> targets;
    kept_.clear();
    std::int64_t unknown = 0, excluded = 0, nulls = 0;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      const auto value = values[row];
      if (!value) {
        ++nulls;
        if (!keeps_nulls_) continue;
        targets.append_null();
      } else if (!excluded_.empty() && excluded_.contains(std::string{*value})) {
        ++excluded;
        continue;
      } else if (const auto target = map_.find(*value)) {
        targets.append(*target);
      } else if (others_ == Others::Drop) {
        ++unknown;
        continue;
      } else {
        append_other(targets, *value);
      }
      kept_.push_back(row);
    }
    if (unknown > 0) context.count("unknownRows", unknown);
    if (excluded > 0) context.count("excludedRows", excluded);
    if (nulls > 0 && !keeps_nulls_) context.count("nullRows", nulls);
    if (static_cast<std::int64_t>(kept_.size()) < batch.rows()) batch = batch.take(kept_);
    context.emit(std::move(batch).with(to_, std::move(targets)));
  }

 private:
  enum class Others { Drop, Keep, Prefix, Null };

  static Others others_of(std::string_view word) {
    if (word == "keep") return Others::Keep;
    if (word == "prefix") return Others::Prefix;
    return word == "null" ? Others::Null : Others::Drop;
  }

  static void plan_map(Context& context, const Params& params) {
    int given = 0;
    for (const auto* name : {"map", "groups", "groups_file"})
      given += params[name].is_null() ? 0 : 1;
    if (given != 1) {
      return context.fault("parameter_value", "",
                           "a map is given in one way: `map`, `groups` or `groups_file`");
    }
    try {
      if (!params["map"].is_null()) read_map(params["map"]);
      if (!params["groups"].is_null()) read_groups(params["groups"]);
    } catch (const Failure& failure) {
      context.fault("parameter_value", params["map"].is_null() ? "/groups" : "/map",
                    failure.what());
    }
  }

  void append_other(Builder<std::string_view>& targets, std::string_view value) {
    if (others_ == Others::Null) return targets.append_null();
    target_.assign(prefix_if_any()).append(value);
    check_length(target_);
    targets.append(target_);
  }

  [[nodiscard]] std::string_view prefix_if_any() const {
    return others_ == Others::Prefix ? std::string_view{prefix_} : std::string_view{};
  }

  void check_length(std::string_view target) const {
    if (max_length_ == 0 || code_points(target) <= max_length_) return;
    throw Failure{MR_DATA_INVALID, "a target has more than the " + std::to_string(max_length_) +
                                       " characters that `max_length` allows: " +
                                       std::to_string(code_points(target))};
  }

  const std::string column_, to_;
  const Others others_;
  const bool keeps_nulls_;
  const std::int64_t max_length_;  // in characters; 0: any
  const std::string prefix_;
  ValueMap map_;
  std::unordered_set<std::string> excluded_;
  std::string target_;              // of one row; members so that their memory is used again
  std::vector<std::int64_t> kept_;  // rows of the batch
};

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("map_values", "1.0.0", millrace::preprocess::MapValues)
