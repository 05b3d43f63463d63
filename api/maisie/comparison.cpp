#include "api/maisie/comparison.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "api/maisie/row_values.hpp"
#include "engine/base/json_members.hpp"

namespace millrace::maisie {

namespace {

// The keys of all documents, in the order of their first appearance.
std::vector<std::string> keys_of(const std::vector<Json>& documents) {
  std::vector<std::string> keys;
  std::unordered_set<std::string> seen;
  for (const auto& document : documents) {
    for (const auto& [key, value] : document.items()) {
      if (seen.insert(key).second) keys.push_back(key);
    }
  }
  return keys;
}

Json compare_key(std::string_view group, const std::string& key,
                 const std::vector<MemberIndex>& documents) {
  Json values = Json::array();
  std::size_t holders = 0;
  for (const auto& document : documents) {
    const auto* found = document.find(key);
    holders += found != nullptr ? 1 : 0;
    values.push_back(found != nullptr ? *found : Json(nullptr));
  }
  const bool is_same = holders == documents.size() &&
                       std::all_of(values.begin(), values.end(),
                                   [&](const Json& value) { return value == values[0]; });
  return {{"group", group}, {"key", key}, {"values", std::move(values)}, {"differs", !is_same}};
}

std::int64_t row_of(const Batch& rows, std::int64_t id) {
  const auto ids = rows.column<std::int64_t>("id");
  std::int64_t row = 0;
  while (row < rows.rows() && ids.value(row) != id) ++row;
  return row;
}

}  // namespace

Json compare_models(const Batch& rows, const std::vector<std::int64_t>& ids) {
  std::vector<std::int64_t> places;
  for (const auto id : ids) places.push_back(row_of(rows, id));
  Json models = Json::array();
  for (const auto place : places) {
    models.push_back({{"id", integer(rows, "id", place)},
                      {"project_id", integer(rows, "project_id", place)},
                      {"name", text(rows, "name", place)},
                      {"version", integer_or_null(rows, "version", place)}});
  }
  Json compared = Json::array();
  for (const std::string_view group : {"hyperparameters", "parameters", "metrics"}) {
    std::vector<Json> documents;
    for (const auto place : places) documents.push_back(document(rows, group, place));
    const std::vector<MemberIndex> indexes{documents.begin(), documents.end()};
    for (const auto& key : keys_of(documents)) compared.push_back(compare_key(group, key, indexes));
  }
  return {{"models", std::move(models)}, {"rows", std::move(compared)}};
}

}  // namespace millrace::maisie
