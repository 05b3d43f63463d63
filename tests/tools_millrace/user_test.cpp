// `millrace user`: who may sign in, and since when, in the catalog of a server.
#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/catalog/catalog.hpp"
#include "tests/tools_millrace/program_fixture.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

struct Users {
  Users() {
    for (const char* login : {"admin", "zofia"})
      REQUIRE(run({"add", login}, "a password\n").exit_code == 0);
  }

  Finished run(std::vector<std::string> words, const std::string& input = {}) {
    words.insert(words.begin(), "user");
    words.insert(words.end(), {"--data", "data"});
    return fixture.run(words, {}, input);
  }
  // The user as `user list` shows it; null when it is not there.
  Json listed(const std::string& login) {
    const auto all = Json::parse(run({"list", "--json"}).output)["users"];
    for (const auto& user : all)
      if (user["login"] == login) return user;
    return nullptr;
  }
  [[nodiscard]] std::unique_ptr<Catalog> open() const {
    DatabaseSettings settings;
    settings.address = "sqlite:" + fixture.path("data/catalog.sqlite");
    auto opened = Catalog::open(settings, system_clock());
    REQUIRE(opened.ok());
    return *std::move(opened);
  }
  // Since when tokens of zofia are good.
  [[nodiscard]] std::int64_t since() const {
    const auto rows = open()->query(
        {{"entity", "users"},
         {"where", Json::array({{{"column", "login"}, {"op", "="}, {"value", "zofia"}}})}});
    REQUIRE(rows.ok());
    return rows->column<std::int64_t>("tokens_since").value(0);
  }
  void insert(std::string_view entity, const Json& set) const {
    REQUIRE(open()
                ->change({{"entity", entity}, {"action", "insert"}, {"set", set}},
                         {.owner = {}, .name = "test"})
                .ok());
  }

  ProgramFixture fixture;
};

}  // namespace

TEST_CASE("user and users are one command", "[tools][user]") {
  Users users;
  const auto help = users.fixture.run({"user", "--help"}).output;
  CHECK(help == users.fixture.run({"users", "--help"}).output);
  for (const auto* word : {"add", "ls", "rm", "list", "disable"}) {
    INFO(word);
    CHECK(help.find(std::string{"\n  "} + word + ' ') != std::string::npos);
  }
  const auto listed = users.fixture.run({"users", "list", "--data", "data"});
  CHECK(listed.exit_code == 0);
  CHECK(listed.output.find("zofia") != std::string::npos);
  CHECK(users.run({"add", "karl", "--admin", "--password", "a word"}).exit_code == 0);
  CHECK(users.listed("karl")["is_admin"] == true);
  CHECK(users.run({"add", "karl", "--login", "other"}).exit_code == 2);
}

TEST_CASE("a user is disabled and enabled, and each ends its tokens", "[tools][user]") {
  Users users;
  CHECK(users.since() == 0);
  CHECK(users.listed("zofia")["is_disabled"] == false);
  REQUIRE(users.run({"end-sessions", "zofia"}).exit_code == 0);
  const auto first = users.since();
  CHECK(first > 1'700'000'000);
  REQUIRE(users.run({"disable", "zofia"}).exit_code == 0);
  CHECK(users.listed("zofia")["is_disabled"] == true);
  CHECK(users.since() > first);
  REQUIRE(users.run({"enable", "zofia"}).exit_code == 0);
  CHECK(users.listed("zofia")["is_disabled"] == false);
  const auto enabled = users.since();
  REQUIRE(users.run({"password", "zofia"}, "another\n").exit_code == 0);
  CHECK(users.since() > enabled);
  CHECK(users.listed("admin")["is_disabled"] == false);
  const auto unknown = users.run({"disable", "nobody"});
  CHECK(unknown.exit_code == 4);
  CHECK(unknown.errors.find("no such user: nobody") != std::string::npos);
}

TEST_CASE("a user with models goes with them, or not at all", "[tools][user]") {
  Users users;
  users.insert("workspaces", {{"name", "w"}});
  users.insert("projects", {{"name", "p"}, {"workspace_id", 1}});
  users.insert("models", {{"user_id", 2}, {"project_id", 1}, {"name", "m"}, {"private", true}});
  const auto kept = users.run({"remove", "zofia"});
  CHECK(kept.exit_code == 1);
  CHECK(kept.errors.find("--with-models") != std::string::npos);
  CHECK_FALSE(users.listed("zofia").is_null());
  const auto gone = users.run({"remove", "zofia", "--with-models"});
  INFO(gone.errors);
  CHECK(gone.exit_code == 0);
  CHECK(users.listed("zofia").is_null());
  CHECK(users.run({"remove", "zofia"}).exit_code == 4);
}

TEST_CASE("the last administrator who can sign in stays", "[tools][user]") {
  Users users;
  for (const auto* action : {"remove", "disable"}) {
    const auto refused = users.run({action, "admin"});
    CHECK(refused.exit_code == 1);
    CHECK(refused.errors.find("make another one first") != std::string::npos);
    CHECK(refused.errors.find("--with-models") == std::string::npos);
  }
  REQUIRE(users.run({"add", "karl", "--admin"}, "pw\n").exit_code == 0);
  CHECK(users.run({"remove", "admin"}).exit_code == 0);
  CHECK(users.run({"remove", "karl"}).exit_code == 1);
}

TEST_CASE("who only looks at a data folder makes none", "[tools][user]") {
  const ProgramFixture fixture;
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"users", "list"}, {"users", "disable", "zofia"}, {"models", "gc"}, {"jobs", "list"}}) {
    auto line = words;
    line.insert(line.end(), {"--data", "nowhere"});
    const auto ran = fixture.run(line);
    INFO(words[0] << ' ' << words[1]);
    CHECK(ran.exit_code == 4);
    CHECK(ran.errors.find("no such data folder (choose one with --data): ") != std::string::npos);
    CHECK_FALSE(fixture.exists("nowhere"));
  }
}
