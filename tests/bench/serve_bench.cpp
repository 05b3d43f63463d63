// What the server does in a second, and what it weighs: durable submissions, one by one and many in
// a request, empty jobs end to end, inline-lane reads, idle connections, answers while 64 nodes
// wait for a server that says nothing; and beside it, in the same run, FastAPI under uvicorn
// (reads) and Celery with Redis (empty jobs). Usage: serve_bench [seconds].
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "engine/base/descriptor_limit.hpp"
#include "engine/base/json.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/bench/peers.hpp"
#include "tests/fixtures/hanging_server.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::bench;

namespace {

constexpr std::uint64_t kJobs = 5000;

// Resident memory of a process, in KiB, without what it shares with files.
long resident_kib(pid_t process) {
  std::ifstream status{fmt::format("/proc/{}/status", process)};
  for (std::string line; std::getline(status, line);) {
    if (line.find("VmRSS:") == 0) return std::stol(line.substr(6));
  }
  return 0;
}

std::string request(std::string_view method, std::string_view target, const std::string& token,
                    std::string_view body = {}) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n{}Content-Length: "
      "{}\r\n\r\n{}",
      method, target, token, body.empty() ? "" : "Content-Type: application/json\r\n", body.size(),
      body);
}

void print(std::string_view what, double value, std::string_view unit, std::string_view more = {}) {
  fmt::print("{:<44} {:>10.1f} {} {}\n", what, value, unit, more);
}

void compare(std::string_view what, double ours, std::string_view peer,
             const std::optional<double>& theirs) {
  if (!theirs) return;
  fmt::print("{:<44} {:>10.1f} /s to {:.1f} /s of {}: {:.1f} times\n", what, ours, *theirs, peer,
             ours / *theirs);
}

// A value of the server's /metrics.
double metric(const test::ServerProcess& server, const std::string& token, std::string_view name) {
  Load one{
      server.port(), 1, {}, 1, [&](std::uint64_t) { return request("GET", "/metrics", token); }};
  const auto text = load(one).last_body;
  const auto line = text.find(fmt::format("\n{} ", name));
  if (line == std::string::npos) throw std::runtime_error{fmt::format("no metric {}", name)};
  return std::stod(text.substr(line + name.size() + 2));
}

constexpr const char* kEmptyJob =
    R"({"ops":[{"name":"in","type":"input.catalog","params":{"entity":"jobs","limit":1,"columns":["id"]}},)"
    R"({"name":"out","type":"output.reply","preOps":["in"]}]})";

// Submissions to a queue whose slots are taken, so that nothing is run beside them: one by one, and
// many in a request.
void measure_submissions(const test::ServerProcess& server, const std::string& token,
                         std::chrono::milliseconds time) {
  constexpr std::size_t kInOne = 10'000, kRequests = 10;
  Json jobs = Json::array();
  Json job = Json::parse(kEmptyJob);
  job["queue"] = "slow";
  const auto one = request("POST", "/jobs", token, job.dump());
  const auto alone = load({server.port(), 64, time, 0, [&](std::uint64_t) { return one; }});
  print("submissions, 64 clients, no job runs", alone.per_second(), "/s",
        fmt::format("(p50 {:.1f} ms, p99 {:.1f} ms, refused {})", alone.p50_ms, alone.p99_ms,
                    alone.other));
  for (std::size_t i = 0; i < kInOne; ++i) jobs.push_back(job);
  const auto submit = request("POST", "/jobs", token, jobs.dump());
  const auto done = load({server.port(), 2, {}, kRequests, [&](std::uint64_t) { return submit; }});
  print("submissions, 10,000 jobs in one request", done.per_second() * kInOne, "/s",
        fmt::format("(p50 {:.0f} ms, refused {})", done.p50_ms, done.other));
}

// How soon the server answers while 64 nodes keep a thread each.
void measure_busy(std::chrono::milliseconds time) {
  constexpr int kNodes = 64;
  const test::HangingServer hanging;
  test::TemporaryFolder folder;
  const test::ServerProcess server{
      folder / "data",
      {"--queue", "slow=64", "--waiting-workers", "64", "--waiting-share", "64", "--allow-private",
       "--max-queued", "10000000"}};
  std::string token;
  std::ifstream{folder / "data/token"} >> token;
  for (int i = 0; i < kNodes; ++i) {
    const auto job = Json::parse(fmt::format(
        R"({{"queue":"slow","ops":[{{"name":"in","type":"input.list","postOps":["out"],)"
        R"("params":{{"file":"http://127.0.0.1:{}/{}.jsonlist"}}}},{{"name":"out","type":"output.reply","preOps":["in"]}}]}})",
        hanging.port(), i));
    load({server.port(), 1, {}, 1, [&](std::uint64_t) {
            return request("POST", "/jobs", token, job.dump());
          }});
  }
  for (int tries = 0; metric(server, token, "millrace_jobs_running") < kNodes; ++tries) {
    if (tries > 1'000) throw std::runtime_error{"the jobs do not run"};
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  for (const char* target : {"/readyz", "/jobs/1"}) {
    const auto answers = load(
        {server.port(), 4, time, 0, [&](std::uint64_t) { return request("GET", target, token); }});
    print(fmt::format("GET {}, 64 nodes wait", target), answers.per_second(), "/s",
          fmt::format("(p50 {:.2f} ms, p99 {:.2f} ms, other {})", answers.p50_ms, answers.p99_ms,
                      answers.other));
  }
  measure_submissions(server, token, time);
}

struct Figures {
  double jobs = 0, reads = 0;  // per second
};

Figures measure_server(std::chrono::milliseconds time) {
  test::TemporaryFolder folder;
  const test::ServerProcess server{folder / "data", {"--queue", "held=1"}};
  std::string token;
  std::ifstream{folder / "data/token"} >> token;
  print("idle server", static_cast<double>(resident_kib(server.process())) / 1024, "MiB");

  const std::string submit = request("POST", "/jobs", token, kEmptyJob);
  Load submissions{server.port(), 64, time, 0, [&](std::uint64_t) { return submit; }};
  const auto submitted = load(submissions);
  print("submissions, 64 clients, jobs run", submitted.per_second(), "/s",
        fmt::format("(p50 {:.1f} ms, p99 {:.1f} ms, refused {})", submitted.p50_ms,
                    submitted.p99_ms, submitted.other));

  const auto counts = [&] {
    Load one{server.port(), 1, {}, 1, [&](std::uint64_t) {
               return request("GET", "/jobs?limit=1&state=queued", token);
             }};
    return Json::parse(load(one).last_body)["items"].size();
  };
  while (counts() > 0) std::this_thread::sleep_for(std::chrono::milliseconds{20});

  const double commits = metric(server, token, "millrace_catalog_commits_total");
  const auto begin = std::chrono::steady_clock::now();
  load({server.port(), 64, {}, kJobs, [&](std::uint64_t) { return submit; }});
  while (counts() > 0) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  print("empty jobs end to end", static_cast<double>(kJobs) / took.count(), "/s",
        fmt::format("({:.2f} commits a job)",
                    (metric(server, token, "millrace_catalog_commits_total") - commits) /
                        static_cast<double>(kJobs)));

  const std::string read = request("GET", "/jobs/1", token);
  const auto reads = load({server.port(), 64, time, 0, [&](std::uint64_t) { return read; }});
  print("GET /jobs/1, 64 connections", reads.per_second(), "/s",
        fmt::format("(p50 {:.2f} ms, p99 {:.2f} ms, other {})", reads.p50_ms, reads.p99_ms,
                    reads.other));

  const long before = resident_kib(server.process());
  {
    // The server takes a quarter of its open files as connections, and some are there already.
    const auto count = std::min<std::size_t>(10'000, raise_descriptor_limit() / 4 - 100);
    const IdleConnections idle{server.port(), count, request("GET", "/livez", token)};
    print("idle keep-alive connection",
          static_cast<double>(resident_kib(server.process()) - before) / static_cast<double>(count),
          "KiB", fmt::format("(of {})", count));
  }
  return {static_cast<double>(kJobs) / took.count(), reads.per_second()};
}

}  // namespace

int main(int argc, char** argv) {
  const std::chrono::milliseconds time{argc > 1 ? 1000 * std::stol(argv[1]) : 5000};
  const Figures ours = measure_server(time);
  measure_busy(time);
  compare("reads", ours.reads, "FastAPI", fastapi_reads(kJobRead, Uvicorn::Plain, time));
  compare("reads", ours.reads, "FastAPI on uvloop and httptools",
          fastapi_reads(kJobRead, Uvicorn::Compiled, time));
  compare("empty jobs end to end", ours.jobs, "Celery", celery_jobs(kJobs));
  return 0;
}
