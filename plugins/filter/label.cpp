// Keeps the records that carry one of the wanted values at a label path.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/filter/step_identity.hpp"
#include "plugins/records/columns.hpp"
#include "plugins/records/label_path.hpp"
#include "plugins/records/record_edit.hpp"

namespace {

namespace records = millrace::records;
using records::LabelPath;

// The wanted values; "*" stands for any.
class Wanted {
 public:
  explicit Wanted(std::vector<std::string> values) : values_{std::move(values)} {
    std::sort(values_.begin(), values_.end());
    takes_any_ = has_exactly("*");
  }
  [[nodiscard]] bool has(std::string_view value) const { return takes_any_ || has_exactly(value); }

 private:
  [[nodiscard]] bool has_exactly(std::string_view value) const {
    return std::binary_search(values_.begin(), values_.end(), value, std::less<>{});
  }
  std::vector<std::string> values_;
  bool takes_any_ = false;
};

class Matcher final : public records::LabelVisitor {
 public:
  Matcher(const LabelPath& path, const Wanted& wanted) : path_{path}, wanted_{wanted} {}

  void classification(std::string_view name, std::string_view value) override {
    if (path_.kind == LabelPath::Kind::Class && name == path_.name) check(value);
  }
  void box(std::string_view name, std::string_view box_class, std::string_view) override {
    if (path_.kind == LabelPath::Kind::Detect && name == path_.name) check(box_class);
  }
  void facecluster(std::string_view id) override {
    if (path_.kind == LabelPath::Kind::Facecluster) check(id);
  }
  [[nodiscard]] bool is_match() const { return is_match_; }

 private:
  void check(std::string_view value) { is_match_ = is_match_ || wanted_.has(value); }

  const LabelPath& path_;
  const Wanted& wanted_;
  bool is_match_ = false;
};

class LabelFilter final : public millrace::Operator {
 public:
  static constexpr auto kName = "filter.label";
  static constexpr auto kRole = millrace::Role::Filter;
  static constexpr auto kDoc =
      "Keeps the records that have at least one of the wanted values at a label path. A "
      "classification and a face cluster "
      "have one value, a detection the classes of its boxes. Values are compared exactly; a record "
      "without the label is "
      "dropped. Kept records stay as they are, unless `trim` is set.";
  static constexpr auto kParams = R"({
    "label": {"type": "string", "mandatory": true,
      "doc": "Label path: class.NAME, detect.NAME or facecluster. NAME may hold dots."},
    "values": {"type": "array", "mandatory": true, "minItems": 1, "items": {"type": "string", "minLength": 1},
      "doc": "Wanted values; \"*\" means any value."},
    "trim": {"type": "boolean", "default": false,
      "doc": "Remove the boxes of that detection whose class is not wanted, from label and record."},
    "invert": {"type": "boolean", "default": false,
      "doc": "Keep exactly the records that would be dropped."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "replicable": true, "passes_lazy": true,
    "reads": {"label": "utf8"},
    "examples": [
      {"params": {"label": "class.pulp", "values": ["sexy", "pulp"]},
       "rows": {"url": ["a", "b", "c"], "identity": ["a#in:1", "b#in:2", "c#in:3"],
                "label": ["{\"class\":{\"pulp\":\"sexy\"}}", "{\"class\":{\"pulp\":\"normal\"}}", null]}},
      {"params": {"label": "detect.general_d", "values": ["cat"], "trim": true},
       "rows": {"label": ["{\"detect\":{\"general_d\":{\"bbox\":[{\"class\":\"cat\"},{\"class\":\"dog\"}]}}}", "{}"]}}]})";

  static void plan(millrace::Context& context, const millrace::Params& params) {
    const std::string label = params.string("label");
    if (!LabelPath::parse(label))
      context.fault("label_path", "/label", records::bad_label_path(label));
  }

  explicit LabelFilter(const millrace::Params& params)
      : wanted_{params.strings("values")},
        trims_{params.boolean("trim")},
        is_inverted_{params.boolean("invert")} {
    const std::string label = params.string("label");
    const auto path = LabelPath::parse(label);
    if (!path) throw millrace::Failure{MR_INVALID_ARGUMENT, records::bad_label_path(label)};
    path_ = *path;
    drop_unwanted_.box = [this](std::string_view name, std::string_view box_class,
                                const records::Polygon&) {
      return records::BoxFate{name != path_.name || wanted_.has(box_class), {}};
    };
  }

  void process(millrace::Context& context, millrace::Batch batch) override {
    const auto labels = batch.column<std::string_view>(records::kLabel);
    std::vector<std::int64_t> kept;
    for (std::int64_t row = 0; row < labels.size(); ++row) {
      Matcher matcher{path_, wanted_};
      records::visit_labels(labels.value(row), matcher);
      if (matcher.is_match() != is_inverted_) kept.push_back(row);
    }
    if (kept.empty()) return;
    millrace::Batch rows = static_cast<std::int64_t>(kept.size()) == batch.rows()
                               ? std::move(batch)
                               : batch.take(kept);
    if (trims_ && path_.kind == LabelPath::Kind::Detect) rows = trimmed(std::move(rows));
    context.emit(records::with_step(std::move(rows), context.node()));
  }

 private:
  [[nodiscard]] millrace::Batch trimmed(millrace::Batch rows) const {
    const bool has_record = rows.has(records::kRecord);
    const auto labels = rows.column<std::string_view>(records::kLabel);
    const auto lines = has_record ? rows.column<std::string_view>(records::kRecord) : labels;
    millrace::Builder<std::string_view> new_labels, new_lines;
    for (std::int64_t row = 0; row < labels.size(); ++row) {
      const auto label = labels[row];
      const std::string trimmed =
          label ? records::rewrite_label(*label, drop_unwanted_) : std::string{};
      if (!label || trimmed == *label) {
        new_labels.append(label);
        new_lines.append(lines[row]);
        continue;
      }
      new_labels.append(std::string_view{trimmed});
      const auto line = lines[row];
      const std::string edited =
          line ? records::edit_record(*line, {.label = trimmed}) : std::string{};
      new_lines.append(line ? std::optional{std::string_view{edited}} : std::nullopt);
    }
    rows = std::move(rows).with(records::kLabel, std::move(new_labels));
    return has_record ? std::move(rows).with(records::kRecord, std::move(new_lines))
                      : std::move(rows);
  }

  LabelPath path_;
  Wanted wanted_;
  bool trims_, is_inverted_;
  records::LabelChange drop_unwanted_;
};

}  // namespace

MR_PLUGIN("filter_label", "1.0.0", LabelFilter)
