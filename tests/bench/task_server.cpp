#include "tests/bench/task_server.hpp"

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "tests/bench/http_load.hpp"

#include <fmt/format.h>

namespace millrace::bench {

namespace {

// Sets what the server process takes over, and returns the options of `millrace serve`.
std::vector<std::string> set_environment(const std::map<std::string, std::string>& variables) {
  for (const auto* other :
       {"API_HOST", "API_PORT", "API_PREFIX", "AUDIENCE_PROFILE", "ENV", "MAX_JOBS", "RULE_FOLDER",
        "SITE_HOSTS", "TIME_INTERVAL_HOURS", "WORKER_QUEUES", "AUTHOR_MEMORY_MB"})
    ::unsetenv(other);
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  return {};
}

}  // namespace

TaskServer::TaskServer(const std::map<std::string, std::string>& variables)
    : server_{folder_ / "data", set_environment(variables)} {}

Json TaskServer::ask(std::string_view method, std::string_view target, std::string_view body) {
  const auto request = fmt::format(
      "{} /audience{} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      method, target, body.size(), body);
  const auto answered = load({server_.port(), 1, {}, 1, [&](std::uint64_t) { return request; }});
  auto answer = parse_json(answered.last_body);
  if (!answer.ok() || !answer->is_object() || answer->value("error_code", 0) != 200) {
    throw std::runtime_error{fmt::format("{} {} was answered with {}", method, target,
                                         answered.last_body.substr(0, 1'000))};
  }
  return answer->at("error_message");
}

std::string TaskServer::create(const Json& task) {
  return ask("POST", "/tasks/", task.dump()).at("task_id").get<std::string>();
}

Json TaskServer::state_of(const std::string& task) {
  auto state = ask("GET", "/tasks/" + task);
  if (!state.at("error_message").is_null() || state.at("stat") == "FAILURE" ||
      state.at("stat") == "BREAK" || state.at("prod_stat") == "no_data")
    throw std::runtime_error{"the task did not end as it should: " + state.dump()};
  return state;
}

}  // namespace millrace::bench
