#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/audience/settings.hpp"
#include "api/audience/task.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::audience {

/// Values of the JSON of a PATTERN, names among them: 100,000 rules have about 300,000.
inline constexpr std::size_t kMostPatternValues = 1'000'000;
/// Characters of a panel, which is a label behind a slash, or what the label stands for.
inline constexpr std::size_t kLongestPanel = 200;

enum class ModelKind { Keyword, Rule, TermWeight, Forest };

/// What a MODEL_TYPE means, "keyword_model" or "KEYWORD_MODEL"; nothing: there is no such model.
std::optional<ModelKind> model_kind(std::string_view word);

/// A row of the table model_status.
struct PreparedModel {
  std::int64_t job = 0;
  std::string name, path;  // model_name, model_path
};

/// Nodes of pipelines/audience/label_task.json, one for each model of a task. They stand behind
/// "rows", read the task's column and add "label".
struct LabelNodes {
  Json nodes = Json::array();
  Json names = Json::array();
};

/// Makes the nodes of a task. `prepared` are the models of its list that there are. The error's
/// message is what the task fails with before any of its rows is read.
Result<LabelNodes> label_nodes(const Task& task, const std::vector<PreparedModel>& prepared,
                               const Settings& settings);

}  // namespace millrace::audience
