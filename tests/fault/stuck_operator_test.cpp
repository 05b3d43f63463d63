// A server whose operator does not look whether it should stop.
#include <chrono>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

TEST_CASE("a server ends though an operator does not stop, and the next one resumes its job",
          "[fault][drain]") {
  const TemporaryFolder folder;
  const auto data = folder / "data", gate = folder / "gate", reached = folder / "gate.reached";
  const auto plugins = std::filesystem::path{MR_JOB_OPERATORS}.parent_path();
  const std::vector<std::string> options{"--patience", "1", "--plugins", plugins.string()};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{2};
  const auto nap = [&] {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  };

  const Json input{
      {"name", "in"},
      {"type", "input.numbers"},
      {"postOps", {"out"}},
      {"params", {{"batches", 2}, {"gate", gate.string()}, {"gate_at", 1}, {"deaf", true}}}};
  const Json output{{"name", "out"}, {"type", "output.nothing"}, {"preOps", {"in"}}};
  const Json submission{{"pipeline", {{"ops", {input, output}}}}};

  std::int64_t id = 0;
  {
    ServerProcess server{data, options};
    const auto answer = ask(server, data, "POST", "/jobs", submission.dump());
    REQUIRE(answer);
    INFO(answer->body.dump());
    REQUIRE(answer->status / 100 == 2);
    id = answer->body.at("id").get<std::int64_t>();
    while (!std::filesystem::exists(reached)) nap();
    CHECK(server.terminate() == 1);
  }
  CHECK(read_file(data.string() + "-server.log").find("nodes=in") != std::string::npos);

  std::ofstream{gate};
  ServerProcess server{data, options};
  while (true) {
    const auto job = ask(server, data, "GET", fmt::format("/jobs/{}", id));
    REQUIRE(job);
    INFO(job->body.dump());
    const auto state = job->body.at("state").get<std::string>();
    REQUIRE(
        (state == "queued" || state == "running" || state == "publishing" || state == "finished"));
    if (state == "finished") break;
    nap();
  }
  CHECK(server.terminate() == 0);
}
