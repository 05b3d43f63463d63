// How versions, stages and promotions look in replies.
#include "api/maisie/row_values.hpp"
#include "api/maisie/views.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

// Null when nobody is named.
Json user_of_row(const Batch& rows, std::int64_t row) {
  const auto id = rows.column<std::int64_t>("user_id")[row];
  if (!id) return nullptr;
  return {{"id", *id},
          {"login", text(rows, "user_login", row)},
          {"full_name", text(rows, "user_full_name", row)}};
}

// Null when there is none.
Json model_link(const std::string& base, const Json& model) {
  if (model.is_null()) return nullptr;
  return fmt::format("{}/api/v1/models/{}/", base, model.get<std::int64_t>());
}

std::string project_link(const std::string& base, std::int64_t project) {
  return fmt::format("{}/api/v1/projects/{}/", base, project);
}

}  // namespace

Json Views::version(const Batch& rows, std::int64_t row, const Batch* stages) const {
  const auto model = integer(rows, "model_id", row);
  Json in_force = Json::array();
  for (std::int64_t at = 0; stages != nullptr && at < stages->rows(); ++at) {
    if (stages->column<std::int64_t>("model_id")[at] == model)
      in_force.push_back(text(*stages, "stage", at));
  }
  return {{"version", integer(rows, "version", row)},
          {"model_id", model},
          {"name", text(rows, "name", row)},
          {"user", user_of_row(rows, row)},
          {"visibility", rows.column<bool>("private").value(row) ? "private" : "public"},
          {"stages", std::move(in_force)},
          {"created", date(rows, "created", row)},
          {"_links", {{"model", model_link(base_, model)}}}};
}

Json Views::lineage(const Batch& rows, std::int64_t row) const {
  const auto model = integer(rows, "id", row);
  const auto project = integer(rows, "project_id", row);
  return {
      {"model_id", model},
      {"project_id", project},
      {"name", text(rows, "name", row)},
      {"version", integer_or_null(rows, "version", row)},
      {"user", user_of_row(rows, row)},
      {"job_id", integer_or_null(rows, "job_id", row)},
      {"pipeline",
       {{"name", text(rows, "pipeline_name", row)},
        {"sha256", text(rows, "pipeline_sha256", row)}}},
      {"dataset",
       {{"name", text(rows, "dataset_name", row)},
        {"description", text(rows, "dataset_description", row)},
        {"uri", text(rows, "dataset_uri", row)},
        {"sha256", text(rows, "dataset_sha256", row)}}},
      {"git",
       {{"active_branch", text(rows, "git_branch", row)},
        {"commit_hash", text(rows, "git_commit", row)}}},
      {"file",
       {{"sha256", text(rows, "file_sha256", row)},
        {"bytes", integer_or_null(rows, "file_bytes", row)}}},
      {"created", date(rows, "created", row)},
      {"_links", {{"model", model_link(base_, model)}, {"project", project_link(base_, project)}}}};
}

Json Views::stage(const Batch& rows, std::int64_t row) const {
  const auto model = integer_or_null(rows, "model_id", row);
  const auto project = integer(rows, "project_id", row);
  return {
      {"project_id", project},
      {"name", text(rows, "model_name", row)},
      {"stage", text(rows, "stage", row)},
      {"model_id", model},
      {"version", integer_or_null(rows, "version", row)},
      {"promotion_id", integer(rows, "promotion_id", row)},
      {"action", text(rows, "action", row)},
      {"user", user_of_row(rows, row)},
      {"comment", text(rows, "comment", row)},
      {"since", date(rows, "since", row)},
      {"_links", {{"model", model_link(base_, model)}, {"project", project_link(base_, project)}}}};
}

Json Views::promotion(const Batch& rows, std::int64_t row) const {
  const auto model = integer_or_null(rows, "model_id", row);
  const auto project = integer(rows, "project_id", row);
  return {
      {"id", integer(rows, "id", row)},
      {"project_id", project},
      {"name", text(rows, "model_name", row)},
      {"stage", text(rows, "stage", row)},
      {"action", text(rows, "action", row)},
      {"model_id", model},
      {"version", integer_or_null(rows, "version", row)},
      {"below", integer_or_null(rows, "below", row)},
      {"user", user_of_row(rows, row)},
      {"comment", text(rows, "comment", row)},
      {"created", date(rows, "created", row)},
      {"_links", {{"model", model_link(base_, model)}, {"project", project_link(base_, project)}}}};
}

}  // namespace millrace::maisie
