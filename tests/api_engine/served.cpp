#include "tests/api_engine/served.hpp"

#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

#include "engine/store/uri.hpp"

#include <fmt/format.h>

namespace millrace::test {

Served::Served() {
  std::filesystem::create_directories(root());
  api::AppSettings settings;
  settings.engine.data = data();
  settings.engine.plugins = {std::filesystem::path{MR_BINARY_DIR} / "lib/millrace/plugins"};
  settings.engine.workers = 2;
  settings.engine.control_workers = 4;
  settings.share = std::filesystem::path{MR_BINARY_DIR} / "share/millrace";
  settings.port = 0;
  settings.roots = {root()};
  settings.version = "1.2.3";
  settings.allowed_hosts = {"here"};
  auto opened = api::App::open(std::move(settings));
  if (!opened.ok()) FAIL(opened.error().message);
  app_ = *std::move(opened);
  const auto started = app_->start();
  if (!started.ok()) FAIL(started.error().message);
  std::ifstream file{data() / "token"};
  file >> token_;
}

Served::~Served() { app_->stop(std::chrono::milliseconds{0}); }

std::uint16_t Served::port() const { return app_->addresses().front().port; }

Served::Answer Served::ask(std::string_view method, std::string_view path, std::string_view body,
                           std::string_view headers) {
  return ask_without_token(method, path, body,
                           fmt::format("Authorization: Bearer {}\r\n{}", token_, headers));
}

Served::Answer Served::ask_without_token(std::string_view method, std::string_view path,
                                         std::string_view body, std::string_view headers) {
  Client client{port()};
  client.send(fmt::format("{} {} HTTP/1.1\r\nHost: here:1\r\n{}Content-Length: {}\r\n\r\n{}",
                          method, path, headers, body.size(), body));
  auto reply = client.read_reply(method == "HEAD");
  Answer answer{reply.status, std::move(reply.headers), std::move(reply.body), Json{}};
  answer.body = Json::parse(answer.text, nullptr, false);
  if (answer.body.is_discarded()) answer.body = nullptr;
  return answer;
}

Json Served::copy_pipeline(const std::string& name, int records) const {
  const auto list = root() / (name + ".jsonlist");
  std::ofstream lines{list};
  for (int i = 0; i < records; ++i)
    lines << fmt::format(R"({{"url":"http://h/{}.png","label":{{"class":{{"a":"x"}}}}}})", i)
          << '\n';
  Json pipeline = Json::parse(R"({"name": "copy", "ops": [
    {"name": "in", "type": "input.list", "postOps": ["out"], "params": {}},
    {"name": "out", "type": "output.list", "preOps": ["in"], "params": {}}]})");
  pipeline["ops"][0]["params"]["file"] = file_uri(list);
  pipeline["ops"][1]["params"]["file"] = file_uri(root() / (name + "-out.jsonlist"));
  pipeline["ops"][1]["params"]["prefix"] = file_uri(root() / (name + "-out"));
  return pipeline;
}

std::int64_t Served::submit(const Json& body) {
  const auto answer = ask("POST", "/jobs", body.dump());
  INFO(answer.text);
  REQUIRE(answer.status == 202);
  return answer.body.at("id").get<std::int64_t>();
}

Json Served::wait(std::int64_t job) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  for (;;) {
    const auto answer = ask("GET", fmt::format("/jobs/{}", job));
    REQUIRE(answer.status == 200);
    const auto state = read_job_state(answer.body.at("state").get<std::string>());
    if (state && is_final(*state)) return answer.body;
    if (std::chrono::steady_clock::now() > deadline) FAIL("job did not end: " << answer.text);
    std::this_thread::yield();
  }
}

}  // namespace millrace::test
