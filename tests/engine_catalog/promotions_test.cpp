#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;
using namespace std::string_literals;

namespace {

// A catalog with a stack of promotions of "net" in project 1.
struct Staged : Filled {
  using Filled::Filled;

  Result<Batch> add(Json set, const Asker& asker = kAsker) {
    return change("insert", "promotions", {{"set", std::move(set)}}, asker);
  }
  Result<Batch> promote(std::int64_t model, std::string stage = "production",
                        const Asker& asker = kAsker) {
    return add({{"action", "promote"}, {"model_id", model}, {"stage", std::move(stage)}}, asker);
  }
  Result<Batch> undo(std::string action, const Asker& asker = kAsker,
                     std::string stage = "production") {
    return add({{"action", std::move(action)},
                {"project_id", 1},
                {"model_name", "net"},
                {"stage", std::move(stage)}},
               asker);
  }
  // The model in force: its id, "empty" after a retirement, "none" where there is no stage.
  std::string in_force(std::string_view stage = "production", std::string_view owner = {}) {
    const Batch found = query("stages", where("stage", "=", stage), owner);
    if (found.rows() == 0) return "none";
    const auto model = found.column<std::int64_t>("model_id")[0];
    return model ? std::to_string(*model) : "empty";
  }
  void make(int models) {
    for (int i = 0; i < models; ++i) model("net");
  }
};

void check_refused(const Result<Batch>& result, Code code, std::string_view words,
                   std::string_view field = {}) {
  REQUIRE_FALSE(result.ok());
  INFO(result.error().message);
  CHECK(result.error().code == code);
  CHECK(result.error().field == field);
  CHECK(result.error().message.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("a promotion puts a model in force, and a roll-back the one before",
          "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.make(3);
  const Batch first = must(rows.add({{"action", "promote"},
                                     {"model_id", 1},
                                     {"stage", "production"},
                                     {"user_id", 1},
                                     {"comment", "the first"}}));
  CHECK(first.column<std::string_view>("model_name").value(0) == "net");
  CHECK(first.column<std::int64_t>("version").value(0) == 1);
  CHECK(first.column<std::string_view>("user_login").value(0) == "ada");
  CHECK_FALSE(first.column<std::int64_t>("below")[0].has_value());
  must(rows.promote(2));
  must(rows.promote(3));
  must(rows.promote(3, "staging"));
  CHECK(rows.in_force() == "3");
  must(rows.undo("roll_back"));
  CHECK(rows.in_force() == "2");
  must(rows.undo("roll_back"));
  CHECK(rows.in_force() == "1");
  check_refused(rows.undo("roll_back"), Code::Conflict, "nothing is left");
  CHECK(rows.in_force() == "1");
  CHECK(rows.in_force("staging") == "3");
  must(rows.promote(3));
  must(rows.undo("roll_back"));
  CHECK(rows.in_force() == "1");
  CHECK(rows.count("promotions") == 8);
  const Batch back = rows.query("promotions", where("id", "=", 5));
  CHECK(back.column<std::string_view>("action").value(0) == "roll_back");
  CHECK(back.column<std::int64_t>("model_id").value(0) == 2);
  CHECK(back.column<std::int64_t>("below").value(0) == 1);
}

TEST_CASE("a retired stage has no model, and can be rolled back", "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.make(2);
  must(rows.promote(1));
  must(rows.promote(2));
  const Batch retired = must(rows.undo("retire"));
  CHECK(retired.column<std::int64_t>("model_id").value(0) == 2);
  CHECK(rows.in_force() == "empty");
  check_refused(rows.undo("retire"), Code::Conflict, "no model is in force");
  must(rows.undo("roll_back"));
  CHECK(rows.in_force() == "2");
  must(rows.undo("roll_back"));
  CHECK(rows.in_force() == "1");
  must(rows.undo("retire"));
  must(rows.promote(2));
  // A retirement holds no model, so it is passed over.
  must(rows.undo("roll_back"));
  CHECK(rows.in_force() == "1");
}

TEST_CASE("a model in force is neither deleted nor renamed; one of the past is",
          "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.make(4);
  rows.insert("projects", {{"name", "Other"}, {"workspace_id", 1}});
  const auto remove = [&](std::int64_t id) {
    return rows.change("delete", "models", {{"id", id}});
  };
  const auto update = [&](std::int64_t id, Json set) {
    return rows.change("update", "models", {{"id", id}, {"set", std::move(set)}});
  };
  for (std::int64_t id = 1; id <= 4; ++id) must(rows.promote(id));
  check_refused(remove(4), Code::Conflict, R"(in force in stage "production" of "net")");
  check_refused(update(4, {{"name", "other"}}), Code::Conflict, "in force");
  check_refused(update(4, {{"project_id", 2}}), Code::Conflict, "in force");
  must(update(4, {{"metrics", {{"acc", 1}}}}));
  must(update(3, {{"name", "other"}}));
  must(remove(2));
  // Both are passed over: one has another name now, the other is gone.
  must(rows.undo("roll_back"));
  CHECK(rows.in_force() == "1");
  must(rows.undo("retire"));
  must(remove(1));
  must(remove(4));
  check_refused(rows.undo("roll_back"), Code::Conflict, "nothing is left");
  CHECK(rows.count("promotions") == 6);
}

TEST_CASE("the model that is in force is nothing to roll back to", "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.make(2);
  must(rows.promote(1));
  check_refused(rows.promote(1), Code::Conflict, "already");
  must(rows.promote(2));
  must(rows.promote(1));
  must(rows.change("delete", "models", {{"id", 2}}));
  check_refused(rows.undo("roll_back"), Code::Conflict, "nothing is left");
}

TEST_CASE("what a promotion may say is checked", "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.make(1);
  const auto unnamed = rows.insert("models", {{"user_id", 1}, {"project_id", 1}});
  check_refused(rows.promote(1, ""), Code::InvalidArgument, "blank", "stage");
  check_refused(rows.promote(1, "  "), Code::InvalidArgument, "blank", "stage");
  check_refused(rows.promote(1, "a\nb"), Code::InvalidArgument, "control", "stage");
  check_refused(rows.promote(1, "a\xc2\x85z"), Code::InvalidArgument, "control", "stage");
  check_refused(rows.promote(1, std::string(65, 'x')), Code::InvalidArgument, "64", "stage");
  check_refused(rows.promote(99), Code::NotFound, "99");
  check_refused(rows.promote(unnamed), Code::InvalidArgument, "without a name", "model_id");
  check_refused(rows.undo("roll_back"), Code::NotFound, "no stage");
  check_refused(rows.undo("retire"), Code::NotFound, "no stage");
  check_refused(rows.undo("approve"), Code::InvalidArgument, "action", "action");
  check_refused(rows.add({{"action", "promote"}, {"stage", "x"}}), Code::InvalidArgument, "",
                "model_id");
  check_refused(
      rows.add({{"action", "promote"}, {"stage", "x"}, {"model_id", 1}, {"project_id", 1}}),
      Code::InvalidArgument, "alone", "model_id");
  check_refused(rows.add({{"action", "retire"}, {"stage", "x"}, {"model_id", 1}}),
                Code::InvalidArgument, "", "model_id");
  check_refused(rows.add({{"action", "retire"}, {"stage", "x"}}), Code::InvalidArgument, "",
                "project_id");
  check_refused(rows.add({{"action", "promote"}, {"stage", "x"}, {"model_id", 1}, {"version", 7}}),
                Code::InvalidArgument, "only read", "version");
  CHECK(rows.count("promotions") == 0);
  must(rows.promote(1, std::string(64, 'x')));
  must(rows.promote(1, "Ready for \xc5\xbb"));
}

TEST_CASE("promotions are only added, and each is in the audit trail", "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.make(2);
  must(rows.promote(1));
  must(rows.promote(2));
  const Batch before = rows.query("promotions");
  check_refused(rows.change("update", "promotions", {{"id", 1}, {"set", {{"comment", "x"}}}}),
                Code::InvalidArgument, "only added");
  check_refused(rows.change("delete", "promotions", {{"id", 1}}), Code::InvalidArgument,
                "only added");
  for (const char* entity : {"stages", "model_versions"})
    check_refused(rows.change("delete", entity, {{"id", 1}}), Code::InvalidArgument, "only read");
  CHECK(rows.count("promotions") == 2);
  // The same language does change and delete what is not append-only.
  must(rows.change("update", "projects", {{"id", 1}, {"set", {{"description", "x"}}}}));

  const Batch trail = rows.query("audit", where("entity", "=", "promotions"));
  REQUIRE(trail.rows() == 2);
  const auto after = Json::parse(trail.column<std::string_view>("what").value(1))["after"];
  CHECK(after["model_id"] == 2);
  CHECK(after["model_name"] == "net");
  CHECK(after["version"] == 2);
  CHECK(after["below"] == 1);
}

TEST_CASE("the history of a project goes with it, and the audit trail stays", "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.make(1);
  must(rows.promote(1));
  must(rows.undo("retire"));
  must(rows.change("delete", "models", {{"id", 1}}));
  must(rows.change("delete", "projects", {{"id", 1}}));
  CHECK(rows.count("promotions") == 0);
  CHECK(rows.query("stages").rows() == 0);
  CHECK(rows.count("audit", where("entity", "=", "promotions")) == 2);
}

TEST_CASE("a private model in force is seen by its user only", "[catalog][stages]") {
  Staged rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.insert("users", {{"login", "eve"}, {"password", "secret"}});
  const Asker ada{.owner = "1", .name = "user 1"}, eve{.owner = "2", .name = "user 2"};
  rows.make(2);
  rows.model("net", Json::object(), {{"private", true}});  // 3, of ada
  must(rows.promote(1));
  must(rows.promote(3));
  CHECK(rows.in_force("production", "1") == "3");
  CHECK(rows.in_force("production", "2") == "none");
  CHECK(rows.query("promotions", Json::array(), "2").rows() == 1);
  check_refused(rows.undo("roll_back", eve), Code::NotFound, "no stage");
  check_refused(rows.undo("retire", eve), Code::NotFound, "no stage");
  check_refused(rows.promote(3, "mine", eve), Code::NotFound, "3");
  must(rows.promote(3, "mine", ada));

  // Her roll-back passes over the model that she does not see; without an owner it does not.
  must(rows.promote(2, "production", eve));
  must(rows.undo("roll_back", eve));
  CHECK(rows.in_force("production", "2") == "1");
  must(rows.promote(3, "other", ada));
  must(rows.promote(2, "other", eve));
  must(rows.undo("roll_back", kAsker, "other"));
  CHECK(rows.in_force("other", "1") == "3");
  CHECK(rows.in_force("other", "2") == "none");

  // Privacy is followed both ways.
  must(rows.change("update", "models", {{"id", 3}, {"set", {{"private", false}}}}));
  CHECK(rows.in_force("other", "2") == "3");
  must(rows.change("update", "models", {{"id", 3}, {"set", {{"private", true}}}}));
  CHECK(rows.in_force("other", "2") == "none");
}

TEST_CASE("two engines at one database leave one stack without a gap", "[catalog][stages]") {
  constexpr int kEach = 12;
  Staged rows{SqlDialect::MySql};
  const auto second = rows.place.open();
  rows.make(4 * kEach);
  std::vector<std::string> failed[4];
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        Catalog& catalog = t % 2 == 0 ? *rows.catalog : *second;
        for (int i = 0; i < kEach; ++i) {
          const auto done = catalog.change(
              {{"entity", "promotions"},
               {"action", "insert"},
               {"set",
                {{"action", "promote"}, {"model_id", t * kEach + i + 1}, {"stage", "production"}}}},
              kAsker);
          if (!done.ok()) failed[t].push_back(done.error().message);
        }
      });
    }
  }
  for (const auto& each : failed) CHECK(each == std::vector<std::string>{});
  // From the top to the bottom each promotion stands on the one that was in force before it.
  const Batch found = rows.query("promotions");
  REQUIRE(found.rows() == 4 * kEach);
  const auto id = found.column<std::int64_t>("id");
  const auto below = found.column<std::int64_t>("below");
  std::int64_t top = rows.query("stages").column<std::int64_t>("promotion_id").value(0);
  int depth = 0;
  while (top != 0 && depth <= 4 * kEach) {
    std::int64_t row = 0;
    while (row < found.rows() && id.value(row) != top) ++row;
    REQUIRE(row < found.rows());
    top = below.value(row, 0);
    ++depth;
  }
  CHECK(depth == 4 * kEach);
}

TEST_CASE("two engines never give one number twice, nor lose a model in force",
          "[catalog][stages]") {
  constexpr int kEach = 15;
  Staged rows{SqlDialect::MySql};
  const auto second = rows.place.open();
  std::vector<std::string> failed[2];
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&, t] {
        Catalog& catalog = t == 0 ? *rows.catalog : *second;
        for (int i = 0; i < kEach; ++i) {
          const auto made =
              catalog.change({{"entity", "models"},
                              {"action", "insert"},
                              {"set", {{"name", "net"}, {"user_id", 1}, {"project_id", 1}}}},
                             kAsker);
          if (!made.ok()) failed[t].push_back(made.error().message);
        }
      });
    }
  }
  for (const auto& each : failed) CHECK(each == std::vector<std::string>{});
  const Batch versions = rows.query("model_versions");
  REQUIRE(versions.rows() == 2 * kEach);
  for (std::int64_t row = 0; row < versions.rows(); ++row)
    CHECK(versions.column<std::int64_t>("version").value(row) == row + 1);

  // One promotes what the other deletes: whoever comes second is refused.
  for (std::int64_t model = 1; model <= kEach; ++model) {
    bool is_promoted = false, is_deleted = false;
    {
      const std::jthread promoter{[&] { is_promoted = rows.promote(model).ok(); }};
      const std::jthread remover{[&] {
        is_deleted =
            second->change({{"entity", "models"}, {"action", "delete"}, {"id", model}}, kAsker)
                .ok();
      }};
    }
    CHECK(is_promoted != is_deleted);
  }
}
