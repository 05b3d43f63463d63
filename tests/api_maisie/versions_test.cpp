// Versions, stages, promotions, lineage and comparison through real HTTP, on each database.
#include <condition_variable>
#include <future>
#include <mutex>

#include <catch2/catch.hpp>

#include "engine/job/job_service.hpp"
#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::keys;
using test::RegistryServer;

namespace {

void fill(RegistryServer& server) {
  server.sign_in();
  server.json("POST", "/api/v1/workspaces/", {{"name", "w"}}, {server.bearer()});
  server.json("POST", "/api/v1/projects/", {{"name", "p"}, {"workspace_id", 1}}, {server.bearer()});
}

std::int64_t upload(RegistryServer& server, std::string name,
                    std::vector<RegistryServer::Field> more = {}) {
  more.push_back({"project_id", "1"});
  more.push_back({"name", std::move(name)});
  const auto answer = server.upload(more);
  INFO(answer.text);
  REQUIRE(answer.status == 200);
  return answer.data()["id"].get<std::int64_t>();
}

RegistryServer::Answer promote(RegistryServer& server, std::int64_t model, const Json& body) {
  return server.json("POST", fmt::format("/api/v1/models/{}/promotions/", model), body,
                     {server.bearer()});
}

RegistryServer::Answer change(RegistryServer& server, std::string_view action, const Json& body) {
  return server.json("POST", fmt::format("/api/v1/projects/1/stages/{}/", action), body,
                     {server.bearer()});
}

// Runs a job to its end.
std::int64_t run(Engine& engine, const Json& pipeline) {
  std::promise<JobId> submitted;
  JobRequest request;
  request.pipeline = pipeline;
  engine.submit(std::move(request), {}, [&](Result<JobStore::Submission> made) {
    submitted.set_value(made.ok() ? made->id : JobId{0});
  });
  const auto id = submitted.get_future().get();
  REQUIRE(id.value > 0);
  struct Waiter {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_told = false;
  };
  const auto waiter = std::make_shared<Waiter>();  // shared with a call that may be under way still
  const auto watch = engine.jobs().watch(id, [waiter](JobId) {
    const std::lock_guard lock{waiter->mutex};
    waiter->is_told = true;
    waiter->changed.notify_one();
  });
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  JobState state = JobState::Queued;
  while (!is_final(state) && std::chrono::steady_clock::now() < deadline) {
    state = test::must(engine.job_store().get(id)).state;
    if (is_final(state)) break;
    std::unique_lock lock{waiter->mutex};
    waiter->changed.wait_until(lock, deadline, [&] { return waiter->is_told; });
    waiter->is_told = false;
  }
  engine.jobs().unwatch(watch);
  REQUIRE(state == JobState::Finished);
  return id.value;
}

}  // namespace

TEST_CASE("versions of a name are listed with the stages they are in", "[maisie][versions]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  fill(server);
  const auto first = upload(server, "net");
  upload(server, "other");
  const auto second = upload(server, "net");
  const auto promoted = promote(server, second, {{"stage", "production"}, {"comment", "better"}});
  INFO(promoted.text);
  REQUIRE(promoted.status == 200);
  CHECK(keys(promoted.data()) ==
        "id,project_id,name,stage,action,model_id,version,below,user,comment,created,_links");
  CHECK(promoted.data()["version"] == 2);
  CHECK(promoted.data()["user"]["login"] == "admin");
  CHECK(promoted.data()["_links"]["model"] ==
        fmt::format("{}/api/v1/models/{}/", server.base(), second));

  const auto list = server.as_user("GET", fmt::format("/api/v1/models/{}/versions/", first));
  INFO(list.text);
  REQUIRE(list.data().size() == 2);
  CHECK(keys(list.data()[0]) == "version,model_id,name,user,visibility,stages,created,_links");
  CHECK(list.data()[0]["version"] == 1);
  CHECK(list.data()[0]["stages"] == Json::array());
  CHECK(list.data()[1]["model_id"] == second);
  CHECK(list.data()[1]["stages"] == Json{"production"});
  CHECK(list.body["pagination"]["total_items"] == 2);
  const auto page =
      server.as_user("GET", fmt::format("/api/v1/models/{}/versions/?per_page=1&page=2", first));
  CHECK(page.data().size() == 1);
  CHECK(page.data()[0]["version"] == 2);
  CHECK(server.as_user("GET", "/api/v1/models/?version=2").data()[0]["id"] == second);
  CHECK(server.as_user("GET", "/api/v1/models/?version=x").status == 400);
  CHECK(server.as_user("GET", "/api/v1/models/99/versions/").status == 404);
  CHECK(server.as_user("GET", fmt::format("/api/v1/models/{}/versions/?page=x", first)).status ==
        400);
  // The documented body says nothing of it.
  CHECK(keys(server.as_user("GET", fmt::format("/api/v1/models/{}/", second)).data()) ==
        "id,user,project_id,name,visibility,dataset,hyperparameters,parameters,metrics,tags,git,"
        "created,"
        "updated,_links");
}

TEST_CASE("a stage is changed by events that stay, and rolled back by one call",
          "[maisie][stages]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  fill(server);
  const auto first = upload(server, "net"), second = upload(server, "net");
  const Json stage{{"name", "net"}, {"stage", "production"}};
  const auto in_force = [&] {
    return server.as_user("GET", "/api/v1/projects/1/stages/?name=net&stage=production")
        .data()[0]["model_id"];
  };
  CHECK(change(server, "roll_back", stage).status == 404);
  REQUIRE(promote(server, first, {{"stage", "production"}}).status == 200);
  REQUIRE(promote(server, second, {{"stage", "production"}}).status == 200);
  const auto again = promote(server, second, {{"stage", "production"}});
  CHECK(again.status == 409);
  REQUIRE(promote(server, second, {{"stage", "staging"}}).status == 200);

  const auto stages = server.as_user("GET", "/api/v1/projects/1/stages/");
  REQUIRE(stages.data().size() == 2);
  CHECK(keys(stages.data()[0]) ==
        "project_id,name,stage,model_id,version,promotion_id,action,user,comment,since,_links");
  const auto kept = server.as_user("DELETE", fmt::format("/api/v1/models/{}/", second));
  CHECK(kept.status == 409);
  CHECK(kept.body["message"].get<std::string>().find(R"(stage "production" of "net")") !=
        std::string::npos);

  const auto back =
      change(server, "roll_back", {{"name", "net"}, {"stage", "production"}, {"comment", "slow"}});
  REQUIRE(back.status == 200);
  CHECK(back.data()["model_id"] == first);
  CHECK(back.data()["action"] == "roll_back");
  CHECK(in_force() == first);
  const auto no_more = change(server, "roll_back", stage);
  CHECK(no_more.status == 409);
  CHECK(no_more.body["message"].get<std::string>().find("nothing is left") != std::string::npos);
  CHECK(change(server, "retire", stage).status == 200);
  CHECK(in_force().is_null());
  CHECK(change(server, "retire", stage).status == 409);

  const auto history =
      server.as_user("GET", "/api/v1/projects/1/promotions/?stage=production&per_page=3");
  CHECK(history.body["pagination"]["total_items"] == 4);
  REQUIRE(history.data().size() == 3);
  CHECK(history.data()[0]["action"] == "retire");
  CHECK(history.data()[1]["comment"] == "slow");
  CHECK(server.as_user("GET", "/api/v1/projects/1/promotions/?name=none").data().empty());
  CHECK(server.as_user("GET", "/api/v1/projects/1/stages/?name=net%00").status == 400);
  CHECK(server.as_user("GET", "/api/v1/projects/1/stages/?name=%27%20OR%201%3D1--").data().empty());
  CHECK(keys(server.as_user("GET", "/api/v1/projects/1/stages/?stage=%FF").body["message"]) ==
        "stage");
  const auto of_model = server.as_user("GET", fmt::format("/api/v1/models/{}/promotions/", second));
  CHECK(of_model.body["pagination"]["total_items"] == 2);
  CHECK(server.as_user("GET", "/api/v1/models/99/promotions/").status == 404);
  CHECK(server.as_user("GET", "/api/v1/projects/99/promotions/").status == 404);
  CHECK(server.as_user("GET", "/api/v1/projects/99/stages/").status == 404);
  // There is no way to change or delete an event.
  for (const char* method : {"PUT", "DELETE"})
    CHECK(server.as_user(method, fmt::format("/api/v1/models/{}/promotions/", second)).status ==
          405);
}

TEST_CASE("what a promotion says is checked, and who says it", "[maisie][stages]") {
  RegistryServer server{SqlDialect::Sqlite};
  fill(server);
  const auto model = upload(server, "net");
  const auto unnamed = server.upload({{"project_id", "1"}}).data()["id"].get<std::int64_t>();
  const auto fault = [&](std::int64_t id, const Json& body) {
    const auto answer = promote(server, id, body);
    CHECK(answer.status == 400);
    return keys(answer.body["message"]);
  };
  CHECK(fault(model, Json::object()) == "stage");
  CHECK(fault(model, {{"stage", "  "}}) == "stage");
  CHECK(fault(model, {{"stage", "a\tb"}}) == "stage");
  CHECK(fault(model, {{"stage", std::string(65, 'x')}}) == "stage");
  CHECK(fault(model, {{"stage", "x"}, {"comment", std::string(2'001, 'x')}}) == "comment");
  CHECK(fault(unnamed, {{"stage", "x"}}) == "model_id");
  CHECK(promote(server, 99, {{"stage", "x"}}).status == 404);
  CHECK(keys(change(server, "retire", Json::object()).body["message"]) == "name,stage");
  // A form does as well as JSON, and its other fields say nothing.
  const auto form =
      server.form("POST", fmt::format("/api/v1/models/{}/promotions/", model),
                  "stage=%27%3B+DROP+TABLE+stages--&action=retire&user_id=77", {server.bearer()});
  REQUIRE(form.status == 200);
  CHECK(form.data()["stage"] == "'; DROP TABLE stages--");
  CHECK(form.data()["action"] == "promote");
  CHECK(form.data()["user"]["id"] == 1);
  for (const auto& path :
       {fmt::format("/api/v1/models/{}/promotions/", model),
        fmt::format("/api/v1/models/{}/versions/", model),
        fmt::format("/api/v1/models/{}/lineage/", model),
        std::string{"/api/v1/models/compare/?ids=1,2"}, std::string{"/api/v1/projects/1/stages/"},
        std::string{"/api/v1/projects/1/promotions/"}}) {
    INFO(path);
    CHECK(server.send("GET", path).status == 401);
    CHECK(server.as_user("GET", path).status == 200);
  }
  for (const char* path : {"/api/v1/projects/1/stages/retire/",
                           "/api/v1/projects/1/stages/roll_back/", "/api/v1/models/1/promotions/"})
    CHECK(server.form("POST", path, "name=net&stage=x").status == 401);
}

TEST_CASE("models stand side by side, and what differs is told", "[maisie][compare]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  fill(server);
  upload(server, "a",
         {{"hyperparameters", R"({"lr":0.1,"epochs":5})"}, {"metrics", R"({"acc":0.9})"}});
  upload(server, "a",
         {{"hyperparameters", R"({"lr":0.1,"decay":null})"}, {"metrics", R"({"acc":0.8})"}});
  const auto compared = server.as_user("GET", "/api/v1/models/compare/?ids=2,1");
  INFO(compared.text);
  REQUIRE(compared.status == 200);
  CHECK(compared.data()["models"] == Json::parse(R"([{"id":2,"project_id":1,"name":"a","version":2},
                        {"id":1,"project_id":1,"name":"a","version":1}])"));
  CHECK(compared.data()["rows"] == Json::parse(R"([
    {"group":"hyperparameters","key":"lr","values":[0.1,0.1],"differs":false},
    {"group":"hyperparameters","key":"decay","values":[null,null],"differs":true},
    {"group":"hyperparameters","key":"epochs","values":[null,5],"differs":true},
    {"group":"metrics","key":"acc","values":[0.8,0.9],"differs":true}])"));
  CHECK(server.as_user("GET", "/api/v1/models/compare/?ids=1&ids=2").data() != compared.data());
  CHECK(server.as_user("GET", "/api/v1/models/compare/?ids=1,99").status == 404);
  std::string many = "1";
  for (int i = 2; i <= 21; ++i) many += "," + std::to_string(i);
  for (const std::string& ids :
       {std::string{}, std::string{"1"}, std::string{"1,1"}, std::string{"1,x"}, many}) {
    INFO(ids);
    const auto refused = server.as_user("GET", "/api/v1/models/compare/?ids=" + ids);
    CHECK(refused.status == 400);
    CHECK(keys(refused.body["message"]) == "ids");
  }
}

TEST_CASE("a model tells by which job, pipeline and dataset it was made", "[maisie][lineage]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind};
  fill(server);
  const auto pipeline = [](std::string_view text) { return Json::parse(text); };
  const auto job = run(server.engine(), pipeline(R"({"name": "train", "ops": [
    {"name": "once", "type": "input.values", "postOps": ["row"], "params": {"columns": {"id": [0]}}},
    {"name": "row", "type": "output.catalog", "preOps": ["once"], "params": {"entity": "models",
      "action": "insert", "set": {"name": "net", "project_id": 1, "user_id": 1}}}]})"));
  run(server.engine(), pipeline(R"({"ops": [
    {"type": "input.values", "name": "once", "postOps": ["row"], "params": {"columns": {"id": [0]}}},
    {"type": "output.catalog", "name": "row", "preOps": ["once"], "params": {"action": "insert",
      "entity": "models", "set": {"user_id": 1, "project_id": 1, "name": "net"}}}], "name": "train"})"));
  const auto lineage = [&](std::int64_t id) {
    return server.as_user("GET", fmt::format("/api/v1/models/{}/lineage/", id));
  };
  const auto first = lineage(1);
  INFO(first.text);
  REQUIRE(first.status == 200);
  CHECK(keys(first.data()) ==
        "model_id,project_id,name,version,user,job_id,pipeline,dataset,git,file,created,_links");
  CHECK(first.data()["job_id"] == job);
  CHECK(first.data()["pipeline"]["name"] == "train");
  CHECK(first.data()["pipeline"]["sha256"].get<std::string>().size() == 64);
  CHECK(first.data()["version"] == 1);
  // The same pipeline, whatever the order of its members.
  CHECK(lineage(2).data()["pipeline"] == first.data()["pipeline"]);
  CHECK(lineage(2).data()["job_id"] != job);
  CHECK(server.as_user("GET", fmt::format("/api/v1/models/?job={}", job)).data().size() == 1);

  const std::string digits(64, 'c');
  const auto told = upload(server, "net",
                           {{"job_id", std::to_string(job)},
                            {"pipeline", "by hand"},
                            {"dataset_name", "digits"},
                            {"dataset_uri", "s3://bucket/digits"},
                            {"dataset_sha256", digits}});
  CHECK(lineage(told).data()["dataset"] == Json{{"name", "digits"},
                                                {"description", nullptr},
                                                {"uri", "s3://bucket/digits"},
                                                {"sha256", digits}});
  CHECK(lineage(told).data()["pipeline"] == Json{{"name", "by hand"}, {"sha256", nullptr}});
  CHECK(lineage(told).data()["file"]["bytes"] == 7);
  const auto plain = upload(server, "net");
  CHECK(lineage(plain).data()["job_id"].is_null());
  const auto put = [&](const Json& body) {
    return server.json("PUT", fmt::format("/api/v1/models/{}/", plain), body, {server.bearer()});
  };
  CHECK(put({{"dataset_uri", "file:///d"}, {"job_id", job}}).status == 200);
  CHECK(lineage(plain).data()["dataset"]["uri"] == "file:///d");
  CHECK(put({{"job_id", 77}}).body == Json{{"error", "Job 77 does not exist."}});
  CHECK(keys(put({{"dataset_sha256", "abc"}}).body["message"]) == "dataset_sha256");
  CHECK(keys(put({{"dataset_uri", std::string(2'049, 'x')}}).body["message"]) == "dataset_uri");
  CHECK(keys(put({{"job_id", "x"}}).body["message"]) == "job_id");
  CHECK(lineage(99).status == 404);
}

namespace {

// What zofia sees of a stage of the name "net" that holds a private model of admin, on top of a
// public one.
struct Seen {
  int versions, lineage, promotions, compare, promote, roll_back, retire;
  std::size_t stages, history, listed;
};

Seen seen_by_zofia(RegistryServer& server) {
  fill(server);
  upload(server, "net");
  upload(server, "net", {{"private", "true"}});
  REQUIRE(promote(server, 1, {{"stage", "production"}}).status == 200);
  REQUIRE(promote(server, 2, {{"stage", "production"}}).status == 200);
  server.json("POST", "/api/v1/users/", {{"login", "zofia"}, {"password", "pw"}},
              {server.bearer()});
  server.sign_in("zofia", "pw");
  const auto status = [&](std::string_view path) { return server.as_user("GET", path).status; };
  const auto size = [&](std::string_view path) {
    return server.as_user("GET", path).data().size();
  };
  Seen seen{};
  seen.versions = status("/api/v1/models/2/versions/");
  seen.lineage = status("/api/v1/models/2/lineage/");
  seen.promotions = status("/api/v1/models/2/promotions/");
  seen.compare = status("/api/v1/models/compare/?ids=1,2");
  seen.stages = size("/api/v1/projects/1/stages/");
  seen.history = size("/api/v1/projects/1/promotions/");
  seen.listed = size("/api/v1/models/1/versions/");
  const Json stage{{"name", "net"}, {"stage", "production"}};
  seen.promote = promote(server, 2, {{"stage", "mine"}}).status;
  seen.retire = change(server, "retire", stage).status;
  seen.roll_back = change(server, "roll_back", stage).status;
  return seen;
}

}  // namespace

TEST_CASE("a stage that holds a private model is there where private is only a label",
          "[maisie][privacy]") {
  RegistryServer server{SqlDialect::Sqlite};
  const auto seen = seen_by_zofia(server);
  for (const int status : {seen.versions, seen.lineage, seen.promotions, seen.compare, seen.promote,
                           seen.retire, seen.roll_back})
    CHECK(status == 200);
  CHECK(seen.stages == 1);
  CHECK(seen.history == 2);
  CHECK(seen.listed == 2);
}

TEST_CASE("an enforced private model is in no stage, version or event of others",
          "[maisie][privacy]") {
  const auto kind = GENERATE(SqlDialect::Sqlite, SqlDialect::MySql);
  RegistryServer server{kind, {.enforce_private = true}};
  const auto seen = seen_by_zofia(server);
  for (const int status : {seen.versions, seen.lineage, seen.promotions, seen.compare, seen.promote,
                           seen.retire, seen.roll_back})
    CHECK(status == 404);
  CHECK(seen.stages == 0);
  CHECK(seen.history == 1);
  CHECK(seen.listed == 1);
  server.sign_in();
  CHECK(server.as_user("GET", "/api/v1/projects/1/stages/").data()[0]["model_id"] == 2);
  CHECK(server.as_user("GET", "/api/v1/projects/1/promotions/").data().size() == 2);
}
