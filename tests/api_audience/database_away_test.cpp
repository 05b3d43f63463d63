// A user's database that answers nothing: who waits for it, and who does not.
#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/api_audience/audience_server.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fixtures/frost.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using audience::Profile;

namespace {

using Steady = std::chrono::steady_clock;

double number_in(const std::string& metrics, const std::string& name) {
  const auto at = metrics.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(metrics.substr(at + name.size() + 2));
}

std::future<AudienceServer::Answer> begin(const AudienceServer& server, std::string method,
                                          std::string target, std::string body = {}) {
  return std::async(std::launch::async, [&server, method = std::move(method),
                                         target = std::move(target), body = std::move(body)] {
    return server.send(method, target, body,
                       body.empty() ? "" : "Content-Type: application/json\r\n");
  });
}

// Lists the jobs over the engine's own API.
int status_of_jobs(AudienceServer& server) {
  std::ifstream file{server.data() / "token"};
  std::string token;
  file >> token;
  Client client{server.main_port()};
  client.send(fmt::format(
      "GET /jobs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n", token));
  return client.read_reply().status;
}

}  // namespace

TEST_CASE("a database that stands still slows nobody else, and the ninth request is refused",
          "[audience][away]") {
  AudienceServer server;
  server.make_state_table();
  REQUIRE(server.get("/tasks/").status == 200);
  std::vector<std::future<AudienceServer::Answer>> asked;
  const auto begun = Steady::now();
  {
    const Frost frost;
    const auto abort = fmt::format(R"({{"TASK_ID":"{}"}})", kNoTask);
    for (int i = 0; i < 2; ++i) {
      asked.push_back(begin(server, "GET", "/tasks/"));
      asked.push_back(begin(server, "GET", "/tasks/" + kNoTask));
      asked.push_back(begin(server, "GET", "/models/7"));
      asked.push_back(begin(server, "POST", "/tasks/abort/", abort));
    }
    while (number_in(server.metrics(), "millrace_database_requests") < 8) {
      REQUIRE(Steady::now() - begun < 4s);
      std::this_thread::sleep_for(5ms);
    }
    const auto refused = server.get("/tasks/");
    CHECK(refused.status == 503);
    CHECK(refused.header("retry-after") == "3");
    CHECK(refused.body["detail"].get<std::string>().starts_with("8 requests ask databases"));
    CHECK(number_in(server.metrics(), "millrace_database_requests_refused_total") == 1);
    // Others are served meanwhile: what runs a pipeline of its own, and the same dialect.
    for (int i = 0; i < 5; ++i) {
      CHECK(status_of_jobs(server) == 200);
      CHECK(server.get("/openapi.json").status == 200);
    }
    CHECK(number_in(server.metrics(), "millrace_database_requests") == 8);
    for (auto& each : asked) {
      const auto answer = each.get();
      INFO(answer.text);
      CHECK(answer.status == 200);
      CHECK((answer.body.is_string() || answer.body["error_code"] != 200));
    }
    // None of them waited as long as a request may.
    CHECK(Steady::now() - begun < 10s);
  }
  CHECK(number_in(server.metrics(), "millrace_database_requests") == 0);
  CHECK(server.get("/tasks/").text == R"({"error_code":200,"error_message":"OK","content":[]})");
}

TEST_CASE("a row that stays locked ends an abort in time, and the next one succeeds",
          "[audience][away]") {
  AudienceServer server;
  server.make_state_table();
  const std::string task(32, 'a');
  server.insert("state", {{"task_id", task},
                          {"stat", "PENDING"},
                          {"model_type", "keyword_model"},
                          {"predict_type", "author"},
                          {"date_range", "2020-01-01 - 2020-01-02"},
                          {"target_schema", "s"},
                          {"create_time", "2022-01-12 11:09:21"}});
  server.output().begin();
  server.output().execute("UPDATE state SET prod_stat = 'x'");
  const auto begun = Steady::now();
  const auto answer = server.post("/tasks/abort/", {{"TASK_ID", task}});
  CHECK(answer.status == 200);
  CHECK(answer.body["error_code"] == 500);
  CHECK(Steady::now() - begun < 9s);
  server.output().rollback();
  CHECK(server.post("/tasks/abort/", {{"TASK_ID", task}}).body["error_code"] == 200);
  CHECK(server.rows("SELECT stat FROM state") == Json::array({Json::array({"BREAK"})}));
}
