#include "tests/api_audience/audience_server.hpp"

#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/api_http/client.hpp"

#include <fmt/format.h>

namespace millrace::test {

namespace {

AudienceServer::Answer ask(std::uint16_t port, std::string_view method, std::string_view target,
                           std::string_view body, std::string_view headers) {
  auto text =
      fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}", method, target, port, headers);
  if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
  Client client{port};
  client.send(text + "\r\n");
  client.try_send(body);  // one that is refused by its head is not taken
  auto reply = client.read_reply(method == "HEAD");
  auto parsed = parse_json(reply.body).value_or(Json{});
  return {reply.status, std::move(reply.body), std::move(reply.headers), std::move(parsed)};
}

sql::Value value_of(const Json& given) {
  if (given.is_null()) return nullptr;
  if (given.is_number_integer()) return given.get<std::int64_t>();
  if (given.is_number()) return given.get<double>();
  return given.get<std::string>();
}

Json json_of(const sql::Value& value) {
  return std::visit([](const auto& held) { return Json(held); }, value);
}

}  // namespace

AudienceServer::AudienceServer(audience::Profile profile, const Environment& more)
    : input_at_{MariaDb::shared().fresh_schema()},
      output_at_{MariaDb::shared().fresh_schema()},
      input_{sql::connect(input_at_)},
      output_{sql::connect(output_at_)} {
  const auto port = std::to_string(output_at_.address.port);
  variables_ = {{"AUDIENCE_PROFILE", profile == audience::Profile::Reference ? "ref" : "doc"},
                {"INPUT_HOST", input_at_.address.host},
                {"INPUT_PORT", port},
                {"INPUT_USER", input_at_.address.user},
                {"INPUT_PASSWORD", input_at_.password},
                {"INPUT_SCHEMA", input_at_.address.schema},
                {"OUTPUT_HOST", output_at_.address.host},
                {"OUTPUT_PORT", port},
                {"OUTPUT_USER", output_at_.address.user},
                {"OUTPUT_PASSWORD", output_at_.password},
                {"OUTPUT_SCHEMA", output_at_.address.schema},
                {"MODEL_PATH_FIELD_DIRECTORY", (folder_ / "model_files").string()}};
  for (const auto& [name, value] : more) variables_.insert_or_assign(name, value);
  open();
}

AudienceServer::~AudienceServer() = default;

void AudienceServer::open() {
  api::AppSettings settings;
  settings.engine.data = data();
  settings.engine.workers = 2;
  settings.engine.plugins = {std::filesystem::path{MR_BINARY_DIR} / "lib/millrace/plugins"};
  settings.share = std::filesystem::path{MR_BINARY_DIR} / "share/millrace";
  settings.port = 0;
  settings.mounts.push_back({"audience", "127.0.0.1", 0});
  settings.environment = variables_;
  auto opened = api::App::open(std::move(settings));
  if (!opened.ok()) FAIL(opened.error().message << " | " << opened.error().detail);
  app_ = *std::move(opened);
  if (auto started = app_->start(); !started.ok()) FAIL(started.error().message);
}

void AudienceServer::restart(const Environment& more) {
  app_.reset();
  for (const auto& [name, value] : more) variables_.insert_or_assign(name, value);
  open();
}

const std::string& AudienceServer::Answer::header(const std::string& name) const {
  static const std::string kNone;
  const auto found = headers.find(name);
  return found == headers.end() ? kNone : found->second;
}

AudienceServer::Answer AudienceServer::send(std::string_view method, std::string_view target,
                                            std::string_view body, std::string_view headers) const {
  return ask(port(), method, target, body, headers);
}

AudienceServer::Answer AudienceServer::post(std::string_view target, const Json& body) const {
  return send("POST", target, body.dump(), "Content-Type: application/json\r\n");
}

AudienceServer::Answer AudienceServer::remove(std::string_view target, const Json& body) const {
  return send("DELETE", target, body.dump(), "Content-Type: application/json\r\n");
}

std::string AudienceServer::base() const { return fmt::format("http://127.0.0.1:{}", port()); }

std::string AudienceServer::metrics() const {
  return ask(main_port(), "GET", "/metrics", {}, {}).text;
}

Json AudienceServer::wait_for(const std::string& task,
                              const std::function<bool(const Json&)>& is_wanted,
                              std::chrono::seconds patience) const {
  const auto until = std::chrono::steady_clock::now() + patience;
  while (true) {
    auto state = get("/tasks/" + task).body.value("error_message", Json{});
    if (state.is_object() && is_wanted(state)) return state;
    if (std::chrono::steady_clock::now() >= until) {
      FAIL("the task is not as wanted: " << state.dump());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
}

std::string AudienceServer::another_schema() {
  return MariaDb::shared().fresh_schema().address.schema;
}

void AudienceServer::make_state_table() {
  output().run(R"(CREATE TABLE state (
    task_id VARCHAR(32) PRIMARY KEY, stat VARCHAR(32) NOT NULL, prod_stat VARCHAR(10),
    model_type VARCHAR(32) NOT NULL, predict_type VARCHAR(32) NOT NULL, date_range LONGTEXT NOT NULL,
    target_schema VARCHAR(32) NOT NULL, create_time DATETIME NOT NULL, peak_memory FLOAT,
    length_receive_table INT, length_output_table INT, length_prod_table VARCHAR(100), result TEXT,
    uniq_source_author VARCHAR(100), rate_of_label VARCHAR(100), run_time FLOAT, check_point DATETIME,
    error_message LONGTEXT) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin)");
}

void AudienceServer::make_model_tables() {
  constexpr std::string_view kTable = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
  constexpr std::string_view kTask =
      "task_id VARCHAR(32) NOT NULL, "
      "FOREIGN KEY (task_id) REFERENCES model_status (task_id) ON DELETE CASCADE";
  output().run(fmt::format(R"(CREATE TABLE model_status (
    task_id VARCHAR(32) PRIMARY KEY, model_name VARCHAR(100), training_status VARCHAR(32),
    ext_status VARCHAR(32), feature VARCHAR(32) NOT NULL, model_path VARCHAR(100),
    error_message LONGTEXT, create_time DATETIME NOT NULL, job_id INT) {})",
                           kTable));
  output().run(fmt::format(R"(CREATE TABLE model_report (
    id INT AUTO_INCREMENT PRIMARY KEY, dataset_type VARCHAR(10), accuracy DOUBLE NOT NULL,
    report LONGTEXT NOT NULL, create_time DATETIME NOT NULL, {}) {})",
                           kTask, kTable));
  output().run(fmt::format(R"(CREATE TABLE term_weights (
    id INT AUTO_INCREMENT PRIMARY KEY, label VARCHAR(100) NOT NULL, term VARCHAR(20) NOT NULL,
    weight DOUBLE NOT NULL, {}) {})",
                           kTask, kTable));
}

void AudienceServer::make_result_table(const std::string& name) {
  output().run(fmt::format(R"(CREATE TABLE {} (
    id VARCHAR(32) NOT NULL, task_id VARCHAR(32) NOT NULL, source_author TEXT NOT NULL,
    panel VARCHAR(200) NOT NULL, create_time DATETIME NOT NULL, field_content TEXT NOT NULL,
    match_content LONGTEXT NOT NULL, INDEX (task_id, create_time))
    ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin)",
                           output().quote(name)));
}

void AudienceServer::insert(const std::string& table, const Json& row) {
  std::string columns, marks;
  std::vector<sql::Value> values;
  for (const auto& [name, value] : row.items()) {
    columns += (columns.empty() ? "" : ", ") + output().quote(name);
    marks += marks.empty() ? "?" : ", ?";
    values.push_back(value_of(value));
  }
  output().execute(
      fmt::format("INSERT INTO {} ({}) VALUES ({})", output().quote(table), columns, marks),
      values);
}

Json AudienceServer::rows(std::string_view query) {
  Json found = Json::array();
  for (const auto& row : output().query(query).rows) {
    Json values = Json::array();
    for (const auto& value : row) values.push_back(json_of(value));
    found.push_back(std::move(values));
  }
  return found;
}

std::string names(const Json& object) {
  std::string text;
  for (const auto& [name, value] : object.items()) text += (text.empty() ? "" : ",") + name;
  return text;
}

}  // namespace millrace::test
