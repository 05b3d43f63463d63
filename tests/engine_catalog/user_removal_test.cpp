// Users who go with very many models, and the administrator who stays.
#include <catch2/catch.hpp>

#include "engine/catalog/change_limits.hpp"
#include "engine/catalog/rows_change.hpp"
#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;

namespace {

constexpr int kModels = 230;

// The user 1 with very many models, and bob (2) with one.
void fill(Filled& filled) {
  filled.insert("users", {{"login", "bob"}, {"password", "pw"}});
  const Json model{{"user_id", 1}, {"project_id", 1}, {"name", "m"}, {"metrics", {{"acc", 1}}}};
  constexpr int kAtOnce = kMostSingleRowsAtOnce;
  for (int i = 0; i < kModels; i += kAtOnce)
    must(filled.change("insert", "models",
                       {{"rows", Json::array_t(std::min(kAtOnce, kModels - i), model)}}));
  filled.insert("models", {{"user_id", 2}, {"project_id", 1}, {"name", "of bob"}});
}

const Json kRemoval{{"id", 1}, {"cascade", true}};

bool is_disabled(Filled& filled) {
  return filled.query("users", where("id", "=", 1)).column<bool>("is_disabled").value(0);
}

// Makes writes at once, each in a transaction, and lets the write `failing` fail.
struct Writer {
  Catalog& catalog;
  int failing = 0;
  int made = 0;

  Result<void> operator()(Catalog::Write write) {
    if (++made == failing) return Error{Code::Unavailable, "the database is away"};
    return catalog.write_and_wait(std::move(write));
  }
};

}  // namespace

TEST_CASE("a user goes with more models than one transaction writes", "[catalog][users]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  fill(filled);
  const auto gone = must(filled.change("delete", "users", kRemoval));
  CHECK(gone.rows() == 1);
  CHECK(gone.column<std::int64_t>("id").value(0) == 1);
  CHECK(filled.count("users", where("id", "=", 1)) == 0);
  CHECK(filled.names("models") == "of bob");
  // The user is closed before the first model goes, and goes behind the last.
  const auto audit = must(
      filled.catalog->query({{"entity", "audit"}, {"order", {"-id"}}, {"limit", kModels + 2}}));
  const auto entity = audit.column<std::string_view>("entity");
  const auto action = audit.column<std::string_view>("action");
  CHECK(entity.value(0) == "users");
  CHECK(action.value(0) == "delete");
  CHECK(entity.value(1) == "models");
  CHECK(entity.value(kModels) == "models");
  CHECK(entity.value(kModels + 1) == "users");
  CHECK(action.value(kModels + 1) == "update");
}

TEST_CASE("a removal that stops on the way leaves the user closed, and goes on when asked again",
          "[catalog][users]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  fill(filled);
  Json change = kRemoval;
  change.update({{"entity", "users"}, {"action", "delete"}});
  auto removal = must(RowsChange::compile(change, kAsker, filled.catalog->clock()));
  Writer writer{*filled.catalog, 4};  // all at once, the flag, fifty models, ...
  const auto stopped = removal.make(std::ref(writer));
  REQUIRE_FALSE(stopped.ok());
  CHECK(stopped.error().message ==
        "users 1 is closed (is_disabled) and 50 rows that refer to it are gone; the same change "
        "goes on with the others: the database is away");
  CHECK(filled.count("models") == kModels - 50 + 1);
  CHECK(is_disabled(filled));
  must(filled.change("delete", "users", kRemoval));
  CHECK(filled.names("models") == "of bob");
}

TEST_CASE("no model goes while another one of the user is in force", "[catalog][users]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  fill(filled);
  must(filled.change(
      "insert", "promotions",
      {{"set", {{"action", "promote"}, {"model_id", kModels}, {"stage", "production"}}}}));
  const auto refused = filled.change("delete", "users", kRemoval);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::Conflict);
  CHECK(filled.count("models") == kModels + 1);
  CHECK_FALSE(is_disabled(filled));
}

TEST_CASE("one administrator who can sign in stays, whatever changes", "[catalog][users]") {
  Filled filled{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  filled.insert("users", {{"login", "bob"}, {"password", "pw"}});
  const auto set = [&](const Json& values, std::int64_t id = 1) {
    return filled.change("update", "users", {{"id", id}, {"set", values}});
  };
  const auto everybody = where("id", ">", 0);
  // Where nobody is one, nobody has to stay.
  must(set({{"is_disabled", true}}));
  must(set({{"is_disabled", false}, {"is_admin", true}}));
  const auto refuses = [&](const Result<Batch>& asked) {
    REQUIRE_FALSE(asked.ok());
    CHECK(asked.error().code == Code::Conflict);
    CHECK(asked.error().message.find("make another one first") != std::string::npos);
  };
  const auto check_stays = [&] {
    refuses(set({{"is_disabled", true}}));
    refuses(set({{"is_admin", false}}));
    refuses(filled.change("delete", "users", {{"id", 1}}));
    refuses(filled.change("delete", "users", kRemoval));
    refuses(filled.change("delete", "users", {{"where", everybody}}));
    refuses(
        filled.change("update", "users", {{"where", everybody}, {"set", {{"is_disabled", true}}}}));
    CHECK(filled.count("users") == 2);
  };
  check_stays();
  must(set({{"is_admin", true}, {"is_disabled", true}}, 2));
  check_stays();  // the other one cannot sign in
  must(set({{"is_disabled", false}}, 2));
  must(set({{"is_disabled", true}}));
  must(filled.change("delete", "users", {{"id", 1}}));
  CHECK(set({{"is_admin", false}}, 2).error().code == Code::Conflict);
}
