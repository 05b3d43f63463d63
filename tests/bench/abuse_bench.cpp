// What everybody else feels while 16 connections send what costs a server most: bodies of very many
// members, logins of very many values, bodies that trickle, large bodies for nobody, without a
// token or with a bad one. Usage: abuse_bench [seconds].
#include <chrono>
#include <exception>
#include <fstream>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/private_files.hpp"
#include "engine/catalog/catalog.hpp"
#include "tests/bench/abusers.hpp"
#include "tests/bench/http_load.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::bench;

namespace {

constexpr std::size_t kMiB = 1024 * 1024;
constexpr std::string_view kMaisie = "/maisie/api/v1/";

std::string head(std::string_view method, std::string_view target, std::string_view type,
                 std::size_t size, std::string_view more = {}) {
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n",
      method, target, type, size, more);
}

Abuse json(std::string name, std::string_view method, std::string_view target, std::string body,
           std::string_view more = {}) {
  auto first = head(method, target, "application/json", body.size(), more);
  return {std::move(name), std::move(first), std::move(body)};
}

// {"key0": 0, "key1": 0, ...}
std::string object_of(std::size_t members) {
  std::string text{"{"};
  for (std::size_t i = 0; i < members; ++i)
    fmt::format_to(std::back_inserter(text), "{}\"key{}\":0", i == 0 ? "" : ",", i);
  return text + "}";
}

// [{},{},...]
std::string list_of_empty(std::size_t bytes) {
  std::string text{"[{}"};
  while (text.size() + 4 < bytes) text += ",{}";
  return text + "]";
}

std::vector<Abuse> abuses() {
  const auto at = [](std::string_view target) { return fmt::format("{}{}", kMaisie, target); };
  const auto members = object_of(120'000);
  const auto login = list_of_empty(15 * kMiB);
  std::vector<Abuse> all;
  for (int i = 0; i < 4; ++i)
    all.push_back(json("120,000 members, no token", "PUT", at("projects/999/"), members));
  for (int i = 0; i < 4; ++i)
    all.push_back(json("login of 15 MB", "POST", at("auth/login/"), login));
  for (int i = 0; i < 2; ++i) {
    all.push_back({.name = "a byte a minute",
                   .head = head("POST", at("auth/login/"), "application/json", kMiB),
                   .body = std::string(kMiB, ' '),
                   .trickles = true});
  }
  for (int i = 0; i < 2; ++i)
    all.push_back(json("64 MB for a path that is not there", "POST", "/nowhere",
                       std::string(64 * kMiB, ' ')));
  all.push_back(json("pipelines of 16 MB, bad token", "POST", "/jobs", std::string(16 * kMiB, ' '),
                     "Authorization: Bearer none\r\n"));
  all.push_back(json("64 levels and more", "POST", at("workspaces/"), std::string(900'000, '[')));
  all.push_back({.name = "a ticket of nobody",
                 .head = "GET /maisie/storage/download/1/?ticket=" + std::string(4'000, 'x') +
                         " HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 .body = {}});
  std::string ids = "1";
  for (int i = 2; i < 10'000; ++i) ids += fmt::format(",{}", i);
  all.push_back(
      {.name = "10,000 models side by side",
       .head = fmt::format("GET {}models/compare/?ids={} HTTP/1.1\r\nHost: localhost\r\n\r\n",
                           kMaisie, ids),
       .body = {}});
  return all;
}

// A line of /proc/PID/status, in MiB.
double memory_mib(pid_t process, std::string_view name) {
  std::ifstream status{fmt::format("/proc/{}/status", process)};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name)) return std::stod(line.substr(name.size())) / 1024;
  }
  throw std::runtime_error{fmt::format("no line {}", name)};
}

void fill(const std::filesystem::path& data) {
  const auto must = [](const auto& done) {
    if (!done.ok()) throw std::runtime_error{done.error().message};
  };
  must(make_private_folder(data));
  DatabaseSettings database;
  database.address = "sqlite:" + (data / "catalog.sqlite").string();
  const auto catalog = Catalog::open(database, system_clock());
  must(catalog);
  const auto insert = [&](std::string_view entity, const Json& set) {
    must((*catalog)->change({{"entity", entity}, {"action", "insert"}, {"set", set}},
                            {.owner = {}, .name = "bench"}));
  };
  insert("users", {{"login", "bench"}, {"password", "bench"}, {"is_admin", true}});
  insert("workspaces", {{"name", "w"}});
  insert("projects", {{"name", "p"}, {"workspace_id", 1}});
  for (int i = 0; i < 100; ++i)
    insert("models", {{"name", fmt::format("model {}", i)},
                      {"user_id", 1},
                      {"project_id", 1},
                      {"metrics", {{"acc", 0.5}, {"loss", i}}}});
}

std::string login() {
  constexpr std::string_view kForm = "login=bench&password=bench";
  return head("POST", "/maisie/api/v1/auth/login/", "application/x-www-form-urlencoded",
              kForm.size()) +
         std::string{kForm};
}

void print(std::string_view when, std::string_view what, const Answered& answered) {
  fmt::print("{:<9} {:<28} {:>9.1f} /s  p50 {:>7.1f} ms  p99 {:>7.1f} ms  other {}\n", when, what,
             answered.per_second(), answered.p50_ms, answered.p99_ms, answered.other);
}

// Reads, requests with a token and logins beside each other, as they come to a server.
void measure(std::string_view when, std::uint16_t port, const std::string& token,
             std::chrono::milliseconds time) {
  const auto get = [](std::string_view target, std::string_view more = {}) {
    return fmt::format("GET /maisie/api/v1/{} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, more);
  };
  const auto begin = [&](std::size_t connections, std::string request) {
    return std::async(std::launch::async, [=, request = std::move(request)] {
      return load({port, connections, time, 0, [&](std::uint64_t) { return request; }});
    });
  };
  auto reads = begin(4, get("projects/1/"));
  auto known = begin(4, get("models/?page=2", fmt::format("Authorization: Bearer {}\r\n", token)));
  auto logins = begin(2, login());
  print(when, "reads", reads.get());
  print(when, "requests with a token", known.get());
  print(when, "logins with a password", logins.get());
}

void run(std::chrono::milliseconds time) {
  const test::TemporaryFolder folder;
  fill(folder / "data");
  const test::ServerProcess server{folder / "data"};
  const auto signed_in =
      load({server.port(), 1, {}, 1, [](std::uint64_t) { return login(); }}).last_body;
  const auto token = Json::parse(signed_in)["data"]["access_token"].get<std::string>();
  measure("quiet", server.port(), token, time);
  fmt::print("{:<9} {:<28} {:>9.1f} MiB\n", "quiet", "memory at its peak",
             memory_mib(server.process(), "VmHWM:"));
  {
    const Abusers abusers{server.port(), abuses()};
    measure("attacked", server.port(), token, time);
    fmt::print("{:<9} {:<28} {:>9.1f} MiB\n", "attacked", "memory at its peak",
               memory_mib(server.process(), "VmHWM:"));
    for (const auto& [abuse, count] : abusers.counts()) {
      fmt::print("  {:<36} refused {:>7}  answered {:>3}  cut {:>5}\n", abuse.name,
                 count.refused.load(), count.answered.load(), count.cut.load());
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(std::chrono::milliseconds{argc > 1 ? 1000 * std::stol(argv[1]) : 40'000});
    return 0;
  } catch (const std::exception& failure) {
    fmt::print(stderr, "abuse_bench: {}\n", failure.what());
    return 1;
  }
}
