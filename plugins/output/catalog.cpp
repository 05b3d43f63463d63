// Changes an entity of the catalog for every row that reaches it.
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <millrace/operator.hpp>

#include "plugins/records/raw_json.hpp"
#include "plugins/records/value_text.hpp"

namespace {

namespace records = millrace::records;
using millrace::Value;

class CatalogOutput final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "output.catalog";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kDoc =
      "Does one thing to the catalog for every row: to the entity that `id` names, or else the "
      "row's own `id`. With `id` or `where`, and for insert, it is done once, but for each row "
      "where "
      "a condition compares with a column of it. Emits what the entities are after it; of many "
      "that are changed together, their ids. Without a row nothing "
      "is done, so an input that finds nothing is an answer too. In a queued job all but changes "
      "of jobs take effect with its end, and only ids are emitted.";
  static constexpr auto kParams = R"({
    "entity": {"type": "string", "mandatory": true, "minLength": 1, "doc": "What is changed, for example jobs."},
    "action": {"type": "string", "mandatory": true, "minLength": 1, "doc": "What is done, for example abort."},
    "id": {"type": "integer", "doc": "Which one; the id of each row when absent."},
    "where": {"type": "array", "doc": "For update and delete: changes all entities that meet these conditions, together. For abort: the jobs that meet them and have not ended.",
      "items": {"type": "object", "required": ["column", "op"],
        "properties": {
          "column": {"type": "string", "doc": "Name of a column of the entity."},
          "op": {"type": "string",
            "enum": ["=", "!=", "<", "<=", ">", ">=", "in", "like", "contains", "has", "is_null"],
            "doc": "How the column is compared."},
          "value": {"type": "any", "doc": "What it is compared with; a list for in, true or false for is_null."},
          "from": {"type": "string", "minLength": 1, "doc": "Instead of a value: the column of the rows that has it, a text or an integer. A row in which it is null changes nothing."}}}},
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

  static void plan(millrace::Context& context, const millrace::Params& params) {
    const Value where = params["where"];
    for (std::size_t i = 0; i < where.size(); ++i) {
      const Value condition = where.at(i);
      if (!condition["from"].is_null() && !condition["value"].is_null())
        context.fault("parameter_range", "/where/" + std::to_string(i) + "/from",
                      "a condition has a value, or the column that it is from: one of them");
    }
  }

  explicit CatalogOutput(const millrace::Params& params)
      : params_{params},
        where_{params["where"]},
        is_once_{!params["id"].is_null() || !where_.is_null() ||
                 params.string("action") == "insert"} {
    for (std::size_t i = 0; i < where_.size(); ++i)
      is_of_row_ = is_of_row_ || !where_.at(i)["from"].is_null();
  }

  void process(millrace::Context& context, millrace::Batch batch) override {
    if (is_of_row_) {
      for (std::int64_t row = 0; row < batch.rows(); ++row)
        if (const auto where = where_of(batch, row)) make(context, R"("where":)" + *where);
    } else if (is_once_) {
      if (batch.rows() > 0 && !std::exchange(is_done_, true)) make(context, {});
    } else {
      const auto ids = batch.column<std::int64_t>("id");
      for (std::int64_t row = 0; row < ids.size(); ++row)
        if (const auto id = ids[row]) make(context, R"("id":)" + std::to_string(*id));
    }
  }

  std::string snapshot(millrace::Context&) override { return is_done_ ? "done" : ""; }
  void restore(millrace::Context&, std::string_view state) override { is_done_ = state == "done"; }

 private:
  // The parameters have the form of a change; `member` is one that the rows tell.
  void make(millrace::Context& context, const std::string& member) {
    std::string change = "{";
    const auto separate = [&] { change += change.size() > 1 ? "," : ""; };
    for (std::size_t i = 0; i < params_.size(); ++i) {
      if (is_of_row_ && params_.key(i) == "where") continue;
      separate();
      records::raw::append_quoted(change, params_.key(i));
      change += ':';
      records::append_value(change, params_.at(i));
    }
    if (!member.empty()) {
      separate();
      change += member;
    }
    context.emit(context.change(context.parse(change + '}')));
  }

  // The conditions for a row; nothing where it lacks a value.
  [[nodiscard]] std::optional<std::string> where_of(const millrace::Batch& batch,
                                                    std::int64_t row) const {
    std::string where = "[";
    for (std::size_t i = 0; i < where_.size(); ++i) {
      const Value condition = where_.at(i);
      where += i > 0 ? R"(,{"column":)" : R"({"column":)";
      records::append_value(where, condition["column"]);
      where += R"(,"op":)";
      records::append_value(where, condition["op"]);
      where += R"(,"value":)";
      if (condition["from"].is_null()) {
        records::append_value(where, condition["value"]);
      } else if (!append_cell(where, batch, condition["from"].string(), row)) {
        return std::nullopt;
      }
      where += '}';
    }
    return where + ']';
  }

  static bool append_cell(std::string& out, const millrace::Batch& batch, std::string_view column,
                          std::int64_t row) {
    const auto& schema = batch.schema();
    const auto field = std::find_if(schema.begin(), schema.end(),
                                    [&](const auto& one) { return one.name == column; });
    if (field != schema.end() && field->type == millrace::Type::Utf8) {
      const auto text = batch.column<std::string_view>(column)[row];
      if (text) records::raw::append_quoted(out, *text);
      return text.has_value();
    }
    const auto number = batch.column<std::int64_t>(column)[row];
    if (number) out += std::to_string(*number);
    return number.has_value();
  }

  const millrace::Params params_;  // they live as long as we do
  const Value where_;
  const bool is_once_;
  bool is_of_row_ = false;
  bool is_done_ = false;
};

}  // namespace

MR_PLUGIN("output_catalog", "1.0.0", CatalogOutput)
