// Registers a trained model with what was measured of it.
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <millrace/operator.hpp>

#include "plugins/output/registry_rows.hpp"
#include "plugins/records/raw_json.hpp"
#include "plugins/records/value_text.hpp"

namespace {

namespace records = millrace::records;

using millrace::Batch;
using millrace::Context;
using millrace::Failure;
using millrace::Field;
using millrace::Params;
using millrace::Type;
using millrace::Value;
using millrace::output::insert;
using millrace::output::Members;
using millrace::output::project_id;
using millrace::output::quoted;
using millrace::output::user_id;

const Field* find_field(const Batch& batch, std::string_view name) {
  for (const Field& field : batch.schema()) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

class ModelOutput final : public millrace::Operator, public millrace::Checkpointed {
 public:
  static constexpr auto kName = "output.model";
  static constexpr auto kRole = millrace::Role::Output;
  static constexpr auto kDoc =
      "Registers a trained model: inserts it into the models of a project, with its file and with "
      "what was measured of it. One row has the model: its column `model` is the content's "
      "address, as train.forest and train.term_weight emit it; `file_name` and `bytes` go to the "
      "columns of their names, its other numbers to the model's parameters. Other rows may bring "
      "reports: their column `report` is the JSON text of one, `set` the name of what was "
      "evaluated. All their numbers become metrics: `dev.accuracy`, `dev.macro avg.f1-score`. Of "
      "more than 2,000 those of single labels are left out. In a job the model is in the registry "
      "when the job has ended; only its id is emitted.";
  static constexpr auto kParams = R"({
    "project": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Name of the project."},
    "user": {"type": "string", "mandatory": true, "minLength": 1, "doc": "Login of the user whose model it is."},
    "create": {"type": "boolean", "default": false,
      "doc": "Makes the project where there is none, in the workspace of the same name, which is made too."},
    "create_user": {"type": "boolean", "default": false,
      "doc": "Makes the user where there is none, as one who cannot sign in."},
    "name": {"type": "string", "minLength": 1,
      "doc": "Name of the model. Models of one name in a project are its versions."},
    "private": {"type": "boolean", "default": false, "doc": "Whether only its user sees the model."},
    "set": {"type": "object", "additionalProperties": {"type": "any"},
      "doc": "Other columns of the model and their values, such as dataset_name, tags and hyperparameters."},
    "metrics": {"type": "object", "additionalProperties": {"type": "any"},
      "doc": "Metrics to add to those of the reports."}})";
  static constexpr auto kTraits = R"({"stability": "alpha", "blocking": true, "accepts_any": true,
    "conformance": {"skip": {"empty": "without a model there is nothing to register, which is a failure"}},
    "examples": [
      {"params": {"project": "loans", "user": "admin", "name": "texts"},
       "rows": {"model": ["blob:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"], "bytes": [17], "terms": [2]},
       "catalog": {"id": [7]}}]})";

  static void plan(Context& context, const Params& params) {
    constexpr std::string_view kOwn[] = {"user_id",     "project_id", "name",       "private",
                                         "file_sha256", "file_bytes", "parameters", "metrics"};
    const auto set = params["set"];
    for (std::size_t i = 0; i < set.size(); ++i) {
      for (const auto own : kOwn) {
        if (set.key(i) == own)
          context.fault("parameter_value", "/set",
                        "this column is set by the model's rows or a parameter of its own: " +
                            std::string{own});
      }
    }
  }

  explicit ModelOutput(const Params& params)
      : project_{params.string("project")},
        user_{params.string("user")},
        name_{params.string("name")},
        creates_{params.boolean("create")},
        creates_user_{params.boolean("create_user")},
        is_private_{params.boolean("private")} {
    append(set_, params["set"]);
    append(metrics_, params["metrics"]);
  }

  void process(Context& context, Batch batch) override {
    if (find_field(batch, kModel) != nullptr) {
      const auto models = batch.column<std::string_view>(kModel);
      for (std::int64_t row = 0; row < batch.rows(); ++row) {
        if (const auto model = models[row]) take_model(batch, row, *model);
      }
    }
    if (find_field(batch, kReport) != nullptr) {
      const auto reports = batch.column<std::string_view>(kReport);
      std::optional<millrace::Column<std::string_view>> sets;
      if (find_field(batch, kSet) != nullptr) sets = batch.column<std::string_view>(kSet);
      for (std::int64_t row = 0; row < batch.rows(); ++row) {
        if (const auto report = reports[row])
          take_report(context, sets ? sets->value(row) : std::string_view{}, *report);
      }
    }
  }

  void finish(Context& context) override {
    if (!has_model_)
      throw Failure{MR_DATA_INVALID, "there is no model to register: no row has a `model`"};
    auto set = model_;
    set.add("user_id", user_id(context, user_, creates_user_));
    set.add("project_id", project_id(context, project_, creates_));
    if (!name_.empty()) set.add("name", quoted(name_));
    set.add("private", is_private_ ? "true" : "false");
    set.add("parameters", parameters_.object());
    set.add("metrics", metrics_.object());
    if (!set_.text().empty()) set = Members{set.text() + "," + set_.text()};
    auto made = insert(context, "models", set);
    context.result("model_id", std::to_string(made.column<std::int64_t>("id").value(0)));
    context.emit(std::move(made));
  }

  std::string snapshot(Context&) override {
    std::string state = std::to_string(metric_count_);
    state += has_model_ ? " 1" : " 0";
    for (const auto* members : {&model_, &parameters_, &metrics_})
      state.append(" ").append(std::to_string(members->text().size()));
    state += '\n';
    return state + model_.text() + parameters_.text() + metrics_.text();
  }

  void restore(Context&, std::string_view state) override {
    std::array<std::size_t, 5> numbers{};
    for (auto& number : numbers) {
      const auto end = state.data() + state.size();
      const auto read = std::from_chars(state.data(), end, number);
      if (read.ec != std::errc{} || read.ptr == end) refuse_state();
      state.remove_prefix(static_cast<std::size_t>(read.ptr - state.data()) + 1);
    }
    metric_count_ = numbers[0];
    has_model_ = numbers[1] != 0;
    Members* const members[] = {&model_, &parameters_, &metrics_};
    for (std::size_t i = 0; i < 3; ++i) {
      if (numbers[i + 2] > state.size()) refuse_state();
      *members[i] = Members{std::string{state.substr(0, numbers[i + 2])}};
      state.remove_prefix(numbers[i + 2]);
    }
  }

 private:
  static constexpr std::string_view kModel = "model", kReport = "report", kSet = "set";
  static constexpr std::string_view kBlob = "blob:";
  static constexpr std::size_t kMostMetrics = 2000;  // of which those of single labels are a part

  [[noreturn]] static void refuse_state() {
    throw Failure{MR_DATA_INVALID, "the checkpoint of a model's output is not readable"};
  }

  static void append(Members& members, const Value& object) {
    for (std::size_t i = 0; i < object.size(); ++i) {
      std::string json;
      records::append_value(json, object.at(i));
      members.add(object.key(i), json);
    }
  }

  void take_model(const Batch& batch, std::int64_t row, std::string_view address) {
    if (std::exchange(has_model_, true))
      throw Failure{MR_DATA_INVALID, "there is more than one model: register one at a time"};
    if (!address.starts_with(kBlob))
      throw Failure{MR_DATA_INVALID, "column model: a content's address begins with blob:, not: " +
                                         std::string{address.substr(0, 80)}};
    model_.add("file_sha256", quoted(address.substr(kBlob.size())));
    for (const Field& field : batch.schema()) {
      if (field.name == "file_name" && field.type == Type::Utf8) {
        if (const auto name = batch.column<std::string_view>(field.name)[row])
          model_.add(field.name, quoted(*name));
      } else if (field.type == Type::Int64 && field.name != millrace::kRootColumn) {
        if (const auto number = batch.column<std::int64_t>(field.name)[row])
          field.name == "bytes" ? model_.add("file_bytes", *number)
                                : parameters_.add(field.name, *number);
      } else if (field.type == Type::Float64) {
        if (const auto number = batch.column<double>(field.name)[row])
          parameters_.add(field.name, *number);
      }
    }
  }

  void take_report(Context& context, std::string_view set, std::string_view json) {
    const auto report = context.parse(json);
    const auto prefix = set.empty() ? std::string{} : std::string{set} + ".";
    for (std::size_t i = 0; i < report.size(); ++i) {
      const std::string name{report.key(i)};
      const auto value = report.at(i);
      if (value.size() == 0) {
        add_metric(prefix + name, value.number());
      } else if (name.ends_with(" avg") || metric_count_ < kMostMetrics) {
        for (std::size_t k = 0; k < value.size(); ++k)
          add_metric(prefix + name + "." + std::string{value.key(k)}, value.at(k).number());
      } else if (!std::exchange(is_left_out_told_, true)) {
        context.log(millrace::Level::Warn,
                    "reports have more than 2,000 numbers: those of single labels are left out of "
                    "the model's metrics");
      }
    }
  }

  void add_metric(const std::string& name, double value) {
    metrics_.add(name, value);
    ++metric_count_;
  }

  const std::string project_, user_, name_;
  const bool creates_, creates_user_, is_private_;
  Members set_;  // given by parameters
  bool has_model_ = false, is_left_out_told_ = false;
  Members model_, parameters_, metrics_;
  std::size_t metric_count_ = 0;
};

}  // namespace

MR_PLUGIN("output_model", "1.0.0", ModelOutput)
