#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "api/audience/settings.hpp"
#include "api/route/route.hpp"
#include "api/route/values.hpp"
#include "engine/base/json.hpp"

namespace millrace::audience {

/// A request to prepare or to test a model, with its defaults.
struct ModelRequest {
  std::string queue, dataset_schema, predict_type, model_type;
  std::int64_t dataset = 0, job = 0;
  Json info = Json::object();  // MODEL_INFO

  /// The body of the request, as the answer shows it.
  [[nodiscard]] Json shown() const;
  /// MODEL_INFO's model_path; empty where it is none.
  [[nodiscard]] std::string path() const;
};

/// What is done with a model.
enum class ModelWork { Prepare, Test };

/// Reads a request. A MODEL_INFO that is left out is that of the document.
ModelRequest read_model_request(const api::Values& values, ModelWork work);

/// The jobs that prepare a model: prepare_model, whose end is the answer, and behind it the
/// training, with what tells of its end or failure. A model that cannot be trained is the first of
/// them alone, which says why.
api::Bound preparing_jobs(const ModelRequest& request, std::string_view task,
                          const Settings& settings, std::string_view time);

/// The jobs that test the model that was prepared as `task`, of which the first is test_model;
/// `test` names this test. A model that cannot be tested is that alone.
api::Bound testing_jobs(const ModelRequest& request, std::string_view task, std::string_view test,
                        const Settings& settings, std::string_view time);

}  // namespace millrace::audience
