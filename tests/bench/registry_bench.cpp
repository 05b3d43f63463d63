// The model registry under 64 connections: lists, filters and searches over many models with 50
// metrics each, on SQLite and on MariaDB, and reads of a project beside FastAPI with SQLAlchemy.
// Usage: registry_bench [seconds [models]].
#include <algorithm>
#include <array>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "engine/base/json.hpp"
#include "engine/base/private_files.hpp"
#include "engine/catalog/catalog.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/bench/peers.hpp"
#include "tests/fixtures/mariadb.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::bench;

namespace {

constexpr int kMetrics = 50;   // of a model
constexpr int kNames = 500;    // of metrics, over all models
constexpr int kStride = 7;     // how far the names of a model are from those of the next
constexpr int kProjects = 20;  // the first has one model, the others share the rest

void must(const Result<void>& done) {
  if (!done.ok()) throw std::runtime_error{done.error().message + " | " + done.error().detail};
}

template <class T>
T must(Result<T> made) {
  if (!made.ok()) throw std::runtime_error{made.error().message + " | " + made.error().detail};
  return *std::move(made);
}

std::string metric_name(std::int64_t model, int place) {
  return fmt::format("metric_{}", (model * kStride + place) % kNames);
}

double metric_value(std::int64_t model, int place) {
  return static_cast<double>((model * 31 + place * 17) % 1000) / 1000;
}

std::int64_t project_of(std::int64_t model) { return 2 + model % (kProjects - 1); }

void insert(Catalog& catalog, std::string_view entity, const Json& set) {
  must(catalog.change({{"entity", entity}, {"action", "insert"}, {"set", set}},
                      {.owner = {}, .name = "bench"}));
}

// The rows that changes would make. Values come in the order of their keys: a B-tree is filled many
// times faster so.
Result<void> insert_models(Connection& connection, std::int64_t first, std::int64_t last) {
  std::string rows;
  std::vector<SqlValue> values;
  for (auto id = first; id < last; ++id) {
    Json metrics = Json::object();
    for (int place = 0; place < kMetrics; ++place)
      metrics[metric_name(id, place)] = metric_value(id, place);
    rows += fmt::format("{}(?,1,?,?,?,0,'{{}}','{{}}',?,'',0,0)", rows.empty() ? "" : ",");
    const auto name = fmt::format("model {} of a kind", id);
    values.insert(values.end(), {id, project_of(id), name, name, metrics.dump()});
  }
  MR_CHECK(connection.execute(
      "INSERT INTO models (id, user_id, project_id, name, name_folded, private, hyperparameters, "
      "parameters, metrics, file_name, created_us, updated_us) VALUES " +
          rows,
      values));
  return {};
}

Result<void> insert_values(Connection& connection, int name, std::int64_t models) {
  std::string rows;
  const auto flush = [&]() -> Result<void> {
    if (rows.empty()) return {};
    return connection.run(
        "INSERT INTO model_values (kind, name, model_id, project_id, number, place) VALUES " +
        std::exchange(rows, {}));
  };
  for (std::int64_t id = 2; id <= models; ++id) {
    const auto place = static_cast<int>((name + kNames - id * kStride % kNames) % kNames);
    if (place >= kMetrics) continue;
    fmt::format_to(std::back_inserter(rows), "{}('metric','metric_{}',{},{},{},{})",
                   rows.empty() ? "" : ",", name, id, project_of(id), metric_value(id, place),
                   place);
    if (rows.size() > 256 * 1024) MR_CHECK(flush());
  }
  return flush();
}

Result<void> insert_suffixes(Connection& connection) {
  return connection.run(
      "INSERT INTO model_suffixes (suffix, model_id) WITH RECURSIVE places (place) AS (SELECT 1 "
      "UNION ALL SELECT place + 1 "
      "FROM places WHERE place < 64) SELECT DISTINCT SUBSTR(name_folded, place, 32) AS suffix, id "
      "FROM models JOIN places "
      "WHERE id > 1 AND SUBSTR(name_folded, place, 1) <> '' ORDER BY suffix, id");
}

constexpr std::string_view kFlush = "SET GLOBAL innodb_flush_log_at_trx_commit = {}";

// A server of the size that such a registry is given; while it is filled it need not survive a loss
// of power.
void set_up(Catalog& catalog) {
  must(catalog.write_and_wait([](Connection& connection) -> Result<void> {
    MR_CHECK(connection.run("SET GLOBAL innodb_buffer_pool_size = 2 * 1024 * 1024 * 1024"));
    MR_CHECK(connection.run("SET GLOBAL innodb_log_file_size = 1024 * 1024 * 1024"));
    return connection.run(fmt::format(kFlush, 0));
  }));
}

void fill(Catalog& catalog, std::int64_t models) {
  insert(catalog, "users", {{"login", "bench"}, {"password", "bench"}});
  insert(catalog, "workspaces", {{"name", "w"}});
  for (int i = 0; i < kProjects; ++i)
    insert(catalog, "projects", {{"name", fmt::format("project {}", i + 1)}, {"workspace_id", 1}});
  insert(catalog, "models",
         {{"name", "lenet"},
          {"user_id", 1},
          {"project_id", 1},
          {"hyperparameters", {{"lr", 0.01}, {"epochs", 10}}},
          {"parameters", {{"layers", 5}}},
          {"metrics", {{"acc", 0.98}, {"loss", 0.07}}}});
  constexpr std::int64_t kAtOnce = 50;
  for (std::int64_t first = 2; first <= models; first += kAtOnce * 20) {
    must(catalog.write_and_wait([&](Connection& connection) -> Result<void> {
      for (auto begin = first; begin < std::min(first + kAtOnce * 20, models + 1); begin += kAtOnce)
        MR_CHECK(insert_models(connection, begin, std::min(begin + kAtOnce, models + 1)));
      return {};
    }));
  }
  for (int name = 0; name < kNames; ++name)
    must(catalog.write_and_wait(
        [&](Connection& connection) { return insert_values(connection, name, models); }));
  must(catalog.write_and_wait(insert_suffixes));
}

std::string get(const std::string& target, const std::string& token) {
  return fmt::format(
      "GET /maisie/api/v1/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
      target, token);
}

std::string sign_in(std::uint16_t port) {
  const std::string body = "login=bench&password=bench";
  Load one{port, 1, {}, 1, [&](std::uint64_t) {
             return fmt::format(
                 "POST /maisie/api/v1/auth/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                 "application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
                 body.size(), body);
           }};
  return Json::parse(load(one).last_body)["data"]["access_token"];
}

double measure(std::string_view database, const test::ServerProcess& server, std::int64_t models,
               std::chrono::milliseconds time) {
  const auto token = sign_in(server.port());
  const auto run = [&](std::string_view what,
                       const std::function<std::string(std::uint64_t)>& target) {
    const auto answered =
        load({server.port(), 64, time, 0, [&](std::uint64_t n) { return get(target(n), token); }});
    fmt::print("{:<8} {:<34} {:>9.1f} /s  p50 {:>7.1f} ms  p95 {:>7.1f} ms  other {}\n", database,
               what, answered.per_second(), answered.p50_ms, answered.p95_ms, answered.other);
    return answered.per_second();
  };
  const auto pages = static_cast<std::uint64_t>(models / 20);
  run("list, any page",
      [&](std::uint64_t n) { return fmt::format("models/?page={}", 1 + n * 7919 % pages); });
  run("filter by metric",
      [&](std::uint64_t n) { return fmt::format("models/?metric=metric_{}", n * 31 % kNames); });
  run("filter by two metrics and project", [&](std::uint64_t n) {
    return fmt::format("models/?metric=metric_{},metric_{}&project={}", n % kNames,
                       (n + 3) % kNames, 2 + n % 19);
  });
  run("metric value > 0.9", [&](std::uint64_t n) {
    return fmt::format("models/?metric.metric_{}>0.9", n * 17 % kNames);
  });
  run("search that all names meet",
      [](std::uint64_t) { return std::string{"models/?search=of%20a%20kind"}; });
  run("search in names",
      [&](std::uint64_t n) { return fmt::format("models/?search=MODEL%20{}", n * 13 % 1000); });
  return run("GET projects/1/", [](std::uint64_t) { return std::string{"projects/1/"}; });
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::milliseconds time{argc > 1 ? 1000 * std::stol(argv[1]) : 5000};
  const std::int64_t models = argc > 2 ? std::stol(argv[2]) : 100'000;
  double reads = 0;
  {
    const test::TemporaryFolder folder;
    must(make_private_folder(folder / "data"));
    DatabaseSettings database;
    database.address = "sqlite:" + (folder / "data/catalog.sqlite").string();
    fill(*must(Catalog::open(database, system_clock())), models);
    const test::ServerProcess server{folder / "data"};
    reads = measure("SQLite", server, models, time);
  }
  {
    const test::TemporaryFolder folder;
    const auto database = test::MariaDb::shared(test::MariaDb::Writes::Synced).fresh_database();
    {
      auto patient = database;  // the last statement of the filling takes its time
      patient.patience = patient.answer_timeout = std::chrono::minutes{10};
      const auto catalog = must(Catalog::open(patient, system_clock()));
      set_up(*catalog);
      fill(*catalog, models);
      must(catalog->write_and_wait(
          [](Connection& connection) { return connection.run(fmt::format(kFlush, 1)); }));
    }
    const test::ServerProcess server{
        folder / "data",
        {"--catalog", database.address, "--catalog-password-file", database.password_file}};
    measure("MariaDB", server, models, time);
  }
  const auto peer = fastapi_reads(kProjectRead, Uvicorn::Plain, time);
  if (peer)
    fmt::print("GET projects/1/: {:.1f} /s to {:.1f} /s of FastAPI with SQLAlchemy: {:.1f} times\n",
               reads, *peer, reads / *peer);
  return 0;
}
