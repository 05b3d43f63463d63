#include <string>

#include <catch2/catch.hpp>

#include "tests/engine_catalog/filled.hpp"

using namespace millrace;
using test::Filled;
using test::kAsker;
using test::must;
using test::where;
using namespace std::string_literals;

namespace {

template <class T>
void check_error(const Result<T>& result, Code code, std::string_view field) {
  REQUIRE_FALSE(result.ok());
  INFO(result.error().message);
  CHECK(result.error().code == code);
  CHECK(result.error().field == field);
}

}  // namespace

TEST_CASE("a row is made, changed and deleted, and each is in the audit trail",
          "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto id = rows.insert("tags", {{"name", "prod"}, {"description", "in use"}});
  const Batch changed =
      must(rows.change("update", "tags", {{"id", id}, {"set", {{"name", "live"}}}}));
  CHECK(changed.column<std::string_view>("name").value(0) == "live");
  CHECK(changed.column<std::string_view>("description").value(0) == "in use");
  const Batch gone = must(rows.change("delete", "tags", {{"id", id}}));
  CHECK(gone.column<std::string_view>("name").value(0) == "live");
  CHECK(rows.count("tags") == 0);
  check_error(rows.change("delete", "tags", {{"id", id}}), Code::NotFound, "");

  const Batch trail = rows.query("audit", where("entity", "=", "tags"));
  REQUIRE(trail.rows() == 3);
  const auto what = trail.column<std::string_view>("what");
  CHECK(trail.column<std::string_view>("actor").value(0) == "test");
  CHECK(what.value(1) == R"({"before":{"name":"prod"},"after":{"name":"live"}})");
  CHECK(Json::parse(what.value(2))["before"]["name"] == "live");
}

TEST_CASE("an update without columns changes nothing, not even the time", "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto before = rows.query("workspaces").column<std::int64_t>("updated").value(0);
  const Batch same =
      must(rows.change("update", "workspaces", {{"id", 1}, {"set", Json::object()}}));
  CHECK(same.column<std::int64_t>("updated").value(0) == before);
  CHECK(rows.count("audit", where("entity", "=", "workspaces")) == 1);
  check_error(rows.change("update", "workspaces", {{"id", 9}, {"set", Json::object()}}),
              Code::NotFound, "");
}

TEST_CASE("what a column may hold is checked, and the error names it", "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto insert = [&](std::string_view entity, const Json& set) {
    return rows.change("insert", entity, {{"set", set}});
  };
  check_error(insert("projects", {{"workspace_id", 1}}), Code::InvalidArgument, "name");
  check_error(insert("projects", {{"name", nullptr}, {"workspace_id", 1}}), Code::InvalidArgument,
              "name");
  check_error(insert("projects", {{"name", 7}, {"workspace_id", 1}}), Code::InvalidArgument,
              "name");
  check_error(insert("projects", {{"name", std::string(256, 'x')}, {"workspace_id", 1}}),
              Code::InvalidArgument, "name");
  check_error(insert("projects", {{"name", "a\0b"s}, {"workspace_id", 1}}), Code::InvalidArgument,
              "name");
  check_error(insert("projects", {{"name", "\xff"}, {"workspace_id", 1}}), Code::InvalidArgument,
              "name");
  check_error(insert("projects", {{"name", "p"}, {"workspace_id", 77}}), Code::NotFound,
              "workspace_id");
  check_error(insert("projects", {{"name", "p"}, {"workspace_id", 1}, {"id", 5}}),
              Code::InvalidArgument, "id");
  check_error(insert("users", {{"login", "ada"}, {"password", "x"}}), Code::Conflict, "login");
  CHECK_FALSE(insert("audit", {{"actor", "me"}}).ok());
  CHECK_FALSE(insert("nothing", {{"a", 1}}).ok());
  CHECK_FALSE(rows.change("insert", "users", {{"set", 7}}).ok());
  CHECK_FALSE(rows.change("replace", "users", {{"set", Json::object()}}).ok());
  CHECK(rows.count("projects") == 1);
  CHECK(rows.count("users") == 1);
}

TEST_CASE("an integer that a column cannot keep is refused, and no other row is meant",
          "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  constexpr auto kHuge = 18446744073709551615u;  // -1, where it is narrowed
  rows.model("a", {{"loss", 0.5}});
  const Json huge = Json::object({{"loss", kHuge}});
  const auto changed =
      rows.change("update", "models", {{"id", 1}, {"set", Json::object({{"metrics", huge}})}});
  check_error(changed, Code::InvalidArgument, "metrics");
  CHECK(changed.error().message ==
        "catalog change: metrics holds an integer beyond 64 bits with a sign: "
        "18446744073709551615 at \"/loss\"");
  check_error(rows.change("delete", "models", {{"id", kHuge}}), Code::InvalidArgument, "id");
  const Json compared = {{"name", "loss"}, {"op", "="}, {"value", kHuge}};
  for (const auto& condition :
       {where("tags", "has", kHuge), where("id", "=", kHuge), where("metrics", "has", compared)}) {
    CHECK_FALSE(rows.catalog->query({{"entity", "models"}, {"where", condition}}, {}).ok());
  }
  CHECK(rows.count("models") == 1);
}

TEST_CASE("integers of a document compare as they are, beside the doubles too",
          "[catalog][models]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.model("a", {{"steps", 9007199254740992}});
  rows.model("b", {{"steps", 9007199254740993}});
  rows.model("c", {{"steps", 9223372036854775807}});
  rows.model("d", {{"steps", 9007199254740994.0}});
  rows.model("e", {{"steps", -9007199254740993}});
  rows.model("f", {{"steps", 1}});
  rows.model("g", {{"steps", "9007199254740993"}});
  const auto found = [&](std::string_view op, Json value) {
    return rows.names(
        "models",
        where("metrics", "has", Json{{"name", "steps"}, {"op", op}, {"value", std::move(value)}}));
  };
  CHECK(found("=", 9007199254740992) == "a");
  CHECK(found("=", 9007199254740993) == "b");
  CHECK(found("=", 9007199254740992.0) == "a");
  CHECK(found("=", 9007199254740994) == "d");
  CHECK(found("!=", 9007199254740993) == "a,c,d,e,f");
  CHECK(found("<", 9007199254740993) == "a,e,f");
  CHECK(found("<=", 9007199254740993) == "a,b,e,f");
  CHECK(found(">", 9007199254740992) == "b,c,d");
  CHECK(found(">=", 9007199254740993) == "b,c,d");
  CHECK(found(">", 9223372036854775806) == "c");
  CHECK(found(">=", 0x1p63).empty());
  CHECK(found("<", -9007199254740992) == "e");
  CHECK(found("<", 1.5) == "e,f");
}

TEST_CASE("a row that others refer to cannot be deleted", "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.model("a");
  check_error(rows.change("delete", "workspaces", {{"id", 1}}), Code::Conflict, "");
  check_error(rows.change("delete", "projects", {{"id", 1}}), Code::Conflict, "");
  check_error(rows.change("delete", "users", {{"id", 1}}), Code::Conflict, "");
  must(rows.change("delete", "models", {{"id", 1}}));
  must(rows.change("delete", "projects", {{"id", 1}}));
  must(rows.change("delete", "workspaces", {{"id", 1}}));
}

TEST_CASE("a password is kept as a hash and asked only whether it is right", "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  CHECK_FALSE(rows.query("users").has("password"));
  CHECK_FALSE(rows.catalog->query({{"entity", "users"}, {"columns", {"password"}}}).ok());
  CHECK_FALSE(rows.catalog->query({{"entity", "users"}, {"order", {"password"}}}).ok());
  CHECK_FALSE(
      rows.catalog->query({{"entity", "users"}, {"where", where("password", "=", "x")}}).ok());
  CHECK(rows.query("users", where("password", "verify", "secret")).rows() == 1);
  CHECK(rows.query("users", where("password", "verify", "Secret")).rows() == 0);
  const auto trail = rows.query("audit", where("entity", "=", "users"));
  CHECK(Json::parse(trail.column<std::string_view>("what").value(0))["after"]["password"] == "***");
}

TEST_CASE("an older hash is replaced at the next good sign-in", "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  // Of "admin", with the salt 000102...0f.
  const std::string old =
      "$pbkdf2-sha512$25000$AAECAwQFBgcICQoLDA0ODw$"
      "hzjCVDG9FELw2b5EEyih3Omxf8FRIQmndWjgpGGArUfNcobEKrNA0TCDqviQOUQRez/u2tkBEug55SdLU1CGvQ";
  must(rows.catalog->write_and_wait([&](Connection& connection) -> Result<void> {
    MR_CHECK(connection.execute("UPDATE users SET password = ?", {old}));
    return {};
  }));
  const auto stored = [&] {
    std::string text;
    must(rows.catalog->read([&](Connection& connection) -> Result<void> {
      MR_TRY(const auto found, connection.query("SELECT password FROM users"));
      text = std::get<std::string>(found.rows[0][0]);
      return {};
    }));
    return text;
  };
  CHECK(rows.query("users", where("password", "verify", "wrong")).rows() == 0);
  CHECK(stored() == old);
  CHECK(rows.query("users", where("password", "verify", "admin")).rows() == 1);
  must(rows.catalog->write_and_wait(
      [](Connection&) { return Result<void>{}; }));  // behind the new hash
  CHECK(stored().starts_with("$argon2id$"));
  CHECK(rows.query("users", where("password", "verify", "admin")).rows() == 1);
}

TEST_CASE("searches disregard case in every script", "[catalog][change]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  for (const char* name : {"Straße", "ÉCOLE", "100%_done", "Наука", "plain"})
    rows.insert("workspaces", {{"name", name}});
  const auto found = [&](Json text) {
    return rows.names("workspaces", where("name", "contains", std::move(text)));
  };
  CHECK(found("STRASSE") == "Straße");
  CHECK(found("école") == "ÉCOLE");
  CHECK(found("%_") == "100%_done");
  CHECK(found("наУКА") == "Наука");
  CHECK(found(Json{"vis", "LAIN"}) == "Vision,plain");
  CHECK(found("nothing").empty());
}

TEST_CASE("models are found by the members of their documents and by their tags",
          "[catalog][models]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.model("a", {{"acc", 0.9}, {"loss", 0.1}}, {{"tags", {"prod", "old"}}});
  rows.model("b", {{"acc", 0.5}, {"note", "text"}}, {{"tags", {"old"}}});
  rows.model("c", {{"f<1", 1}});
  const auto metric = [&](Json value) {
    return rows.names("models", where("metrics", "has", std::move(value)));
  };
  CHECK(metric("acc") == "a,b");
  CHECK(metric("loss") == "a");
  CHECK(metric("f<1") == "c");
  CHECK(metric("ACC").empty());
  CHECK(metric({{"name", "acc"}, {"op", ">"}, {"value", 0.5}}) == "a");
  CHECK(metric({{"name", "acc"}, {"op", ">="}, {"value", 0.5}}) == "a,b");
  CHECK(metric({{"name", "note"}, {"op", "!="}, {"value", 1}}).empty());
  Json both = where("metrics", "has", "acc");
  both.push_back(where("metrics", "has", "loss")[0]);
  CHECK(rows.names("models", both) == "a");
  CHECK(rows.count("models", both) == 1);
  both.push_back(where("project_id", "in", {1, 2})[0]);
  CHECK(rows.count("models", both) == 1);
  both[1] = where("metrics", "has", Json{{"name", "acc"}, {"op", ">"}, {"value", 0.4}})[0];
  CHECK(rows.count("models", both) == 2);
  both[2] = where("project_id", "in", {2})[0];
  CHECK(rows.count("models", both) == 0);
  CHECK(rows.names("models", where("tags", "has", "old")) == "a,b");
  CHECK(rows.names("models", where("tags", "has", 1)) == "a");
  CHECK(rows.names("models", where("workspace_id", "in", {1})) == "a,b,c");

  const Batch all = rows.query("models");
  CHECK(all.list_range("tags", 0) == std::pair<std::int64_t, std::int64_t>{0, 2});
  CHECK(all.list_range("tags", 2) == std::pair<std::int64_t, std::int64_t>{3, 3});
  CHECK(all.child("tags").column<std::string_view>("name").value(2) == "old");
}

TEST_CASE("tags are attached once, detached, and replaced as a set", "[catalog][models]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  const auto model = rows.model("a", Json::object(), {{"tags", {"x"}}});
  const auto y = rows.insert("tags", {{"name", "y"}});
  const auto link = [&](std::string_view action, std::int64_t tag) {
    return rows.change(action, "models", {{"id", model}, {"column", "tags"}, {"value", tag}});
  };
  const auto tags = [&] {
    const Batch found = rows.query("models").child("tags");
    std::string out;
    for (std::int64_t row = 0; row < found.rows(); ++row)
      out += found.column<std::string_view>("name").value(row);
    return out;
  };
  must(link("attach", y));
  must(link("attach", y));
  CHECK(tags() == "xy");
  must(link("detach", y));
  CHECK(tags() == "x");
  check_error(link("detach", y), Code::NotFound, "");
  check_error(link("attach", 99), Code::NotFound, "");
  must(rows.change("update", "models", {{"id", model}, {"set", {{"tags", {"z", "y", "z"}}}}}));
  CHECK(tags() == "yz");
  CHECK(rows.count("tags") == 3);
}

TEST_CASE("a project knows the names of its models through every change", "[catalog][models]") {
  Filled rows{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  rows.insert("projects", {{"name", "Other"}, {"workspace_id", 1}});
  const auto metrics = [&](std::int64_t project, std::string_view owner = {}) {
    const Batch found = rows.query("projects", where("id", "=", project), owner).child("facets");
    std::string out;
    for (std::int64_t row = 0; row < found.rows(); ++row) {
      if (found.column<std::string_view>("kind").value(row) == "metric")
        out += found.column<std::string_view>("name").value(row);
    }
    return out;
  };
  const auto update = [&](std::int64_t id, Json set) {
    must(rows.change("update", "models", {{"id", id}, {"set", std::move(set)}}));
  };
  const auto first = rows.model("1", {{"b", 1}, {"a", 1}});
  const auto second = rows.model("2", {{"c", 1}, {"a", 1}});
  CHECK(metrics(1) == "bac");
  update(first, {{"metrics", {{"a", 2}}}});
  CHECK(metrics(1) == "ac");
  must(rows.change("delete", "models", {{"id", first}}));
  CHECK(metrics(1) == "ca");
  update(second, {{"project_id", 2}});
  CHECK(metrics(1).empty());
  CHECK(metrics(2) == "ca");
  update(second, {{"private", true}});
  CHECK(metrics(2) == "ca");
  CHECK(metrics(2, "7").empty());
  CHECK(metrics(2, "1") == "ca");
  CHECK(rows.names("models", Json::array(), "7").empty());
  CHECK(rows.names("models", Json::array(), "1") == "2");
  check_error(rows.change("update", "models", {{"id", second}, {"set", {{"name", "x"}}}},
                          {.owner = "7", .name = "user 7"}),
              Code::NotFound, "");
}
