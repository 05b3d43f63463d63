// Changes an entity of the catalog for every row that reaches it.
#include <string>
#include <string_view>
#include <utility>

#include <millrace/operator.hpp>

#include "plugins/records/value_text.hpp"

namespace {

namespace records = millrace::records;

class CatalogOutput final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "output.catalog";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kDoc =
      "Does one thing to the catalog for every row: to the entity that `id` names, or else the "
      "row's own `id`. With `id` or `where`, and for insert, it is done once. Emits what the "
      "entities are after it; of many that are changed together, their ids. Without a row nothing "
      "is done, so an input that finds nothing is an answer too. In a queued job all but changes "
      "of jobs take effect with its end, and only ids are emitted.";
  static constexpr auto kParams = R"({
    "entity": {"type": "string", "mandatory": true, "minLength": 1, "doc": "What is changed, for example jobs."},
    "action": {"type": "string", "mandatory": true, "minLength": 1, "doc": "What is done, for example abort."},
    "id": {"type": "integer", "doc": "Which one; the id of each row when absent."},
    "where": {"type": "array", "doc": "For update and delete: changes all entities that meet these conditions, together.",
      "items": {"type": "object", "required": ["column", "op"],
        "properties": {
          "column": {"type": "string", "doc": "Name of a column of the entity."},
          "op": {"type": "string",
            "enum": ["=", "!=", "<", "<=", ">", ">=", "in", "like", "contains", "has", "is_null"],
            "doc": "How the column is compared."},
          "value": {"type": "any", "doc": "What it is compared with; a list for in, true or false for is_null."}}}},
    "set": {"type": "object", "additionalProperties": {"type": "any"},
      "doc": "For insert and update: columns and their values."},
    "rows": {"type": "array", "doc": "For insert: many of them together.",
      "items": {"type": "object", "additionalProperties": {"type": "any"}}},
    "cascade": {"type": "boolean", "doc": "For delete: also what refers to it. Otherwise that stands against it."},
    "column": {"type": "string", "doc": "For attach and detach: to what, for example tags."},
    "value": {"type": "integer", "doc": "For attach and detach: the id of what is attached."},
    "reason": {"type": "string", "doc": "Why, where the action takes a reason."}
  })";
  static constexpr auto kTraits =
      R"({"stability": "stable", "blocking": true, "accepts_any": true,
    "examples": [{"params": {"entity": "jobs", "action": "abort", "reason": "user"}, "rows": {"id": [7]},
      "catalog": {"id": [7], "state": ["aborting"]}}]})";

  explicit CatalogOutput(const millrace::Params& params)
      : is_once_{!params["id"].is_null() || !params["where"].is_null() ||
                 params.string("action") == "insert"} {
    records::append_value(change_, params);
  }

  void process(millrace::Context& context, millrace::Batch batch) override {
    if (is_once_) {
      if (batch.rows() > 0 && !std::exchange(is_done_, true))
        context.emit(context.change(context.parse(change_)));
      return;
    }
    const auto ids = batch.column<std::int64_t>("id");
    for (std::int64_t row = 0; row < ids.size(); ++row) {
      const auto id = ids[row];
      if (!id) continue;
      std::string change = change_.substr(
          0, change_.size() - 1);  // the two mandatory members stand before the brace
      change += R"(,"id":)" + std::to_string(*id) + "}";
      context.emit(context.change(context.parse(change)));
    }
  }

  std::string snapshot(millrace::Context&) override { return is_done_ ? "done" : ""; }
  void restore(millrace::Context&, std::string_view state) override { is_done_ = state == "done"; }

 private:
  std::string change_;  // the parameters, which have the form of a change
  bool is_once_;
  bool is_done_ = false;
};

}  // namespace

MR_PLUGIN("output_catalog", "1.0.0", CatalogOutput)
