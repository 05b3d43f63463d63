#include "api/maisie/views.hpp"

#include <unordered_set>
#include <vector>

#include "api/maisie/row_values.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

namespace {

Json tag_list(const Batch& rows, std::int64_t row) {
  const auto [begin, end] = rows.list_range("tags", row);
  const Batch tags = rows.child("tags");
  Json out = Json::array();
  for (auto at = begin; at < end; ++at) {
    out.push_back({{"id", integer(tags, "id", at)},
                   {"name", text(tags, "name", at)},
                   {"description", text(tags, "description", at)}});
  }
  return out;
}

// The names of one kind, each once, in the order of their first appearance.
struct Names {
  // In the order added.
  class Once {
   public:
    void add(std::string_view name) {
      if (seen_.emplace(name).second) names.emplace_back(name);
    }
    std::vector<std::string> names;

   private:
    std::unordered_set<std::string> seen_;
  };
  Once hyperparameters, parameters, metrics;
  Json users = Json::array();

  Names(const Batch& rows, std::int64_t row) {
    const auto [begin, end] = rows.list_range("facets", row);
    if (begin == end) return;
    const Batch facets = rows.child("facets");
    const auto kind = facets.column<std::string_view>("kind");
    const auto name = facets.column<std::string_view>("name");
    std::unordered_set<std::int64_t> seen;
    for (auto at = begin; at < end; ++at) {
      if (kind.value(at) == "user") {
        const auto id = integer(facets, "user_id", at);
        if (!seen.insert(id).second) continue;
        users.push_back({{"id", id}, {"full_name", text(facets, "full_name", at)}});
        continue;
      }
      auto& names = kind.value(at) == "metric"      ? metrics
                    : kind.value(at) == "parameter" ? parameters
                                                    : hyperparameters;
      names.add(name.value(at));
    }
  }
};

}  // namespace

Json Views::user(const Batch& rows, std::int64_t row) const {
  return {{"id", integer(rows, "id", row)},
          {"login", text(rows, "login", row)},
          {"full_name", text(rows, "full_name", row)},
          {"email", text(rows, "email", row)},
          {"updated", date(rows, "updated", row)},
          {"created", date(rows, "created", row)}};
}

Json Views::workspace(const Batch& rows, std::int64_t row) const {
  return {{"id", integer(rows, "id", row)},
          {"name", text(rows, "name", row)},
          {"description", text(rows, "description", row)},
          {"updated", date(rows, "updated", row)},
          {"created", date(rows, "created", row)}};
}

Json Views::project(const Batch& rows, std::int64_t row) const {
  const auto id = integer(rows, "id", row);
  const auto workspace = integer(rows, "workspace_id", row);
  Names names{rows, row};
  return {{"id", id},
          {"workspace_id", workspace},
          {"name", text(rows, "name", row)},
          {"description", text(rows, "description", row)},
          {"all_hyperparameters", std::move(names.hyperparameters.names)},
          {"all_parameters", std::move(names.parameters.names)},
          {"all_metrics", std::move(names.metrics.names)},
          {"all_users", std::move(names.users)},
          {"git_url", text(rows, "git_url", row)},
          {"updated", date(rows, "updated", row)},
          {"created", date(rows, "created", row)},
          {"_links",
           {{"self", fmt::format("{}/api/v1/projects/{}/", base_, id)},
            {"workspace", fmt::format("{}/api/v1/workspaces/{}/", base_, workspace)}}}};
}

Json Views::model(const Batch& rows, std::int64_t row, bool is_in_list) const {
  const auto id = integer(rows, "id", row);
  const auto user = integer(rows, "user_id", row);
  const auto project = integer(rows, "project_id", row);
  Json out{{"id", id},
           {"user",
            {{"id", user},
             {"login", text(rows, "user_login", row)},
             {"full_name", text(rows, "user_full_name", row)}}},
           {"project_id", project},
           {"name", text(rows, "name", row)},
           {"visibility", rows.column<bool>("private").value(row) ? "private" : "public"},
           {"dataset",
            {{"name", text(rows, "dataset_name", row)},
             {"description", text(rows, "dataset_description", row)}}}};
  if (!is_in_list) {
    for (const char* name : {"hyperparameters", "parameters", "metrics"})
      out[name] = document(rows, name, row);
  }
  auto download = fmt::format("{}/storage/download/{}/", base_, id);
  if (ticket_) download += "?ticket=" + ticket_(id);
  out["tags"] = tag_list(rows, row);
  out["git"] = {{"active_branch", text(rows, "git_branch", row)},
                {"commit_hash", text(rows, "git_commit", row)}};
  out["created"] = date(rows, "created", row);
  out["updated"] = date(rows, "updated", row);
  out["_links"] = {{"self", fmt::format("{}/api/v1/models/{}/", base_, id)},
                   {"user", fmt::format("{}/api/v1/users/{}/", base_, user)},
                   {"project", fmt::format("{}/api/v1/projects/{}/", base_, project)},
                   {"download", std::move(download)}};
  return out;
}

Json Views::tag(const Batch& rows, std::int64_t row) const {
  return {{"id", integer(rows, "id", row)},
          {"name", text(rows, "name", row)},
          {"description", text(rows, "description", row)}};
}

}  // namespace millrace::maisie
