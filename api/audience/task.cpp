#include "api/audience/task.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::audience {

namespace {

std::string text_or(const api::Values& values, std::string_view name, const std::string& other) {
  const auto* given = values.find(name);
  return given != nullptr && given->is_string() ? given->get<std::string>() : other;
}

std::string database_of(const std::optional<Json>& site) {
  if (!site) return {};
  const auto found = site->find("db");
  return found != site->end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::optional<std::string_view> predicted_column(std::string_view predict_type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kWords{
      {{"author_name", "author"},
       {"author", "author"},
       {"AUTHOR", "author"},
       {"content", "content"},
       {"CONTENT", "content"},
       {"s_area_id", "s_area_id"},
       {"S_AREA_ID", "s_area_id"},
       {"title", "title"},
       {"TITLE", "title"}}};
  const auto found = std::find_if(kWords.begin(), kWords.end(),
                                  [&](const auto& word) { return word.first == predict_type; });
  if (found == kWords.end()) return std::nullopt;
  return found->second;
}

std::string Task::predicted() const {
  return std::string{predicted_column(predict_type).value_or(predict_type)};
}

Task read_task(const api::Values& values, const Settings& settings) {
  Task task;
  task.model_type = values.text("MODEL_TYPE");
  task.predict_type = values.text("PREDICT_TYPE");
  task.start = values.text("START_TIME");
  task.end = values.text("END_TIME");
  task.countdown_s = values.integer("COUNTDOWN");
  task.queue = values.text("QUEUE");
  task.pattern = values.text("PATTERN");
  if (const auto* site = values.find("SITE_CONFIG"); site != nullptr && site->is_object())
    task.site = *site;
  if (const auto* jobs = values.list("MODEL_JOB_LIST")) {
    for (const auto& job : *jobs) task.model_jobs.push_back(job.get<std::int64_t>());
  }
  task.input_schema = text_or(values, "INPUT_SCHEMA", settings.input_schema);
  if (task.input_schema.empty()) task.input_schema = database_of(task.site);
  task.input_table = text_or(values, "INPUT_TABLE", settings.input_table);
  task.output_schema = text_or(values, "OUTPUT_SCHEMA", settings.output_schema);
  return task;
}

}  // namespace millrace::audience
