// Which jobs a task is, and what their pipelines are given.
#include <chrono>
#include <string>
#include <utility>

#include "api/audience/create_task.hpp"
#include "api/audience/site_config.hpp"

namespace millrace::audience {

namespace {

constexpr int kOnce = 1;
// Of a job that writes into the database of states and results, which may be away for long.
constexpr int kPatient = 1'000;
// At a database that somebody waits for: the second one is made at once.
constexpr int kPromptAttempts = 2;

class TaskJobs {
 public:
  TaskJobs(const Task& task, const Settings& settings, const Json& source_tables,
           std::string_view create_time)
      : task_{task}, settings_{settings}, source_tables_{source_tables}, created_{create_time} {}

  api::Bound make(const Result<LabelNodes>& nodes) {
    const auto creation = add_creation();
    auto site = connection();
    if (!nodes.ok() || !site.ok()) {
      add_refusal(creation, nodes.ok() ? site.error() : nodes.error());
      return std::move(bound_);
    }
    const auto label = add("label_task", "", creation, label_parameters(*nodes, *site));
    follower(label).fails_alone = true;
    auto& production =
        follower(add("produce_task", kProductionSuffix, label, production_parameters()));
    production.fails_alone = true;
    if (!is_reference()) production.job.after.delay = std::chrono::seconds{task_.countdown_s};
    const auto produced = bound_.then.size();
    add_failure("fail_task", ".failure", label, failure_parameters());
    auto failed_production = states();
    failed_production["job"] = task_.id + std::string{kProductionSuffix};
    add_failure("fail_production", ".production.failure", produced, std::move(failed_production));
    return std::move(bound_);
  }

 private:
  [[nodiscard]] bool is_reference() const { return settings_.profile == Profile::Reference; }

  // --- the chain ---

  // The document has the task's row at the answer, the original when a worker begins.
  std::size_t add_creation() {
    bound_.job.queue = kPromptQueue;
    bound_.job.max_attempts = kOnce;
    bound_.job.external_id = task_.id + std::string{kCreationSuffix};
    if (!is_reference()) {
      bound_.parameters = creation_parameters();
      bound_.parameters["attempts"] = kPromptAttempts;
      return 0;
    }
    bound_.job.external_id = task_.id + ".check";
    bound_.pipeline = "audience/check_output";
    bound_.parameters = states();
    bound_.parameters.erase("task_id");
    bound_.parameters["attempts"] = kPromptAttempts;
    return add("create_task", kCreationSuffix, 0, creation_parameters());
  }

  std::size_t add(const char* pipeline, std::string_view suffix, std::size_t after,
                  Json parameters) {
    api::Follower made{.pipeline = std::string{"audience/"} + pipeline,
                       .parameters = std::move(parameters),
                       .after = after};
    made.job.external_id = task_.id + std::string{suffix};
    made.job.queue = task_.queue;
    made.job.max_attempts = kOnce;
    made.job.facts = {{"output_schema", task_.output_schema},
                      {"profile", is_reference() ? "ref" : "doc"}};
    bound_.then.push_back(std::move(made));
    return bound_.then.size();
  }

  void add_failure(const char* pipeline, std::string_view suffix, std::size_t after,
                   Json parameters) {
    auto& made = follower(add(pipeline, suffix, after, std::move(parameters)));
    made.job.after.when = After::When::Failed;
    made.job.max_attempts = kPatient;
  }

  void add_refusal(std::size_t after, const Error& error) {
    auto parameters = states();
    parameters["error_message"] = error.message;
    parameters["check_point"] = task_.start + " 00:00:00";
    auto& made = follower(add("refuse_task", "", after, std::move(parameters)));
    made.job.max_attempts = kPatient;
  }

  [[nodiscard]] api::Follower& follower(std::size_t number) { return bound_.then[number - 1]; }

  // --- what the pipelines are given ---

  [[nodiscard]] Json states() const {
    return {{"task_id", task_.id}, {"state_schema", settings_.output_schema}};
  }

  [[nodiscard]] Json creation_parameters() const {
    auto parameters = states();
    parameters["model_type"] = task_.model_type;
    parameters["predict_type"] = task_.predicted();
    parameters["date_range"] = task_.date_range();
    parameters["target_schema"] = task_.input_schema;
    parameters["create_time"] = created_;
    if (is_reference()) parameters["result"] = Json::array({nullptr});
    return parameters;
  }

  // The database that the task reads, where it is not the configured one.
  [[nodiscard]] Result<std::optional<ConnectionSettings>> connection() const {
    if (!task_.site) return std::optional<ConnectionSettings>{};
    MR_TRY(auto site, read_site(*task_.site, task_.input_schema, settings_));
    return std::optional{std::move(site)};
  }

  [[nodiscard]] Json label_parameters(const LabelNodes& nodes,
                                      const std::optional<ConnectionSettings>& site) const {
    auto parameters = production_parameters();
    // In its own database the schema is that of the connection.
    parameters["input"] = site ? "site" : kInputConnection;
    parameters["input_schema"] = site ? std::string{} : task_.input_schema;
    if (site) {
      parameters["site"] = site->address;
      if (!site->password.empty()) parameters["site_password"] = site->password;
    }
    parameters["input_table"] = task_.input_table;
    parameters["from"] = task_.start;
    parameters["to"] = task_.end;
    parameters["window_hours"] = settings_.time_interval.count();
    parameters["column"] = task_.predicted();
    Json columns = Json::array({"id", "s_id", "author", "post_time"});
    if (task_.predicted() != "author") columns.push_back(task_.predicted());
    parameters["columns"] = std::move(columns);
    parameters["models"] = nodes.nodes;
    parameters["labels"] = nodes.names;
    parameters["author_memory"] = settings_.author_memory_bytes;
    parameters["tables"] = source_tables_;
    if (is_reference()) put_reference(nodes, parameters);
    return parameters;
  }

  // Labels contradict one another, not their panels, and authors count unstripped, in windows in
  // which their source has a label.
  void put_reference(const LabelNodes& nodes, Json& parameters) const {
    parameters["closed"] = true;
    parameters["counted"] = nodes.names;
    parameters["copies"] = nodes.names.size();
    parameters["only_with"] = "label";
    parameters["only_in"] = "window";
    parameters["authors_stripped"] = false;
    parameters["cleaned"] = "label";
  }

  [[nodiscard]] Json production_parameters() const {
    auto parameters = states();
    parameters["output_schema"] = task_.output_schema;
    if (is_reference()) {
      parameters["rule"] = "first_two";
      parameters["conflicts"] = Json::array();
    }
    return parameters;
  }

  [[nodiscard]] Json failure_parameters() const {
    auto parameters = states();
    parameters["from"] = task_.start + " 00:00:00";
    parameters["window_us"] = std::chrono::microseconds{settings_.time_interval}.count();
    return parameters;
  }

  const Task& task_;
  const Settings& settings_;
  const Json& source_tables_;
  const std::string created_;
  api::Bound bound_;
};

}  // namespace

api::Bound task_jobs(const Task& task, const Result<LabelNodes>& nodes, const Settings& settings,
                     const Json& source_tables, std::string_view create_time) {
  return TaskJobs{task, settings, source_tables, create_time}.make(nodes);
}

}  // namespace millrace::audience
