#include "tests/bench/peers.hpp"

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/free_port.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/fixtures/child_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

namespace millrace::bench {

namespace {

using Words = std::vector<std::string>;

constexpr auto kPython = "/usr/bin/python3";  // of the distribution, whose packages the peers are
constexpr auto kPeers = MR_SOURCE_DIR "/tests/bench/peers";
constexpr std::chrono::seconds kPatience{60};

// Starts words[0] with variables of its own ("NAME=value"), in the folder of the peers.
Words with_environment(const Words& variables, const Words& words) {
  Words all{"/usr/bin/env", "-C", kPeers, "PYTHONDONTWRITEBYTECODE=1"};
  all.insert(all.end(), variables.begin(), variables.end());
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

// A peer that runs until the end of its scope, then gets the chance to stop its own children.
class Peer {
 public:
  Peer(const test::TemporaryFolder& folder, const Words& variables, const Words& words)
      : child_{with_environment(variables, words), folder / "peer.out", folder / "peer.out"} {}
  ~Peer() {
    child_.signal(SIGTERM);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (child_.is_running() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

 private:
  test::ChildProcess child_;
};

bool succeeds(const test::TemporaryFolder& folder, const Words& variables, const Words& words) {
  test::ChildProcess child{with_environment(variables, words), folder / "checks.out",
                           folder / "checks.out"};
  return child.wait() == 0;
}

bool is_installed(const test::TemporaryFolder& folder, const char* peer, const Words& probe,
                  const char* packages) {
  if (succeeds(folder, {}, probe)) return true;
  fmt::print(stderr, "peer left out: {} is not installed: apt-get install {}\n", peer, packages);
  return false;
}

// Waits until the server gives its first good answer.
void await(const Load& load_of_one) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (true) {
    try {
      if (load(load_of_one).good == 1) return;
    } catch (const std::runtime_error& not_yet) {
      if (std::chrono::steady_clock::now() > deadline) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
}

}  // namespace

std::optional<double> fastapi_reads(const FastApi& app, Uvicorn uvicorn,
                                    std::chrono::milliseconds time) {
  const test::TemporaryFolder folder;
  const bool is_compiled = uvicorn == Uvicorn::Compiled;
  if (!is_installed(folder, "FastAPI under uvicorn",
                    {kPython, "-c", fmt::format("import {}", app.imports)}, app.packages) ||
      (is_compiled &&
       !is_installed(folder, "uvloop with httptools", {kPython, "-c", "import uvloop, httptools"},
                     "python3-uvloop python3-httptools"))) {
    return std::nullopt;
  }
  const std::string database = (folder / "peer.sqlite").string();
  if (!succeeds(folder, {}, {kPython, fmt::format("{}.py", app.module), database}))
    throw std::runtime_error{"the database of the peer could not be made"};
  const auto port = free_port();
  const Peer server{folder,
                    {"PEER_DATABASE=" + database},
                    {kPython, "-m", "uvicorn", "--workers", "2", "--host", "127.0.0.1", "--port",
                     std::to_string(port), "--loop", is_compiled ? "uvloop" : "asyncio", "--http",
                     is_compiled ? "httptools" : "h11", "--log-level", "warning",
                     fmt::format("{}:app", app.module)}};
  const auto request = [&app](std::uint64_t) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", app.path);
  };
  await({port, 1, {}, 1, request});
  load({port, 64, std::chrono::seconds{1}, 0, request});  // both workers are warm
  return load({port, 64, time, 0, request}).per_second();
}

std::optional<double> celery_jobs(std::uint64_t count) {
  const test::TemporaryFolder folder;
  if (!is_installed(folder, "Celery", {kPython, "-c", "import celery, redis"},
                    "python3-celery python3-redis") ||
      !is_installed(folder, "Redis", {"redis-server", "--version"}, "redis-server")) {
    return std::nullopt;
  }
  const auto port = std::to_string(free_port());
  const Words variables{"REDIS_PORT=" + port};
  const Peer redis{folder,
                   {},
                   {"redis-server", "--bind", "127.0.0.1", "--port", port, "--dir",
                    (folder / "").string(), "--save", "", "--appendonly", "no"}};
  const Peer worker{folder,
                    variables,
                    {kPython, "-m", "celery", "-A", "celery_app", "worker", "--concurrency", "2",
                     "--loglevel", "ERROR"}};
  const auto output = folder / "celery.out";
  test::ChildProcess client{
      with_environment(variables, {kPython, "celery_app.py", std::to_string(count)}), output,
      folder / "client.out"};
  const std::string line = client.first_line();
  if (client.wait() != 0 || line.empty()) throw std::runtime_error{"the Celery client failed"};
  return std::stod(line);
}

}  // namespace millrace::bench
