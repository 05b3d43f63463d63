// Asks the catalog for rows.
#include <string>

#include <millrace/operator.hpp>

#include "plugins/records/value_text.hpp"

namespace {

class CatalogInput final : public millrace::Source {
 public:
  static constexpr auto kName = "input.catalog";
  static constexpr auto kRole = millrace::Role::Input;
  static constexpr auto kDoc =
      "Emits the rows of one entity of the catalog that meet all conditions: one batch, in the "
      "order asked for. A filter of "
      "plain comparisons behind it becomes part of the question, unless `limit` or `offset` count "
      "the rows before it.";
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
      "doc": "Rows at the most. When absent: all; a million or more fail."},
    "offset": {"type": "integer", "minimum": 0, "unit": "rows", "doc": "Rows to pass over first."},
    "count": {"type": "boolean",
      "doc": "Emit one row instead, whose column `count` says how many rows meet the conditions."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "blocking": true, "stateless": true, "emits": null,
    "hints": {"accepts": ["where", "columns"]},
    "examples": [{"params": {"entity": "jobs", "columns": ["id"], "limit": 2}, "catalog": {"id": [1, 2]}}]})";

  // The first ten rows of which some pass a filter are not the first ten that pass it.
  static void plan(millrace::Context& context, const millrace::Params& params) {
    if (params.boolean("count")) context.trait("hints", "{}");
    else if (!params["limit"].is_null() || params.integer("offset") > 0)
      context.trait("hints", R"({"accepts": ["columns"]})");
  }

  explicit CatalogInput(const millrace::Params& params)
      : query_{params}, is_limited_{!params["limit"].is_null() || params.boolean("count")} {}

  bool produce(millrace::Context& context) override {
    if (is_done_) return false;
    millrace::Batch rows = context.query(is_limited_ ? query_ : with_limit(context));
    if (!is_limited_ && rows.rows() >= kMostRows) {
      throw millrace::Failure{MR_EXHAUSTED, "the catalog has more than " +
                                                std::to_string(kMostRows - 1) +
                                                " such rows; give a limit or more conditions"};
    }
    context.count("read", rows.rows());
    context.emit(std::move(rows));
    is_done_ = true;
    return false;
  }

 private:
  static constexpr std::int64_t kMostRows = 1'000'000;  // that one question may be answered with

  millrace::Value with_limit(millrace::Context& context) const {
    std::string query;
    millrace::records::append_value(query, query_);
    query.pop_back();  // the closing brace
    query += R"(,"limit":)" + std::to_string(kMostRows) + "}";
    return context.parse(query);
  }

  millrace::Value query_;  // the parameters, which have the form of a query
  bool is_limited_;
  bool is_done_ = false;
};

}  // namespace

MR_PLUGIN("input_catalog", "1.0.0", CatalogInput)
