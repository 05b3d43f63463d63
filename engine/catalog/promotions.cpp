#include "engine/catalog/promotions.hpp"

#include <optional>
#include <string>
#include <utility>

#include "engine/base/utf8.hpp"
#include "engine/catalog/catalog.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

Error wrong(std::string what, std::string_view field) {
  return {Code::InvalidArgument, std::move(what), {}, std::string{field}};
}

template <class T>
std::optional<T> given(const RowValues& values, std::string_view column) {
  const auto found = values.find(column);
  if (found == values.end()) return std::nullopt;
  const auto* value = std::get_if<T>(&found->second);
  return value != nullptr ? std::optional<T>{*value} : std::nullopt;
}

// A stage of a project's models of one name.
struct StageKey {
  std::int64_t project = 0;
  std::string name, stage;

  [[nodiscard]] std::vector<SqlValue> values() const { return {project, name, stage}; }
  [[nodiscard]] std::string text() const {
    return fmt::format("\"{}\" of \"{}\"", printable(stage, 80), printable(name, 80));
  }
};

// An event as it stands in the table. A retirement tells which model it took out of force.
struct Event {
  std::int64_t id = 0, below = 0, model = 0, version = 0, owner = 0;  // below: 0, none
  bool is_retirement = false;
};

Event read_event(const std::vector<SqlValue>& row) {
  return {integer(row[0]), integer(row[1]), integer(row[2]),
          integer(row[3]), integer(row[4]), row[5] == SqlValue{"retire"}};
}

constexpr std::string_view kEvent =
    "SELECT promotions.id, promotions.below, promotions.model_id, promotions.version, "
    "promotions.owner, promotions.action FROM ";

// What is in force, as far as `owner` sees it; empty: it sees all.
Result<std::optional<Event>> in_force(Connection& connection, const StageKey& key,
                                      const std::string& owner) {
  auto sql = fmt::format(
      "{}stages JOIN promotions ON promotions.id = stages.promotion_id "
      "WHERE stages.project_id = ? AND stages.name = ? AND stages.stage = ?",
      kEvent);
  auto values = key.values();
  if (!owner.empty()) {
    sql += " AND (promotions.owner = 0 OR promotions.owner = ?)";
    values.emplace_back(owner);
  }
  MR_TRY(const SqlRows found, connection.query(sql, values));
  if (found.rows.empty()) return std::optional<Event>{};
  return std::optional{read_event(found.rows.front())};
}

// The model of an event as it is now; nothing when it is gone or not seen.
struct Candidate {
  std::int64_t model = 0, version = 0, owner = 0;
};

Result<std::optional<Candidate>> find_candidate(Connection& connection, const StageKey& key,
                                                std::int64_t model, const std::string& owner) {
  std::string sql =
      "SELECT model_versions.number, CASE WHEN models.private = 0 THEN 0 ELSE models.user_id END "
      "FROM model_versions JOIN models ON models.id = model_versions.model_id "
      "WHERE models.id = ? AND model_versions.project_id = ? AND model_versions.name = ?";
  std::vector<SqlValue> values{model, key.project, key.name};
  if (!owner.empty()) {
    sql += " AND (models.private = 0 OR models.user_id = ?)";
    values.emplace_back(owner);
  }
  MR_TRY(const SqlRows found, connection.query(sql, values));
  if (found.rows.empty()) return std::optional<Candidate>{};
  const auto& row = found.rows.front();
  return std::optional{Candidate{model, integer(row[0]), integer(row[1])}};
}

SqlValue or_null(std::int64_t id) { return id != 0 ? SqlValue{id} : SqlValue{nullptr}; }

RowValues facts(const Candidate& model, std::int64_t below) {
  return {{"version", model.version}, {"owner", model.owner}, {"below", or_null(below)}};
}

Result<RowValues> promote(Connection& connection, const Asker& asker, const RowValues& asked) {
  const auto id = given<std::int64_t>(asked, "model_id");
  if (!id) return wrong("model_id is missing", "model_id");
  if (asked.contains("project_id") || asked.contains("model_name"))
    return wrong("promote takes the model_id alone", "model_id");
  std::string sql = "SELECT project_id, name FROM models WHERE id = ?";
  std::vector<SqlValue> values{*id};
  if (!asker.owner.empty()) {
    sql += " AND (private = 0 OR user_id = ?)";
    values.emplace_back(asker.owner);
  }
  MR_TRY(const SqlRows found, connection.query(sql, values));
  if (found.rows.empty())
    return Error{Code::NotFound, fmt::format("no row of models has this id: {}", *id)};
  const auto* name = std::get_if<std::string>(&found.rows[0][1]);
  if (name == nullptr || name->empty())
    return wrong("a model without a name has no versions and no stages; give it one", "model_id");
  const StageKey key{integer(found.rows[0][0]), *name, *given<std::string>(asked, "stage")};
  MR_TRY(const auto model, find_candidate(connection, key, *id, asker.owner));
  if (!model)
    return Error{Code::Internal, fmt::format("a model has a name and no number: {}", *id)};
  MR_TRY(const auto top, in_force(connection, key, {}));
  if (top && !top->is_retirement && top->model == *id)
    return Error{Code::Conflict,
                 fmt::format("the model is in force in stage {} already", key.text())};
  auto more = facts(*model, top ? top->id : 0);
  more["project_id"] = key.project;
  more["model_name"] = key.name;
  return more;
}

Result<RowValues> retire(const StageKey& key, const Event& top) {
  if (top.is_retirement)
    return Error{Code::Conflict, fmt::format("no model is in force in stage {}", key.text())};
  auto more = facts({top.model, top.version, top.owner}, top.id);
  more["model_id"] = top.model;
  return more;
}

Result<RowValues> roll_back(Connection& connection, const Asker& asker, const StageKey& key,
                            const Event& top) {
  for (std::int64_t id = top.below; id != 0;) {
    MR_TRY(const SqlRows found,
           connection.query(fmt::format("{}promotions WHERE promotions.id = ?", kEvent), {id}));
    if (found.rows.empty()) break;
    const Event event = read_event(found.rows.front());
    const bool is_in_force = !top.is_retirement && event.model == top.model;
    if (!event.is_retirement && !is_in_force) {
      MR_TRY(const auto model, find_candidate(connection, key, event.model, asker.owner));
      if (model) {
        auto more = facts(*model, event.below);
        more["model_id"] = model->model;
        return more;
      }
    }
    id = event.below;
  }
  return Error{
      Code::Conflict,
      fmt::format("nothing is left to roll stage {} back to: no earlier model of it is there; "
                  "promote one, or retire the stage",
                  key.text())};
}

// Conflict, when a model that meets the condition is in force.
Result<void> check_stages(Connection& connection, std::string_view condition, std::int64_t id,
                          std::string_view what) {
  MR_TRY(
      const SqlRows found,
      connection.query(fmt::format("SELECT stages.name, stages.stage FROM stages JOIN promotions "
                                   "ON promotions.id = stages.promotion_id WHERE {} AND "
                                   "promotions.action <> 'retire' ORDER BY stages.stage LIMIT 1",
                                   condition),
                       {id}));
  if (found.rows.empty()) return {};
  const auto& row = found.rows.front();
  const StageKey key{0, std::get<std::string>(row[0]), std::get<std::string>(row[1])};
  return Error{
      Code::Conflict,
      fmt::format("{} is in force in stage {}; promote another model there, roll the stage "
                  "back or retire it first",
                  what, key.text())};
}

}  // namespace

Result<RowValues> complete_promotion(Connection& connection, const Asker& asker,
                                     const RowValues& asked) {
  const auto stage = given<std::string>(asked, "stage").value_or("");
  if (stage.find_first_not_of(' ') == std::string::npos) return wrong("stage is blank", "stage");
  if (has_control_character(stage)) return wrong("stage holds a control character", "stage");
  const auto action = given<std::string>(asked, "action").value_or("");
  if (action == "promote") return promote(connection, asker, asked);
  if (action != "roll_back" && action != "retire")
    return wrong("action is promote, roll_back or retire", "action");
  if (asked.contains("model_id"))
    return wrong(fmt::format("{} takes project_id and model_name", action), "model_id");
  const auto project = given<std::int64_t>(asked, "project_id");
  if (!project) return wrong("project_id is missing", "project_id");
  const auto name = given<std::string>(asked, "model_name");
  if (!name) return wrong("model_name is missing", "model_name");
  const StageKey key{*project, *name, stage};
  MR_TRY(const auto top, in_force(connection, key, asker.owner));
  if (!top) return Error{Code::NotFound, fmt::format("there is no stage {}", key.text())};
  return action == "retire" ? retire(key, *top) : roll_back(connection, asker, key, *top);
}

Result<void> derive_stage(Connection& connection, std::int64_t promotion) {
  MR_TRY(const SqlRows found,
         connection.query("SELECT project_id, model_name, stage FROM promotions WHERE id = ?",
                          {promotion}));
  std::vector<SqlValue> values{promotion};
  values.insert(values.end(), found.rows.at(0).begin(), found.rows.at(0).end());
  MR_TRY(const auto changed,
         connection.execute("UPDATE stages SET promotion_id = ? WHERE project_id = ? AND name = ? "
                            "AND stage = ?",
                            values));
  if (changed.rows > 0) return {};
  MR_CHECK(connection.execute(
      "INSERT INTO stages (promotion_id, project_id, name, stage) VALUES (?, ?, ?, ?)", values));
  return {};
}

Result<void> check_not_in_force(Connection& connection, std::int64_t model) {
  return check_stages(connection, "promotions.model_id = ?", model, "it");
}

Result<void> check_none_in_force(Connection& connection, std::int64_t user) {
  return check_stages(connection,
                      "promotions.model_id IN (SELECT id FROM models WHERE user_id = ?)", user,
                      "a model of the user");
}

Result<void> follow_privacy(Connection& connection, std::int64_t model) {
  constexpr std::string_view kOwner =
      "(SELECT CASE WHEN models.private = 0 THEN 0 ELSE models.user_id END FROM models WHERE "
      "models.id = promotions.model_id)";
  MR_CHECK(connection.execute(
      fmt::format("UPDATE promotions SET owner = {0} WHERE model_id = ? AND owner <> {0}", kOwner),
      {model}));
  return {};
}

}  // namespace millrace
