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
      "plain comparisons behind it becomes part of the question.";
  static constexpr auto kParams = R"({
    "entity": {"type": "string", "mandatory": true, "minLength": 1, "doc": "What to look for, for example jobs."},
    "columns": {"type": "array", "items": {"type": "string"}, "doc": "Columns of the rows; all when absent."},
    "where": {"type": "array", "doc": "Conditions that must all hold.",
      "items": {"type": "object", "required": ["column", "op"],
        "properties": {
          "column": {"type": "string", "doc": "Name of a column of the entity."},
          "op": {"type": "string", "enum": ["=", "!=", "<", "<=", ">", ">=", "in", "like", "is_null"],
            "doc": "How the column is compared."},
          "value": {"type": "any", "doc": "What it is compared with; a list for in, true or false for is_null."}}}},
    "order": {"type": "array", "items": {"type": "string"},
      "doc": "Columns to sort by, the first one first; \"-\" before a name sorts downwards."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 1000000, "unit": "rows",
      "doc": "Rows at the most; 1000 when absent."},
    "offset": {"type": "integer", "minimum": 0, "unit": "rows", "doc": "Rows to pass over first."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "blocking": true, "stateless": true, "emits": null,
    "hints": {"accepts": ["where", "columns"]},
    "examples": [{"params": {"entity": "jobs", "columns": ["id"], "limit": 2}, "catalog": {"id": [1, 2]}}]})";

  explicit CatalogInput(const millrace::Params& params) {
    millrace::records::append_value(query_, params);
  }

  bool produce(millrace::Context& context) override {
    if (is_done_) return false;
    millrace::Batch rows = context.query(context.parse(query_));
    context.count("read", rows.rows());
    context.emit(std::move(rows));
    is_done_ = true;
    return false;
  }

 private:
  std::string query_;  // the parameters, which have the form of a query
  bool is_done_ = false;
};

}  // namespace

MR_PLUGIN("input_catalog", "1.0.0", CatalogInput)
