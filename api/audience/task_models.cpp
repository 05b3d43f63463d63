#include "api/audience/task_models.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "api/audience/rule_folder.hpp"
#include "api/route/json_text.hpp"
#include "engine/base/python_json.hpp"
#include "engine/base/utf8.hpp"
#include "engine/store/uri.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

Error failure(std::string text) { return {Code::InvalidArgument, std::move(text)}; }

constexpr std::array<std::pair<std::string_view, ModelKind>, 8> kKinds{
    {{"keyword_model", ModelKind::Keyword},
     {"KEYWORD_MODEL", ModelKind::Keyword},
     {"rule_model", ModelKind::Rule},
     {"RULE_MODEL", ModelKind::Rule},
     {"term_weight_model", ModelKind::TermWeight},
     {"TERM_WEIGHT_MODEL", ModelKind::TermWeight},
     {"random_forest_model", ModelKind::Forest},
     {"RANDOM_FOREST_MODEL", ModelKind::Forest}}};

bool has_rules(ModelKind kind) { return kind == ModelKind::Keyword || kind == ModelKind::Rule; }

// --- rule sets ---

Result<Json> read_pattern(const std::string& text) {
  if (text.empty()) return Json(nullptr);
  auto read = parse_python_json(text, {.max_bytes = text.size(),
                                       .max_depth = api::kMostLevels,
                                       .max_values = kMostPatternValues,
                                       .max_name_bytes = api::kMostNameBytes,
                                       .last_key_counts = true});
  if (read.ok()) return *std::move(read);
  const auto& error = read.error();
  return failure("PATTERN: " + (error.text.empty() ? error.reason : error.text));
}

// Takes the rule set of a model out of a PATTERN; null where it has none.
Json take_rules(Json& pattern, std::size_t model) {
  if (pattern.is_object()) return model == 0 ? std::exchange(pattern, nullptr) : Json(nullptr);
  if (!pattern.is_array() || model >= pattern.size()) return nullptr;
  return std::exchange(pattern[model], nullptr);
}

Result<void> check_labels(const Json& rules) {
  for (const auto& [label, entries] : rules.items()) {
    if (code_points(label) < kLongestPanel) continue;
    return failure(fmt::format("a panel has {} characters at the most: label {}", kLongestPanel,
                               printable(label, 60)));
  }
  return {};
}

// --- nodes ---

class NodeMaker {
 public:
  NodeMaker(const Task& task, std::string_view column, const Settings& settings)
      : settings_{settings}, column_{column}, predict_type_{task.predict_type} {}

  Result<void> add_rules(ModelKind kind, Json rules) {
    MR_CHECK(check_column(kind));
    if (!rules.is_object()) return failure("PATTERN: a rule set is an object {label: [rule, ...]}");
    MR_CHECK(check_labels(rules));
    Json params{{"column", column_}, {"rules", std::move(rules)}};
    if (kind == ModelKind::Keyword) {
      params["exactly"] = is_reference() ? "ignored" : "equality";
    } else {
      params["ignore_case"] = !is_reference();
      params["match_limit"] = settings_.regex_match_limit;
    }
    add(kind == ModelKind::Keyword ? "label.keyword" : "label.regex", std::move(params));
    return {};
  }

  /// The rules of the settings' folder, where there are some.
  Result<void> add_folder_rules(ModelKind kind) {
    if (settings_.rule_folder.empty()) return add_rules(kind, Json::object());
    MR_TRY(auto rules, read_rule_folder(settings_.rule_folder, kind, predict_type_));
    return add_rules(kind, std::move(rules));
  }

  Result<void> add_trained(ModelKind kind, const std::string& path) {
    Json params{{"column", column_}, {"folder", file_uri(settings_.model_folder)}, {"path", path}};
    if (kind == ModelKind::TermWeight) params["contest"] = is_reference() ? "all" : "candidates";
    add(kind == ModelKind::TermWeight ? "label.term_weight" : "label.forest", std::move(params));
    return {};
  }

  LabelNodes take() { return std::move(made_); }

 private:
  [[nodiscard]] bool is_reference() const { return settings_.profile == Profile::Reference; }

  Result<void> check_column(ModelKind kind) const {
    if (column_ != "title") return {};
    return failure(kind == ModelKind::Keyword ? "Unknown predicting target type."
                                              : "Errors.UNKNOWN_PREDICT_TARGET_TYPE");
  }

  void add(const char* type, Json params) {
    const auto count = made_.names.size();
    auto name = count == 0 ? std::string{"label"} : fmt::format("label {}", count + 1);
    made_.nodes.push_back({{"name", name},
                           {"type", type},
                           {"preOps", Json::array({"rows"})},
                           {"params", std::move(params)}});
    made_.names.push_back(std::move(name));
  }

  const Settings& settings_;
  const std::string column_, predict_type_;
  LabelNodes made_;
};

Result<void> add_prepared(NodeMaker& maker, const Task& task,
                          const std::vector<PreparedModel>& prepared, Json& pattern) {
  for (std::size_t i = 0; i < task.model_jobs.size(); ++i) {
    const auto job = task.model_jobs[i];
    const auto model = std::find_if(prepared.rbegin(), prepared.rend(),
                                    [&](const PreparedModel& one) { return one.job == job; });
    if (model == prepared.rend())
      return failure(fmt::format("model_job task: {} is not exists", job));
    const auto kind = model_kind(model->name);
    if (!kind) return failure(model->name + " is not a available model");
    auto rules = take_rules(pattern, i);
    if (!has_rules(*kind)) {
      MR_CHECK(maker.add_trained(*kind, model->path));
    } else if (rules.is_null()) {
      return failure(fmt::format(
          "{} model parameter `patterns are missing` is missing in `MODEL_INFO`", model->name));
    } else {
      MR_CHECK(maker.add_rules(*kind, std::move(rules)));
    }
  }
  return {};
}

Result<void> add_model_type(NodeMaker& maker, const Task& task, Json& pattern) {
  const auto kind = model_kind(task.model_type);
  if (!kind) return failure(task.model_type + " is not a available model");
  if (!has_rules(*kind)) return failure("Model job id is not set yet, no model reference");
  auto rules = take_rules(pattern, 0);
  if (rules.is_null() || rules.empty()) return maker.add_folder_rules(*kind);
  return maker.add_rules(*kind, std::move(rules));
}

}  // namespace

std::optional<ModelKind> model_kind(std::string_view word) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const auto& kind) { return kind.first == word; });
  if (found == kKinds.end()) return std::nullopt;
  return found->second;
}

Result<LabelNodes> label_nodes(const Task& task, const std::vector<PreparedModel>& prepared,
                               const Settings& settings) {
  const auto column = predicted_column(task.predict_type);
  if (!column) return failure("Unknown predicting target type.");
  MR_TRY(auto pattern, read_pattern(task.pattern));
  NodeMaker maker{task, *column, settings};
  if (task.model_jobs.empty()) {
    MR_CHECK(add_model_type(maker, task, pattern));
  } else {
    MR_CHECK(add_prepared(maker, task, prepared, pattern));
  }
  return maker.take();
}

}  // namespace millrace::audience
