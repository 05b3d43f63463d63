#include "engine/catalog/model_facets.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::size_t kMostMembers = 10'000;  // of one document
constexpr std::size_t kLongestName = 255;     // characters

// Whose models a facet counts, and where.
struct Place {
  std::int64_t project = 0;
  std::int64_t owner = 0;  // 0: of public models
};

struct Facet {
  std::string kind, name;
  std::int64_t place = 0;     // among the members of the document
  SqlValue number = nullptr;  // of a member that is one
  SqlValue user = nullptr;    // of the kind "user"
};

// Reads what a model contributes. `project` 0: there is no such model.
Result<std::pair<Place, std::vector<Facet>>> read_facets(Connection& connection,
                                                         std::int64_t model) {
  MR_TRY(
      const SqlRows found,
      connection.query("SELECT project_id, user_id, private, hyperparameters, parameters, metrics "
                       "FROM models WHERE id = ?",
                       {model}));
  std::pair<Place, std::vector<Facet>> out;
  if (found.rows.empty()) return out;
  const auto& row = found.rows.front();
  out.first = {integer(row[0]), integer(row[2]) != 0 ? integer(row[1]) : 0};
  out.second.push_back({"user", std::to_string(integer(row[1])), 0, nullptr, row[1]});
  static constexpr std::array<std::pair<std::size_t, std::string_view>, 3> kDocuments{
      {{3, "hyperparameter"}, {4, "parameter"}, {5, "metric"}}};
  for (const auto& [column, kind] : kDocuments) {
    const auto* text = std::get_if<std::string>(&row[column]);
    if (text == nullptr) continue;
    const auto document = Json::parse(*text, nullptr, false);
    if (!document.is_object()) continue;
    if (document.size() > kMostMembers)
      return Error{Code::InvalidArgument,
                   fmt::format("more than {} members", kMostMembers),
                   {},
                   std::string{kind} + "s"};
    std::int64_t place = 0;
    for (const auto& [name, value] : document.items()) {
      if (code_points(name) > kLongestName) {
        return Error{Code::InvalidArgument,
                     fmt::format("the name of a member is longer than {} characters: {}",
                                 kLongestName, printable(name, 60)),
                     {},
                     std::string{kind} + "s"};
      }
      SqlValue number = nullptr;
      if (value.is_number()) number = value.get<double>();
      out.second.push_back({std::string{kind}, name, place++, std::move(number), nullptr});
    }
  }
  return out;
}

// The earliest other model of the place that has the facet becomes its first.
Result<void> find_first(Connection& connection, const Place& place, const Facet& facet,
                        std::int64_t but) {
  const std::string visible =
      place.owner == 0 ? "models.private = 0" : "models.private = 1 AND models.user_id = ?";
  std::vector<SqlValue> values;
  std::string sql;
  if (facet.kind == "user") {
    sql = "SELECT models.id, 0 FROM models WHERE models.user_id = ?";
    values = {facet.user};
  } else {
    sql =
        "SELECT models.id, model_values.place FROM model_values JOIN models ON models.id = "
        "model_values.model_id WHERE model_values.kind = ? AND model_values.name = ?";
    values = {facet.kind, facet.name};
  }
  sql += " AND models.project_id = ? AND models.id <> ? AND " + visible +
         " ORDER BY models.id LIMIT 1";
  values.emplace_back(place.project);
  values.emplace_back(but);
  if (place.owner != 0) values.emplace_back(place.owner);
  MR_TRY(const SqlRows found, connection.query(sql, values));
  if (found.rows.empty()) return {};
  MR_CHECK(connection.execute(
      "UPDATE project_facets SET first_model = ?, first_place = ? WHERE project_id = ? AND kind = "
      "? "
      "AND name = ? AND owner = ?",
      {found.rows[0][0], found.rows[0][1], place.project, facet.kind, facet.name, place.owner}));
  return {};
}

}  // namespace

Result<void> forget_model_facets(Connection& connection, std::int64_t model) {
  MR_TRY(const auto read, read_facets(connection, model));
  const auto& [place, facets] = read;
  if (place.project == 0) return {};
  for (const Facet& facet : facets) {
    const std::vector<SqlValue> key{place.project, facet.kind, facet.name, place.owner};
    constexpr std::string_view kWhere =
        " WHERE project_id = ? AND kind = ? AND name = ? AND owner = ?";
    MR_TRY(const SqlRows known,
           connection.query(fmt::format("SELECT uses, first_model FROM project_facets{}", kWhere),
                            key));
    if (known.rows.empty()) continue;
    if (integer(known.rows[0][0]) <= 1) {
      MR_CHECK(connection.execute(fmt::format("DELETE FROM project_facets{}", kWhere), key));
      continue;
    }
    MR_CHECK(connection.execute(fmt::format("UPDATE project_facets SET uses = uses - 1{}", kWhere),
                                key));
    if (integer(known.rows[0][1]) == model) MR_CHECK(find_first(connection, place, facet, model));
  }
  MR_CHECK(connection.execute("DELETE FROM model_values WHERE model_id = ?", {model}));
  return {};
}

Result<void> derive_model_facets(Connection& connection, std::int64_t model) {
  MR_TRY(const auto read, read_facets(connection, model));
  const auto& [place, facets] = read;
  for (const Facet& facet : facets) {
    if (facet.kind != "user") {
      MR_CHECK(connection.execute(
          "INSERT INTO model_values (kind, name, model_id, project_id, number, place) VALUES "
          "(?, ?, ?, ?, ?, ?)",
          {facet.kind, facet.name, model, place.project, facet.number, facet.place}));
    }
    // A model that was changed may come before the one that was first until now.
    MR_TRY(
        const auto changed,
        connection.execute("UPDATE project_facets SET uses = uses + 1, "
                           "first_place = CASE WHEN first_model > ? THEN ? ELSE first_place END, "
                           "first_model = CASE WHEN first_model > ? THEN ? ELSE first_model END "
                           "WHERE project_id = ? AND kind = ? AND name = ? AND owner = ?",
                           {model, facet.place, model, model, place.project, facet.kind, facet.name,
                            place.owner}));
    if (changed.rows > 0) continue;
    MR_CHECK(connection.execute(
        "INSERT INTO project_facets (project_id, kind, name, owner, uses, first_model, "
        "first_place, "
        "user_id) VALUES (?, ?, ?, ?, 1, ?, ?, ?)",
        {place.project, facet.kind, facet.name, place.owner, model, facet.place, facet.user}));
  }
  return {};
}

}  // namespace millrace
