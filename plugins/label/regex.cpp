// Labels texts by patterns of Python's grammar. One pass of Vectorscan over a text says which
// patterns may be in it; RE2 or PCRE2 searches for those.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/label/choice_columns.hpp"
#include "plugins/label/lower_block.hpp"
#include "plugins/label/operators.hpp"
#include "plugins/label/regex_source.hpp"

namespace millrace::label {
namespace {

class Regex final : public Operator {
 public:
  static constexpr auto kName = "label.regex";
  static constexpr auto kRole = Role::Label;
  static constexpr auto kDoc =
      "Gives each text the label whose patterns it has. The count of a label is the number of its "
      "patterns that are found anywhere in the text; the label with the largest count is chosen, "
      "of equal ones the first of the rule set. Patterns are those of Python's re (3.11), with its "
      "meaning and its error messages: look-around, references, conditionals, inline flags, "
      "Unicode classes. Texts are lower-cased by Unicode's full lower-casing; bytes that are no "
      "UTF-8 are taken as U+FFFD. A null has no label. Python's warnings of a pattern are logged. "
      "Refused though Python takes them: counts over 65,535, groups more than 200 deep, and a "
      "conditional on the group that it stands in.";
  static inline const std::string kParams =
      "{" + std::string{kRegexParams} + "," + std::string{kChoiceParams} + "}";
  static constexpr auto kTraits = R"json({"stability": "stable", "replicable": true,
    "reads": {"text": "utf8"}, "adds": {"label": "utf8"},
    "conformance": {"skip": {"blocking": "it waits for its rule file, and says so where there is one"}},
    "examples": [
      {"params": {"column": "content", "count_column": "count", "rules": {
         "女性": ["我男友", "女生一枚"], "男性": ["我女友", "當兵"], "學生": ["段考|期末考"]}},
       "rows": {"content": ["我女友今天", "當兵與我女友", "我男友 女生一枚 期末考", "段考", "無", null]},
       "doc": "男性, 男性 (twice), 女性 (twice), 學生, none and none."},
      {"params": {"rules_file": "qiniu:///z0/in/rules.json"},
       "objects": {"qiniu:///z0/in/rules.json": "{\"A\": [\"\\\\bTom(?!my)\", \"(x)\\\\1\"]}"},
       "rows": {"text": ["TOM", "tommy", "xx", ""]},
       "doc": "A, none, A and none."}]})json";

  static void plan(Context& context, const Params& params) {
    plan_regexes(context, params);
    plan_choice_columns(context, params);
  }

  Regex(Context& context, const Params& params)
      : column_{params.string("column", "text")},
        columns_{params},
        max_over_limit_{params.number("max_over_limit", 0.001)},
        regexes_{compiled_regexes(context, params)},
        scan_{regexes_.rules,
              {static_cast<std::uint64_t>(params.integer("match_limit", 10'000'000)),
               static_cast<std::uint64_t>(params.integer("heap_limit", 32 << 20))},
              [this] { return context_->stopping(); }},
        counts_{std::vector<std::int64_t>(regexes_.rules->labels().size(), 0)},
        rows_over_of_(regexes_.rules->rules().size(), 0) {}

  void process(Context& context, Batch batch) override {
    context_ = &context;
    const auto texts = batch.column<std::string_view>(column_);
    choices_.clear();
    rows_over_ = 0;
    std::fill(rows_over_of_.begin(), rows_over_of_.end(), 0);
    for (std::int64_t row = 0; row < texts.size();) {
      row = block_.fill(texts, row);
      if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
      for (std::size_t i = 0; i < block_.rows(); ++i) label_row(i);
    }
    tell_over_limit();
    context.emit(columns_.add(std::move(batch), choices_, regexes_.rules->labels()));
  }

  void finish(Context&) override {
    const auto sums = regexes_.tally->sums();
    if (is_over(sums, sums.rows)) fail_over_limit(sums);
  }

 private:
  void label_row(std::size_t row) {
    if (block_.is_null(row)) {
      choices_.emplace_back();
      return;
    }
    scan_.run(block_.text(row));
    for (const auto rule : scan_.found()) counts_.add(regexes_.rules->rules()[rule].label);
    choices_.push_back(counts_.take());
    if (scan_.over().empty()) return;
    for (const auto rule : scan_.over()) ++rows_over_of_[rule];
    ++rows_over_;
    auto sums = regexes_.tally->sums();
    sums.rows += static_cast<std::int64_t>(choices_.size());
    sums.over += rows_over_;
    if (is_soon_over(sums)) tell_over_limit();  // which fails: the batch may have thousands more
  }

  // Never a silent non-match: each pattern is told of once for the batch, without the text.
  void tell_over_limit() {
    const auto rows = static_cast<std::int64_t>(choices_.size());
    const auto sums = regexes_.tally->add(rows, rows_over_, rows_over_of_);
    if (rows_over_ == 0) return;
    for (std::uint32_t rule = 0; rule < rows_over_of_.size(); ++rule) {
      if (rows_over_of_[rule] == 0) continue;
      context_->log(Level::Warn, exceeded(rule) + " rows=" + std::to_string(rows_over_of_[rule]));
    }
    context_->count("rowsOverMatchLimit", rows_over_);
    if (is_soon_over(sums)) fail_over_limit(sums);
  }

  // A few at the very beginning are no share yet; but what goes on like that ends soon.
  [[nodiscard]] bool is_soon_over(const OverLimitTally::Sums& sums) const {
    constexpr std::int64_t kFewestRows = 10'000;
    return is_over(sums, std::max(sums.rows, kFewestRows));
  }

  [[nodiscard]] bool is_over(const OverLimitTally::Sums& sums, std::int64_t rows) const {
    return static_cast<double>(sums.over) > max_over_limit_ * static_cast<double>(rows);
  }

  [[nodiscard]] std::string exceeded(std::uint32_t rule) const {
    return regexes_.rules->name_of(rule) + " exceeded the match limit";
  }

  [[noreturn]] void fail_over_limit(const OverLimitTally::Sums& sums) const {
    throw Failure{MR_DATA_INVALID,
                  exceeded(sums.worst) + ": searches did in " + std::to_string(sums.over) + " of " +
                      std::to_string(sums.rows) +
                      " rows, more than max_over_limit allows; make the pattern simpler"};
  }

  const std::string column_;
  const ChoiceColumns columns_;
  const double max_over_limit_;
  const CompiledRegexes regexes_;
  Context* context_ = nullptr;  // of the current call
  RegexScan scan_;
  LabelCounts counts_;
  LowerBlock block_;
  std::vector<Choice> choices_;             // a member so that its memory is used again
  std::int64_t rows_over_ = 0;              // of this batch
  std::vector<std::int64_t> rows_over_of_;  // by rule, of this batch
};

}  // namespace

OperatorDefinition define_regex() { return detail::define<Regex>(); }

}  // namespace millrace::label
