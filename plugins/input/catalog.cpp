// Asks the catalog for rows.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <millrace/operator.hpp>

#include "plugins/records/raw_json.hpp"
#include "plugins/records/value_text.hpp"

namespace {

namespace raw = millrace::records::raw;

// Many rows are asked for page by page, each behind the last row of the one before, in the order of
// the query; what few rows answer is one question. A checkpoint is where the next page begins.
class CatalogInput final : public millrace::Source, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "input.catalog";
  static constexpr auto kRole = millrace::Role::Input;
  static constexpr auto kDoc =
      "Emits the rows of one entity of the catalog that meet all conditions, in the order asked "
      "for. With a `limit` of at most 100 they are one batch, else as many as it takes, each of at "
      "most 4096 rows and about 8 MB. Batches are asked for one after the other, so a row that is "
      "added, changed or removed meanwhile is emitted as it is when its turn comes, and no other "
      "row is emitted twice or left out for it. A filter of plain comparisons behind it becomes "
      "part of the question, unless `limit` or `offset` count the rows before it.";
  static constexpr auto kParams = R"({
    "entity": {"type": "string", "mandatory": true, "minLength": 1, "doc": "What to look for, for example jobs."},
    "columns": {"type": "array", "items": {"type": "string"}, "doc": "Columns of the rows; all when absent."},
    "where": {"type": "array", "doc": "Conditions that must all hold.",
      "items": {"type": "object", "required": ["column", "op"],
        "properties": {
          "column": {"type": "string", "doc": "Name of a column of the entity."},
          "op": {"type": "string",
            "enum": ["=", "!=", "<", "<=", ">", ">=", "in", "like", "contains", "has", "verify", "is_null"],
            "doc": "How the column is compared."},
          "value": {"type": "any", "doc": "What it is compared with; a list for in, true or false for is_null."}}}},
    "order": {"type": "array", "items": {"type": "string"},
      "doc": "Columns to sort by, the first one first; \"-\" before a name sorts downwards."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 1000000, "unit": "rows",
      "doc": "Rows at the most. When absent: all."},
    "offset": {"type": "integer", "minimum": 0, "unit": "rows", "doc": "Rows to pass over first."},
    "count": {"type": "boolean",
      "doc": "Emit one row instead, whose column `count` says how many rows meet the conditions."},
    "settled": {"type": "boolean",
      "doc": "Wait for changes of such rows that are under way. Takes a `limit` of at most 100."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "blocking": true, "emits": null,
    "hints": {"accepts": ["where", "columns"]},
    "examples": [{"params": {"entity": "jobs", "columns": ["id"], "limit": 2}, "catalog": {"id": [1, 2]}},
                 {"params": {"entity": "jobs", "order": ["-id"]}, "catalog": {"id": [2, 1]}}]})";

  // The first ten rows of which some pass a filter are not the first ten that pass it.
  static void plan(millrace::Context& context, const millrace::Params& params) {
    if (params.boolean("count"))
      context.trait("hints", "{}");
    else if (!params["limit"].is_null() || params.integer("offset") > 0)
      context.trait("hints", R"({"accepts": ["columns"]})");
  }

  explicit CatalogInput(const millrace::Params& params)
      : query_{params},
        limit_{params.integer("limit")},
        is_counted_{limit_ > 0},
        is_one_question_{(limit_ > 0 && limit_ <= kFewRows) || params.boolean("count") ||
                         asks_password(params["where"])} {}

  bool produce(millrace::Context& context) override {
    if (is_done_) return false;
    return is_one_question_ ? ask_once(context) : ask_page(context);
  }

  std::string snapshot(millrace::Context&) override {
    return R"({"done":)" + std::string{is_done_ ? "true" : "false"} + R"(,"rows":)" +
           std::to_string(rows_) + R"(,"after":)" + after_ + "}";
  }

  void restore(millrace::Context&, std::string_view state) override {
    const auto done = raw::find_member(state, "done"), rows = raw::find_member(state, "rows"),
               after = raw::find_member(state, "after");
    if (done.empty() || after.empty() ||
        std::from_chars(rows.data(), rows.data() + rows.size(), rows_).ec != std::errc{}) {
      throw millrace::Failure{MR_DATA_INVALID, "the checkpoint of a catalog input lacks its place"};
    }
    is_done_ = done == "true";
    after_ = after;
  }

 private:
  static constexpr std::int64_t kFewRows = 100;         // that one question is good enough for
  static constexpr std::int64_t kMostRows = 1'000'000;  // that one question may be answered with

  // Rows found by a password have no pages.
  static bool asks_password(const millrace::Value& where) {
    for (std::size_t i = 0; i < where.size(); ++i) {
      if (where.at(i)["op"].string() == "verify") return true;
    }
    return false;
  }

  bool ask_once(millrace::Context& context) {
    const bool is_limited = limit_ > 0 || query_["count"].boolean();
    const std::string most = is_limited ? "" : R"("limit":)" + std::to_string(kMostRows);
    millrace::Batch rows = context.query(is_limited ? query_ : with(context, most));
    if (!is_limited && rows.rows() >= kMostRows) {
      throw millrace::Failure{MR_EXHAUSTED, "the catalog has more than " +
                                                std::to_string(kMostRows - 1) +
                                                " such rows; give a limit or more conditions"};
    }
    is_done_ = true;
    emit(context, std::move(rows));
    return false;
  }

  bool ask_page(millrace::Context& context) {
    std::string place = R"("after":)" + after_;
    if (limit_ > 0) place += R"(,"limit":)" + std::to_string(limit_ - rows_);
    // The rows to pass over stand in front of the first page only.
    if (rows_ == 0 && query_["offset"].integer() > 0)
      place += R"(,"offset":)" + std::to_string(query_["offset"].integer());
    millrace::Batch page = context.query(with(context, place));
    std::optional<std::string> next;
    if (page.has("@after") && !page.empty()) {
      const auto last = page.column<std::string_view>("@after")[page.rows() - 1];
      if (last) next = *last;
    }
    if (page.has("@after")) page = std::move(page).without("@after");
    const bool is_first = rows_ == 0;
    after_ = next.value_or("[]");
    rows_ += page.rows();
    is_done_ = !next || rows_ == limit_;
    count_all(context);
    // One batch at the least, which tells the columns.
    if (is_first || !page.empty()) emit(context, std::move(page));
    return !is_done_;
  }

  void emit(millrace::Context& context, millrace::Batch rows) {
    context.count("read", rows.rows());
    if (all_ > 0) context.progress(static_cast<std::uint64_t>(rows_), all_, "rows");
    context.emit(std::move(rows));
  }

  // How many there will be, once a second page is needed. Costs little beside the pages.
  void count_all(millrace::Context& context) {
    if (is_done_ || is_counted_) return;
    is_counted_ = true;
    std::string query = R"({"count":true)";
    for (const std::string_view name : {"entity", "where"}) {
      if (query_[name].is_null()) continue;
      query += R"(,")" + std::string{name} + R"(":)";
      millrace::records::append_value(query, query_[name]);
    }
    const auto counted = context.query(context.parse(query + "}")).column<std::int64_t>("count");
    const auto rest = counted.value(0) - query_["offset"].integer();
    all_ = static_cast<std::uint64_t>(std::max(rest, rows_));
  }

  // The query with other members instead of its limit and offset.
  [[nodiscard]] millrace::Value with(millrace::Context& context, const std::string& members) const {
    std::string query = "{" + members;
    for (std::size_t i = 0; i < query_.size(); ++i) {
      const auto name = query_.key(i);
      if (name == "limit" || name == "offset") continue;
      query += R"(,")" + std::string{name} + R"(":)";
      millrace::records::append_value(query, query_.at(i));
    }
    return context.parse(query + "}");
  }

  millrace::Value query_;  // the parameters, which have the form of a query
  std::int64_t limit_;     // 0: none
  bool is_counted_;
  bool is_one_question_;
  bool is_done_ = false;
  std::int64_t rows_ = 0;     // emitted
  std::uint64_t all_ = 0;     // rows that there will be; 0: not known
  std::string after_ = "[]";  // where the next page begins
};

}  // namespace

MR_PLUGIN("input_catalog", "1.0.0", CatalogInput)
