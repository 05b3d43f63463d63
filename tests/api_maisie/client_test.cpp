// The client library against the real server: every documented operation, on each database.
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include <millrace/client/models.hpp>
#include <millrace/client/projects.hpp>
#include <millrace/client/users.hpp>
#include <millrace/client/workspaces.hpp>

#include "tests/api_maisie/registry_server.hpp"

using namespace millrace;
using test::RegistryServer;

namespace {

std::shared_ptr<client::Config> connect(const RegistryServer& server) {
  client::ConfigOptions options;
  options.dictionary = client::Json{{"api_url", server.base() + "/api/v1"},
                                    {"auth_user_login", "admin"},
                                    {"auth_user_password", "admin"},
                                    {"logging_enable", false},
                                    {"selected_project", 1},
                                    {"selected_workspace", 1}};
  options.disable_env = true;
  return std::make_shared<client::Config>(options);
}

std::string read(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

}  // namespace

TEST_CASE("the client library does with the server what its document says", "[maisie][client]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  const bool is_closed = GENERATE(false, true);
  RegistryServer server{kind, {.require_auth = is_closed}};
  const test::TemporaryFolder folder;
  const auto config = connect(server);
  client::Workspaces workspaces{config};
  client::Projects projects{config};
  client::Users users{config};
  client::Models models{config};

  CHECK(workspaces.create("Vision", "all of it")[0]["id"] == 1);
  CHECK(workspaces.get(1)[0]["description"] == "all of it");
  CHECK(workspaces.update(1, {{"name", "Sight"}})[0]["name"] == "Sight");
  CHECK(projects.create("Digits", "ten of them", "https://git.example.com/d")[0]["workspace_id"] ==
        1);
  CHECK(projects.get_all({.query = "DIG"}).size() == 1);
  CHECK(projects.get_all({.query = "none"}).empty());
  CHECK(projects.update(1, {{"git_url", nullptr}})[0]["git_url"].is_null());
  CHECK(users.create("zofia", "Zofia K", "z@example.com", "pw")[0]["full_name"] == "Zofia K");
  CHECK(users.update(2, {{"email", "zk@example.com"}})[0]["email"] == "zk@example.com");
  CHECK(users.get_all().size() == 2);

  std::ofstream{folder / "net.h5"} << "WEIGHTS";
  std::ofstream{folder / "metrics.json"} << R"({"acc": 0.98})";
  const auto uploaded =
      models.upload("lenet", folder / "net.h5", client::Json{{"lr", 0.01}}, nullptr,
                    (folder / "metrics.json").string(),
                    {.is_private = true, .dataset_name = "mnist", .tags = {"prod"}});
  REQUIRE(uploaded.size() == 1);
  CHECK(uploaded[0]["metrics"]["acc"] == 0.98);
  CHECK(uploaded[0]["visibility"] == "private");
  CHECK(uploaded[0]["tags"][0]["name"] == "prod");
  CHECK(models.get(1)[0]["dataset"]["name"] == "mnist");
  CHECK(models.get_all({.filters = {{"metric", "acc"}}}).size() == 1);
  CHECK(models.get_all({.filters = {{"metric", "none"}}}).empty());
  const auto file = models.download(1, {.path = folder / ""});
  CHECK(file.filename() == "lenet");
  CHECK(read(file) == "WEIGHTS");
  CHECK(models.update(1, {{"name", "lenet5"}})[0]["name"] == "lenet5");

  const auto second =
      models.upload("lenet5", folder / "net.h5", nullptr, nullptr, client::Json{{"acc", 1}});
  REQUIRE(second.size() == 1);
  CHECK(models.versions(1).size() == 2);
  CHECK(models.versions(1, {.page = 2, .per_page = 1})[0]["model_id"] == 2);
  CHECK(models.lineage(1)[0]["dataset"]["name"] == "mnist");
  CHECK(models.compare({2, 1})[0]["models"][0]["id"] == 2);
  CHECK(models.promote(1, "production")[0]["version"] == 1);
  CHECK(models.promote(2, "production", "better")[0]["comment"] == "better");
  CHECK(models.promotions(2).size() == 1);
  CHECK(projects.stages(1, {.filters = {{"stage", "production"}}})[0]["model_id"] == 2);
  CHECK(projects.roll_back(1, "lenet5", "production", "slow")[0]["model_id"] == 1);
  CHECK(models.remove(2).size() == 1);
  CHECK(models.remove(1).empty());  // it is in force
  CHECK(models.last_reply().status == 409);
  CHECK(projects.retire(1, "lenet5", "production")[0]["action"] == "retire");
  CHECK(projects.promotions(1).size() == 4);
  CHECK(projects.stages(1, {.filters = {{"name", "none"}}}).empty());

  CHECK(projects.remove(1).empty());  // it has a model
  CHECK(models.remove(1)[0]["name"] == "lenet5");
  CHECK(models.get(1).empty());
  CHECK(projects.remove(1)[0]["name"] == "Digits");
  CHECK(workspaces.remove(1)[0]["name"] == "Sight");
  CHECK(users.detele(2)[0]["login"] == "zofia");
  CHECK(server.contents() == 0);
}
