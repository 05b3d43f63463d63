// Lets the rows of an author vote for what the author is, and drops what contradicts itself.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>
#include <millrace/row_codec.hpp>

#include "plugins/preprocess/hash_secret.hpp"
#include "plugins/preprocess/key_bytes.hpp"
#include "plugins/preprocess/key_column.hpp"
#include "plugins/preprocess/row_shapes.hpp"
#include "plugins/preprocess/state_words.hpp"
#include "plugins/preprocess/text_column.hpp"
#include "plugins/preprocess/vote_rules.hpp"
#include "plugins/preprocess/vote_window.hpp"
#include "plugins/records/column_types.hpp"

namespace millrace::preprocess {
namespace {

std::vector<std::vector<std::string>> read_conflicts(const Params& params) {
  std::vector<std::vector<std::string>> groups;
  const Value given = params["conflicts"];
  for (std::size_t i = 0; i < given.size(); ++i) {
    auto& group = groups.emplace_back();
    for (std::size_t j = 0; j < given.at(i).size(); ++j)
      group.emplace_back(given.at(i).at(j).string());
  }
  return groups;
}

VoteRules read_rules(const Params& params) {
  const bool is_by_group = params.string("rule", "groups") == "groups";
  return {is_by_group ? VoteRules::Kind::Groups : VoteRules::Kind::FirstTwo,
          read_conflicts(params)};
}

// What tells rows that are cleaned together from the next ones.
enum class Together { All, Window, Author };

Together together_of(std::string_view word) {
  if (word == "window") return Together::Window;
  return word == "author" ? Together::Author : Together::All;
}

class CleanVotes final : public Operator, public Checkpointed {
 public:
  static constexpr auto kName = "clean.votes";
  static constexpr auto kRole = Role::Preprocess;
  static constexpr auto kDoc =
      "Lets rows vote: each gives a panel to its author. Of the rows of one table, author and "
      "panel "
      "one survives, the latest, of equally late ones that with the greatest id, then the one that "
      "came last. Panels of an author that contradict one another go by `rule`. An author is the "
      "text of one or several columns, stripped of white space at both ends as Python's "
      "str.strip() "
      "does. Rows that are cleaned together leave together, by table, time and id: all rows at the "
      "end, those of a window when the next one begins, or those of an author when the next one "
      "comes. One row is kept of each author and panel; what does not fit into `memory` waits in "
      "scratch of the job. Rows without author, panel or time are dropped and counted as "
      "`skippedRows`; panels that went are counted as `contradictedPanels`. A row's `@root`, where "
      "there is one, becomes its place in what leaves.";
  static constexpr auto kParams = R"({
    "author": {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1, "maxItems": 16, "default": ["source_author"],
      "doc": "Columns that say who the author is; several are joined."},
    "separator": {"type": "string", "default": "_", "doc": "Stands between the columns of `author`."},
    "author_column": {"type": "string", "default": "source_author", "minLength": 1,
      "doc": "Name of the column for the author as it was made of them, stripped. A column of that name is replaced."},
    "panel": {"type": "string", "default": "panel", "minLength": 1, "doc": "Name of the column with the panels."},
    "time": {"type": "string", "default": "create_time", "minLength": 1, "doc": "Name of the column that says which row is later: a timestamp or a whole number."},
    "id": {"type": "string", "default": "id", "minLength": 1,
      "doc": "Name of the column that decides between rows of one time; texts are compared byte by byte."},
    "table": {"type": "string", "minLength": 1, "doc": "Name of a column: rows that differ in it have nothing to do with one another. Absent: all have."},
    "tables": {"type": "array", "items": {"type": "string"}, "maxItems": 10000, "default": [],
      "doc": "Values of that column in the order in which they leave; others come behind them by code point."},
    "together": {"type": "string", "enum": ["all", "window", "author"], "default": "all",
      "doc": "Which rows are cleaned together: all, those with one value of `window`, or those of one author. Rows of one window or author must follow one another."},
    "window": {"type": "string", "default": "window", "minLength": 1, "doc": "Name of the column for windows. They must not fall, texts excepted."},
    "rule": {"type": "string", "enum": ["groups", "first_two"], "default": "groups",
      "doc": "Which panels contradict one another. groups: those of one group of `conflicts`; the one with most votes stays, and all of the group go when several have as many. first_two: the first two panels by code point; the one with fewer votes goes, of equal ones the first."},
    "conflicts": {"type": "array", "items": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 10000}, "maxItems": 10000, "default": [],
      "doc": "Groups of panels that contradict one another, for the rule groups. A panel is in one group."},
    "votes_column": {"type": "string", "minLength": 1, "doc": "Name of a column for the number of rows that had this author and panel. Absent: no such column."},
    "memory": {"type": "integer", "default": 67108864, "minimum": 65536, "maximum": 4294967296, "unit": "bytes",
      "doc": "Of rows that survived so far; what goes beyond it goes to the disk."}
  })";
  static constexpr std::size_t kMostStateBytes = std::size_t{8} << 20;
  static inline const std::string kTraits = R"({"stability": "stable", "blocking": true,
    "limits": {"clean.state_of_votes": {"value": )" +
                                            std::to_string(kMostStateBytes) +
                                            R"(, "unit": "bytes",
      "doc": "of the rows that survived so far of those that are cleaned together, at a checkpoint; with more of them the job keeps its earlier one"}},
    "reads": {"source_author": "utf8", "panel": "utf8", "create_time": "int64", "id": "utf8"},
    "adds": {"source_author": "utf8"},
    "conformance": {"skip": {"root": "a cleaned row has a new place, which its root tells"}},
    "examples": [
      {"params": {"conflicts": [["/female", "/male"]], "votes_column": "votes"},
       "rows": {"source_author": ["u1", "u1", "u1 ", "u2", "u2", "u2"], "panel": ["/male", "/female", "/male", "/male", "/female", "/student"],
                "create_time": [1, 2, 3, 4, 5, 6], "id": ["a", "b", "c", "d", "e", "f"]},
       "doc": "c, since u1 has two votes for /male and one for /female, and f: the other panels of u2 have one vote each."},
      {"params": {"together": "window", "author": ["s_id", "author"], "table": "table", "tables": ["Ptt", "blog"]},
       "rows": {"s_id": ["B1", "F1", "F1", "F1"], "author": ["x", "y", "y", "y"], "panel": ["/male", "/male", "/male", "/male"],
                "table": ["blog", "Ptt", "Ptt", "Ptt"], "create_time": [1, 2, 3, 7], "id": ["a", "b", "c", "d"], "window": [0, 0, 0, 6]},
       "doc": "c and a when the second window begins, and d at the end."}]})";

  static void plan(Context& context, const Params& params) {
    records::ColumnTypes reads;
    for (const auto& name : params.strings("author")) reads.add(name, kTextColumnTypes);
    reads.add(params.string("panel"), kTextColumnTypes);
    reads.add(params.string("time"), "timestamp|int64|int32");
    reads.add(params.string("id"), kKeyColumnTypes);
    reads.add(params.string("table"), kTextColumnTypes);
    if (params.string("together") == "window") reads.add(params.string("window"), kKeyColumnTypes);
    context.trait("reads", reads.json());
    const auto author = params.string("author_column"), votes = params.string("votes_column");
    context.trait("adds", records::ColumnTypes{}.add(author, "utf8").add(votes, "int64").json());
    context.trait("resources",
                  R"({"memory_bytes": )" + std::to_string(params.integer("memory")) + '}');
    for (const auto& name : {author, votes}) {
      if (name == kRootColumn)
        context.fault("parameter_value", "", "the engine's own column cannot be added: @root");
    }
    if (author == votes)
      context.fault("parameter_value", "/votes_column",
                    "each column that is added needs a name of its own: " + votes);
    plan_conflicts(context, params);
  }

  CleanVotes(Context& context, const Params& params)
      : author_{params.strings("author")},
        separator_{params.string("separator", "_")},
        author_column_{params.string("author_column", "source_author")},
        panel_{params.string("panel", "panel")},
        time_{params.string("time", "create_time")},
        id_{params.string("id", "id")},
        table_{params.string("table")},
        window_{params.string("window", "window")},
        votes_column_{params.string("votes_column")},
        together_{together_of(params.string("together", "all"))},
        votes_{read_rules(params), params.strings("tables"),
               static_cast<std::size_t>(params.integer("memory", 64 << 20)), hash_secret(context)} {
  }

  void process(Context& context, Batch batch) override;
  void finish(Context& context) override {
    if (give_some(context)) context.more();
    if (decoder_) emit(context);
    tell_contradicted(context);
  }

  std::string snapshot(Context&) override {
    const auto votes = votes_.snapshot(kMostStateBytes);
    if (!votes) {
      throw Failure{MR_UNAVAILABLE, "the rows that are cleaned together are too many for a state"};
    }
    std::string state;
    append_word(state, given_);
    append_word(state, has_part_ ? 1 : 0);
    append_word(state, part_);
    append_word(state, static_cast<std::int64_t>(shapes_.size()));
    for (std::size_t i = 0; i < shapes_.size(); ++i)
      append_word(state, schema_text(shapes_.schema(i)));
    return state + *votes;
  }

  void restore(Context&, std::string_view state) override {
    given_ = take_number(state);
    has_part_ = take_number(state) != 0;
    part_ = take_text(state);
    for (auto shapes = take_number(state); shapes > 0; --shapes)
      shapes_.number_of(read_schema_text(take_text(state)));
    votes_.restore(state);
  }

 private:
  // Batches with roots stay within blocks of as many (plugins/records/columns.hpp).
  static constexpr std::int64_t kMostRows = 8192, kMostRootedRows = 1024;
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;

  static void plan_conflicts(Context& context, const Params& params) {
    const auto groups = read_conflicts(params);
    if (!groups.empty() && params.string("rule") == "first_two") {
      return context.fault("parameter_value", "/conflicts",
                           "groups count for the rule groups, not for first_two");
    }
    std::set<std::string> seen;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (const auto& panel : groups[i]) {
        if (seen.insert(panel).second) continue;
        return context.fault("parameter_value", "/conflicts/" + std::to_string(i),
                             "a panel stands once, in one group: " + panel);
      }
    }
  }

  // Makes the batches of what survives: one of them; false when all is given. Rows may be left for
  // the next batch.
  bool give_some(Context& context);
  void emit(Context& context);
  // Gives what is cleaned together when the next part of the rows begins.
  void begin_part(Context& context, std::string_view part);
  void tell_contradicted(Context& context) {
    if (const auto count = votes_.take_contradicted(); count > 0)
      context.count("contradictedPanels", count);
  }

  const std::vector<std::string> author_;
  const std::string separator_, author_column_, panel_, time_, id_, table_, window_, votes_column_;
  const Together together_;
  VoteWindow votes_;
  RowShapes shapes_;
  bool has_part_ = false;
  std::string part_;  // which window or author is being collected, as bytes of a key

  std::optional<RowDecoder> decoder_;  // of rows that leave
  std::size_t columns_ = 0;            // of decoder_
  Builder<std::int64_t> votes_given_;  // of these rows
  std::size_t bytes_ = 0;              // of these rows
  std::int64_t given_ = 0;             // rows that left, in all
};

void CleanVotes::process(Context& context, Batch batch) {
  if (batch.empty()) return;
  {
    JoinedColumns joined{batch, author_, separator_};
    Builder<std::string_view> stripped;
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      const auto author = joined[row];
      author ? stripped.append(strip(*author)) : stripped.append_null();
    }
    batch = std::move(batch).with(author_column_, std::move(stripped));
  }
  const auto authors = batch.column<std::string_view>(author_column_);
  const auto times = batch.column<std::int64_t>(time_);
  TextColumn panels{batch, panel_};
  std::optional<TextColumn> tables;
  if (!table_.empty()) tables.emplace(batch, table_);
  const KeyColumn ids{batch, id_};
  std::optional<KeyColumn> windows;
  if (together_ == Together::Window) windows.emplace(batch, window_);
  const auto shape = static_cast<char>(shapes_.number_of(batch.schema()));
  const RowEncoder rows{batch};
  std::string part, id;
  std::int64_t skipped = 0;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    const auto author = authors[row];
    const auto panel = panels[row];
    const auto time = times[row];
    const auto table = tables ? (*tables)[row].value_or("") : std::string_view{};
    part.clear();
    if (windows) {
      windows->append(part, row);
    } else if (together_ == Together::Author) {
      append_key(part, table);
      append_key(part, author.value_or(""));
    }
    if (!has_part_ || part != part_) {
      if (has_part_ && windows && !windows->has_text() && part < part_) {
        throw Failure{
            MR_DATA_INVALID,
            "a row of an earlier window comes behind a later one; sort them by " + window_};
      }
      begin_part(context, part);
    }
    if (!author || !panel || !time) {
      ++skipped;
      continue;
    }
    id.clear();
    ids.append(id, row);
    votes_.add(context, {table, *author, *panel, *time, id}, [&](std::string& out) {
      out.push_back(shape);
      rows.append(out, row);
    });
  }
  if (decoder_) emit(context);
  if (skipped > 0) context.count("skippedRows", skipped);
  tell_contradicted(context);
}

void CleanVotes::begin_part(Context& context, std::string_view part) {
  if (!votes_.empty()) {
    while (give_some(context)) {
    }
  }
  part_ = part;
  has_part_ = true;
}

bool CleanVotes::give_some(Context& context) {
  if (!decoder_ || columns_ != shapes_.all().size()) {
    if (decoder_) emit(context);
    decoder_.emplace(shapes_.all());
    columns_ = shapes_.all().size();
  }
  const auto& schema = shapes_.all();
  const bool has_root = std::any_of(schema.begin(), schema.end(),
                                    [](const Field& field) { return field.name == kRootColumn; });
  const auto most = has_root ? kMostRootedRows : kMostRows;
  for (VoteWindow::Survivor survivor; votes_.next(context, survivor);) {
    if (survivor.row.empty()) throw Failure{MR_DATA_INVALID, "a row on the disk is empty"};
    const auto shape = static_cast<unsigned char>(survivor.row[0]);
    decoder_->add(survivor.row.substr(1), shapes_.places(shape));
    votes_given_.append(survivor.votes);
    bytes_ += survivor.row.size();
    if (decoder_->rows() < most && bytes_ < kMostBytes) continue;
    emit(context);
    return true;
  }
  return false;
}

void CleanVotes::emit(Context& context) {
  const auto count = decoder_->rows();
  if (count == 0) return;
  if (context.stopping()) throw Failure{MR_CANCELLED, "stopped while cleaning"};
  Batch batch = decoder_->take();
  auto votes = std::exchange(votes_given_, Builder<std::int64_t>{});
  if (!votes_column_.empty()) batch = std::move(batch).with(votes_column_, std::move(votes));
  if (batch.has(kRootColumn)) {
    Builder<std::int64_t> places;
    for (std::int64_t row = 0; row < count; ++row) places.append(given_ + row);
    batch = std::move(batch).with(kRootColumn, std::move(places));
  }
  given_ += count;
  bytes_ = 0;
  context.emit(std::move(batch));
}

}  // namespace
}  // namespace millrace::preprocess

MR_PLUGIN("clean_votes", "1.0.0", millrace::preprocess::CleanVotes)
