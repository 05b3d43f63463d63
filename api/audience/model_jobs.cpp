#include "api/audience/model_jobs.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "api/audience/task.hpp"
#include "api/audience/task_models.hpp"
#include "engine/base/result.hpp"
#include "engine/job/job.hpp"
#include "engine/store/uri.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

constexpr int kOnce = 1;
// Of a job that writes into the database of models, which may be away for long.
constexpr int kPatient = 1'000;
// At a database that somebody waits for: the second one is made at once.
constexpr int kPromptAttempts = 2;
constexpr std::size_t kLongestPath = 1'024;

// One plain relative path, as a folder below another is named.
bool is_plain_path(std::string_view path) {
  const bool has_odd = std::any_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\';
  });
  if (path.empty() || path.size() > kLongestPath || has_odd) return false;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

std::string_view class_of(ModelKind kind) {
  return kind == ModelKind::Keyword ? "KeywordModel" : "RuleModel";
}
bool has_rules(ModelKind kind) { return kind == ModelKind::Keyword || kind == ModelKind::Rule; }

// A model that is trained, and the column that it reads.
struct Trainable {
  ModelKind kind;
  std::string column;
};

// What keeps a model that is no rule set from being trained or tested. The errors' texts are those
// of the document.
Result<Trainable> trainable(const ModelRequest& request, ModelWork work) {
  const auto refused = [](std::string text) {
    return Error{Code::InvalidArgument, std::move(text)};
  };
  const auto kind = model_kind(request.model_type);
  if (!kind) return refused(request.model_type + " is not a available model");
  const auto column = predicted_column(request.predict_type);
  const bool is_area = column == "s_area_id";
  if (!column || (is_area && (work == ModelWork::Prepare || *kind == ModelKind::Forest)))
    return refused("Unavailable feature type " + request.predict_type);
  if (!is_plain_path(request.path())) return refused("model_path is not allowed");
  if (work == ModelWork::Prepare && *kind == ModelKind::TermWeight) {
    const auto feature = request.info.value("feature_model", Json("SGD"));
    if (feature != "SGD") {
      return refused(fmt::format(
          "{} is not in default TWFeatureModel",
          feature.is_string() ? feature.get_ref<const std::string&>() : feature.dump()));
    }
  }
  return Trainable{*kind, std::string{*column}};
}

class ModelJobs {
 public:
  ModelJobs(const ModelRequest& request, std::string_view task, const Settings& settings)
      : request_{request}, task_{task}, settings_{settings} {}

  // The first job, whose end is the answer.
  void begin(Json parameters, std::string_view suffix) {
    parameters["attempts"] = kPromptAttempts;
    bound_.parameters = std::move(parameters);
    bound_.job.queue = kPromptQueue;
    bound_.job.max_attempts = kOnce;
    bound_.job.external_id = task_ + std::string{suffix};
  }

  // The work behind it, and what is written of the model's row when that has ended.
  void work(std::string pipeline, const std::string& name, Json parameters, const char* status) {
    add(std::move(pipeline), name, 0, std::move(parameters)).fails_alone = true;
    auto failed = states();
    failed["job"] = name;
    failed["set"] = {{status, "failed"}};
    auto& failure = add("audience/fail_model", name + ".failure", 1, std::move(failed));
    failure.job.after.when = After::When::Failed;
    failure.job.max_attempts = kPatient;
    auto finished = states();
    finished["set"] = {{status, "finished"}};
    add("audience/finish_model", name + ".finish", 1, std::move(finished)).job.max_attempts =
        kPatient;
  }

  [[nodiscard]] Json states() const {
    return {{"task_id", task_}, {"state_schema", settings_.output_schema}};
  }

  [[nodiscard]] Json dataset(const Trainable& model, std::string_view time) const {
    auto parameters = states();
    parameters["dataset_schema"] = request_.dataset_schema;
    parameters["dataset"] = request_.dataset;
    parameters["column"] = model.column;
    parameters["time"] = time;
    parameters["no_labels"] =
        fmt::format("no labels are recorded for the documents of dataset {}", request_.dataset);
    if (settings_.profile == Profile::Reference) {
      parameters["paired"] = Json::array({"by id"});
      parameters["label_key"] = Json::array({"labeling_job_id"});
    }
    return parameters;
  }

  api::Bound take() { return std::move(bound_); }

 private:
  api::Follower& add(std::string pipeline, std::string name, std::size_t after, Json parameters) {
    api::Follower made{
        .pipeline = std::move(pipeline), .parameters = std::move(parameters), .after = after};
    made.job.external_id = std::move(name);
    made.job.queue = request_.queue;
    made.job.max_attempts = kOnce;
    bound_.then.push_back(std::move(made));
    return bound_.then.back();
  }

  const ModelRequest& request_;
  const std::string task_;
  const Settings& settings_;
  api::Bound bound_;
};

std::string failure_of(std::string_view task, std::string_view why) {
  return fmt::format("modeling task: {} is failed since {}", task, why);
}

}  // namespace

Json ModelRequest::shown() const {
  return {{"QUEUE", queue},      {"DATASET_DB", dataset_schema}, {"DATASET_NO", dataset},
          {"MODEL_JOB_ID", job}, {"PREDICT_TYPE", predict_type}, {"MODEL_TYPE", model_type},
          {"MODEL_INFO", info}};
}

std::string ModelRequest::path() const {
  const auto found = info.find("model_path");
  return found != info.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

ModelRequest read_model_request(const api::Values& values, ModelWork work) {
  ModelRequest request;
  request.queue = values.text("QUEUE");
  request.dataset_schema = values.text("DATASET_DB");
  request.dataset = values.integer("DATASET_NO");
  request.job = values.integer("MODEL_JOB_ID");
  request.predict_type = values.text("PREDICT_TYPE");
  request.model_type = values.text("MODEL_TYPE");
  if (const auto* given = values.find("MODEL_INFO"); given != nullptr && given->is_object()) {
    request.info = *given;
  } else {
    request.info["model_path"] = "model_path";
    if (work == ModelWork::Prepare) request.info["feature_model"] = "SGD";
    request.info["patterns"] = nullptr;
  }
  return request;
}

api::Bound preparing_jobs(const ModelRequest& request, std::string_view task,
                          const Settings& settings, std::string_view time) {
  ModelJobs jobs{request, task, settings};
  auto parameters = jobs.states();
  parameters["job_id"] = request.job;
  parameters["model_name"] = request.model_type;
  parameters["feature"] = request.predict_type;
  parameters["model_path"] = request.path();
  parameters["create_time"] = time;
  const auto kind = model_kind(request.model_type);
  if (kind && has_rules(*kind)) {
    parameters["training_status"] = "untrainable";
    parameters["error_message"] = fmt::format("{} is not trainable", class_of(*kind));
    jobs.begin(std::move(parameters), ".create");
    return jobs.take();
  }
  const auto model = trainable(request, ModelWork::Prepare);
  if (!model.ok()) {
    parameters["training_status"] = "failed";
    parameters["error_message"] = failure_of(task, model.error().message);
    jobs.begin(std::move(parameters), ".create");
    return jobs.take();
  }
  jobs.begin(std::move(parameters), ".create");
  auto training = jobs.dataset(*model, time);
  training["folder"] = file_uri(settings.model_folder);
  training["path"] = request.path();
  training["name"] = request.path();
  if (model->column == "author") training["words"] = "characters";
  const bool is_forest = model->kind == ModelKind::Forest;
  jobs.work(is_forest ? "audience/train_forest" : "audience/train_terms", std::string{task},
            std::move(training), "training_status");
  return jobs.take();
}

api::Bound testing_jobs(const ModelRequest& request, std::string_view task, std::string_view test,
                        const Settings& settings, std::string_view time) {
  ModelJobs jobs{request, task, settings};
  const auto name = fmt::format("{}.test.{}", task, test);
  auto parameters = jobs.states();
  const auto begin = [&](Json set) {
    parameters["set"] = std::move(set);
    jobs.begin(std::move(parameters), fmt::format(".test.{}.create", test));
  };
  const auto kind = model_kind(request.model_type);
  if (kind && has_rules(*kind)) {
    const bool is_reference = settings.profile == Profile::Reference;
    const auto why = fmt::format("{} cannot be evaluated", class_of(*kind));
    if (is_reference && *kind == ModelKind::Keyword) {
      begin({{"training_status", "failed"}, {"ext_status", "pending"}, {"error_message", why}});
    } else {
      begin({{"ext_status", "failed"}, {"error_message", why}});
    }
    return jobs.take();
  }
  const auto model = trainable(request, ModelWork::Test);
  if (!model.ok()) {
    begin({{"ext_status", "failed"}, {"error_message", failure_of(task, model.error().message)}});
    return jobs.take();
  }
  begin({{"ext_status", "pending"}});
  const bool is_forest = model->kind == ModelKind::Forest;
  Json label{{"name", "label"},
             {"type", is_forest ? "label.forest" : "label.term_weight"},
             {"preOps", Json::array({"sample"})},
             {"params",
              {{"folder", file_uri(settings.model_folder)},
               {"path", request.path()},
               {"label_column", "predicted"}}}};
  if (!is_forest) {
    label["params"]["candidates_column"] = "candidates";
    if (settings.profile == Profile::Reference) label["params"]["contest"] = "all";
  }
  auto testing = jobs.dataset(*model, time);
  testing["model"] = Json::array({std::move(label)});
  if (!is_forest) {
    testing["form"] = "sets";
    testing["predicted"] = "candidates";
  }
  jobs.work("audience/evaluate_model", name, std::move(testing), "ext_status");
  return jobs.take();
}

}  // namespace millrace::audience
