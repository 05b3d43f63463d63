#include "engine/catalog/model_facets.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/json_numbers.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// Whose models a facet counts, and where.
struct Place {
  std::int64_t project = 0;
  std::int64_t owner = 0;  // 0: of public models
};

struct Facet {
  std::string kind, name;
  std::int64_t place = 0;     // among the members of the document
  SqlValue number = nullptr;  // of a member that is one: the double next to it,
  SqlValue rest = nullptr;    // and what is to be added to that
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
  out.second.push_back({"user", std::to_string(integer(row[1])), 0, nullptr, nullptr, row[1]});
  static constexpr std::array<std::pair<std::size_t, std::string_view>, 3> kDocuments{
      {{3, "hyperparameter"}, {4, "parameter"}, {5, "metric"}}};
  for (const auto& [column, kind] : kDocuments) {
    const auto* text = std::get_if<std::string>(&row[column]);
    if (text == nullptr) continue;
    const auto parsed = parse_json(*text);
    if (!parsed.ok() || !parsed->is_object()) continue;
    std::int64_t place = 0;
    for (const auto& [name, value] : parsed->items()) {
      Facet facet{std::string{kind}, name, place++};
      if (const auto split = split_number(value)) {
        facet.number = split->nearest;
        facet.rest = split->rest;
      }
      out.second.push_back(std::move(facet));
    }
  }
  return out;
}

// Each of them is a statement's row or one of its conditions.
constexpr std::size_t kFacetsOfStatement = 64;

using Facets = std::span<const Facet>;

template <class Each>
Result<void> for_some(Facets facets, const Each& each) {
  while (!facets.empty()) {
    const auto some = facets.first(std::min(kFacetsOfStatement, facets.size()));
    MR_CHECK(each(some));
    facets = facets.subspan(some.size());
  }
  return {};
}

// Names facets of a place. Each alternative has the whole key, so that both databases look them up
// one by one: SQLite walks through the project where they share a part of it, and the whole table
// for a list of keys. The last one is repeated up to a power of two, so that few statements are
// prepared.
std::string where(const Place& place, Facets facets, std::vector<SqlValue>& values) {
  constexpr std::string_view kKey = "(project_id = ? AND kind = ? AND name = ? AND owner = ?)";
  std::string sql;
  for (std::size_t i = 0; i < std::bit_ceil(facets.size()); ++i) {
    const Facet& facet = facets[std::min(i, facets.size() - 1)];
    sql.append(i == 0 ? " WHERE " : " OR ").append(kKey);
    values.insert(values.end(), {place.project, facet.kind, facet.name, place.owner});
  }
  return sql;
}

Result<Connection::Changed> update(Connection& connection, std::string_view set,
                                   std::vector<SqlValue> values, const Place& place,
                                   Facets facets) {
  const auto sql = fmt::format("UPDATE project_facets SET {}{}", set, where(place, facets, values));
  return connection.execute(sql, values);
}

// Rows of an INSERT.
class ValueRows {
 public:
  void append(std::vector<SqlValue> row) {
    marks_ += values_.empty() ? "(?" : ", (?";
    for (std::size_t i = 1; i < row.size(); ++i) marks_ += ", ?";
    marks_ += ")";
    std::move(row.begin(), row.end(), std::back_inserter(values_));
  }
  Result<void> insert(Connection& connection, std::string_view into) const {
    if (values_.empty()) return {};
    MR_CHECK(connection.execute(fmt::format("INSERT INTO {} VALUES {}", into, marks_), values_));
    return {};
  }

 private:
  std::string marks_;
  std::vector<SqlValue> values_;
};

// Where the models are that have a facet.
struct Models {
  std::string_view from;
  std::string_view id, place;
};
constexpr Models kOfMember{
    "model_values JOIN models ON models.id = model_values.model_id WHERE model_values.kind = "
    "project_facets.kind AND model_values.name = project_facets.name AND model_values.project_id = "
    "project_facets.project_id",
    "model_values.model_id", "model_values.place"};
constexpr Models kOfUser{
    "models WHERE models.user_id = project_facets.user_id AND models.project_id = "
    "project_facets.project_id",
    "models.id", "0"};

// The earliest other model of the place that has a facet becomes its first.
Result<void> find_first(Connection& connection, const Models& models, const Place& place,
                        Facets facets, std::int64_t but) {
  if (facets.empty()) return {};
  const auto first = [&](std::string_view column) {
    return fmt::format("(SELECT {} FROM {} AND {} <> ? AND {} ORDER BY {} LIMIT 1)", column,
                       models.from, models.id,
                       place.owner == 0
                           ? "models.private = 0"
                           : "models.private = 1 AND models.user_id = project_facets.owner",
                       models.id);
  };
  const auto set = fmt::format(
      "first_model = COALESCE({}, first_model), first_place = COALESCE({}, first_place)",
      first(models.id), first(models.place));
  MR_CHECK(update(connection, set, {but, but}, place, facets));
  return {};
}

Result<void> forget_some(Connection& connection, const Place& place, Facets facets,
                         std::int64_t model) {
  std::vector<SqlValue> values;
  const auto condition = where(place, facets, values);
  MR_TRY(const SqlRows known,
         connection.query("SELECT kind, name, uses, first_model FROM project_facets" + condition,
                          values));
  std::vector<Facet> unused, used, members, users;  // the last two: of which it is the first model
  for (const auto& row : known.rows) {
    const Facet facet{std::get<std::string>(row[0]), std::get<std::string>(row[1])};
    const bool is_used = integer(row[2]) > 1;
    (is_used ? used : unused).push_back(facet);
    if (is_used && integer(row[3]) == model)
      (facet.kind == "user" ? users : members).push_back(facet);
  }
  if (!unused.empty()) {
    values.clear();
    const auto those = where(place, unused, values);
    MR_CHECK(connection.execute("DELETE FROM project_facets" + those, values));
  }
  if (!used.empty()) MR_CHECK(update(connection, "uses = uses - 1", {}, place, used));
  MR_CHECK(find_first(connection, kOfMember, place, members, model));
  return find_first(connection, kOfUser, place, users, model);
}

Result<void> derive_some(Connection& connection, const Place& place, Facets facets,
                         std::int64_t model) {
  ValueRows values;
  for (const Facet& facet : facets) {
    if (facet.kind != "user")
      values.append(
          {facet.kind, facet.name, model, place.project, facet.number, facet.rest, facet.place});
  }
  MR_CHECK(values.insert(connection,
                         "model_values (kind, name, model_id, project_id, number, rest, place)"));
  // A model that was changed may come before the one that was first until now.
  MR_TRY(const auto changed,
         update(connection,
                "uses = uses + 1, first_place = CASE WHEN first_model > ? THEN COALESCE((SELECT "
                "model_values.place FROM model_values WHERE model_values.kind = "
                "project_facets.kind AND model_values.name = project_facets.name AND "
                "model_values.model_id = ?), 0) ELSE first_place END, "
                "first_model = CASE WHEN first_model > ? THEN ? ELSE first_model END",
                {model, model, model, model}, place, facets));
  if (changed.rows == static_cast<std::int64_t>(facets.size())) return {};
  std::set<std::pair<std::string, std::string>> known;
  if (changed.rows > 0) {
    std::vector<SqlValue> key;
    const auto condition = where(place, facets, key);
    MR_TRY(const SqlRows found,
           connection.query("SELECT kind, name FROM project_facets" + condition, key));
    for (const auto& row : found.rows)
      known.emplace(std::get<std::string>(row[0]), std::get<std::string>(row[1]));
  }
  ValueRows made;
  for (const Facet& facet : facets) {
    if (!known.contains({facet.kind, facet.name}))
      made.append({place.project, facet.kind, facet.name, place.owner, std::int64_t{1}, model,
                   facet.place, facet.user});
  }
  return made.insert(connection,
                     "project_facets (project_id, kind, name, owner, uses, first_model, "
                     "first_place, user_id)");
}

}  // namespace

Result<void> forget_model_facets(Connection& connection, std::int64_t model) {
  MR_TRY(const auto read, read_facets(connection, model));
  if (read.first.project == 0) return {};
  MR_CHECK(for_some(read.second,
                    [&](Facets some) { return forget_some(connection, read.first, some, model); }));
  MR_CHECK(connection.execute("DELETE FROM model_values WHERE model_id = ?", {model}));
  return {};
}

Result<void> derive_model_facets(Connection& connection, std::int64_t model) {
  MR_TRY(const auto read, read_facets(connection, model));
  return for_some(read.second,
                  [&](Facets some) { return derive_some(connection, read.first, some, model); });
}

}  // namespace millrace
