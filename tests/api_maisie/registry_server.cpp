#include "tests/api_maisie/registry_server.hpp"

#include <catch2/catch.hpp>

#include "engine/store/blobs.hpp"

#include <fmt/format.h>

namespace millrace::test {

RegistryServer::RegistryServer(SqlDialect kind, maisie::Settings registry, AllowedNames names,
                               std::vector<std::string> trusted_proxies,
                               std::chrono::milliseconds request_time)
    : place_{kind} {
  {
    const auto catalog = place_.open();
    must(catalog->change({{"entity", "users"},
                          {"action", "insert"},
                          {"set", {{"login", "admin"}, {"password", "admin"}, {"is_admin", true}}}},
                         {.owner = {}, .name = "test"}));
  }
  api::AppSettings settings;
  settings.engine.data = folder_.path() / "data";
  settings.engine.catalog = place_.settings();
  settings.engine.workers = 1;
  settings.engine.plugins = {std::filesystem::path{MR_BINARY_DIR} / "lib/millrace/plugins"};
  settings.share = std::filesystem::path{MR_BINARY_DIR} / "share/millrace";
  settings.port = 0;
  settings.mounts.push_back({"maisie", "127.0.0.1", 0});
  settings.maisie = std::move(registry);
  settings.allowed_origins = std::move(names.origins);
  settings.allowed_hosts = std::move(names.hosts);
  settings.trusted_proxies = std::move(trusted_proxies);
  settings.request_time = request_time;
  auto opened = api::App::open(std::move(settings));
  if (!opened.ok()) FAIL(opened.error().message << " | " << opened.error().detail);
  app_ = *std::move(opened);
  must(app_->start());
  port_ = app_->addresses().at(1).port;
}

RegistryServer::~RegistryServer() = default;

std::string RegistryServer::base() const { return fmt::format("http://127.0.0.1:{}", port_); }

const Json& RegistryServer::Answer::data() const {
  INFO(text);
  REQUIRE(body.is_object());
  REQUIRE(body.contains("data"));
  return body["data"];
}

RegistryServer::Answer RegistryServer::send(std::string_view method, std::string_view target,
                                            const Headers& headers, std::string_view body) {
  auto text = fmt::format("{} {} HTTP/1.1\r\n", method, target);
  bool has_host = false;
  for (const auto& header : headers) {
    text += header + "\r\n";
    has_host = has_host || header.starts_with("Host:");
  }
  if (!has_host) text += fmt::format("Host: 127.0.0.1:{}\r\n", port_);
  if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
  Client client{port_};
  client.send(text + "\r\n" + std::string{body});
  auto reply = client.read_reply(method == "HEAD");
  return {reply.status, reply.body, reply.headers, parse_json(reply.body).value_or(Json{})};
}

std::string RegistryServer::metrics() const {
  Client client{app_->addresses().at(0).port};
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return client.read_reply().body;
}

RegistryServer::Answer RegistryServer::as_user(std::string_view method, std::string_view target,
                                               Headers headers, std::string_view body) {
  headers.push_back(bearer());
  return send(method, target, headers, body);
}

RegistryServer::Answer RegistryServer::form(std::string_view method, std::string_view target,
                                            std::string_view body, Headers headers) {
  headers.emplace_back("Content-Type: application/x-www-form-urlencoded");
  return send(method, target, headers, body);
}

RegistryServer::Answer RegistryServer::json(std::string_view method, std::string_view target,
                                            const Json& body, Headers headers) {
  headers.emplace_back("Content-Type: application/json");
  return send(method, target, headers, body.dump());
}

std::string RegistryServer::sign_in(std::string_view login, std::string_view password) {
  const auto answer =
      form("POST", "/api/v1/auth/login/", fmt::format("login={}&password={}", login, password));
  token_ = answer.data()["access_token"].get<std::string>();
  return token_;
}

RegistryServer::Answer RegistryServer::upload(const std::vector<Field>& fields,
                                              const std::string& file_name,
                                              std::string_view bytes) {
  constexpr std::string_view kBoundary = "----a-boundary-of-the-tests";
  std::string body;
  for (const auto& field : fields)
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
                        kBoundary, field.name, field.value);
  if (!file_name.empty())
    body += fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: "
        "application/octet-stream\r\n\r\n{}\r\n",
        kBoundary, file_name, bytes);
  body += fmt::format("--{}--\r\n", kBoundary);
  return as_user("POST", "/api/v1/models/",
                 {fmt::format("Content-Type: multipart/form-data; boundary={}", kBoundary)}, body);
}

std::size_t RegistryServer::contents() const {
  std::size_t count = 0;
  must(app_->engine().store().blobs()->list([&](const BlobName&) { ++count; }));
  return count;
}

std::string keys(const Json& object) {
  std::string out;
  for (const auto& [key, value] : object.items()) out += (out.empty() ? "" : ",") + key;
  return out;
}

}  // namespace millrace::test
