#include "tests/api_audience/wire.hpp"

#include <catch2/catch.hpp>

#include "api/audience/checks.hpp"
#include "api/audience/endpoints.hpp"
#include "api/audience/refusals.hpp"
#include "api/route/site.hpp"

#include <fmt/format.h>

namespace millrace::test {

namespace {

Result<void, api::Refusal> check(std::string_view name, const api::Values& values,
                                 audience::Profile profile) {
  if (name == "create_task")
    return audience::check_days(values.text("START_TIME"), values.text("END_TIME"));
  if (name == "sample_result") return audience::check_task_id(values.text("task_id"), profile);
  if (name == "abort_task") return audience::check_task_id(values.text("TASK_ID"), profile);
  if (name == "dump_tasks") return audience::check_dump_ids(values);
  return {};
}

api::Route checked(api::Route route, audience::Profile profile) {
  std::vector<std::string> names;
  const auto schema = Json::parse(route.schema);
  for (const auto* place : {"path", "fields"}) {
    if (!schema.contains(place)) continue;
    for (const auto& [name, declared] : schema[place].items()) names.push_back(name);
  }
  route.direct = [name = route.name, names, profile](const api::DirectCall& call,
                                                     const http::Reply& reply) {
    const auto good = check(name, call.values, profile);
    if (!good.ok()) return reply(audience::refuse(good.error(), *call.request));
    Json given = Json::object();
    for (const auto& each : names)
      if (const auto* value = call.values.find(each)) given[each] = *value;
    reply(audience::answer({{name, given}}));
  };
  return route;
}

}  // namespace

Wire::Wire(audience::Settings settings) {
  REQUIRE(place_.look().ok());
  documents_ = std::make_unique<api::Documents>(
      *place_.lane, std::filesystem::path{MR_BINARY_DIR} / "share/millrace");
  auto engine = sample_dialect({});
  engine.name = "engine";
  auto dialect = audience::make_dialect(std::make_shared<const audience::SharedSettings>(settings),
                                        Json::object());
  dialect.routes.clear();
  for (auto& route : audience::endpoints(settings))
    dialect.routes.push_back(checked(std::move(route), settings.profile));
  const auto open = [&](api::Dialect opened) {
    documents_->add_to(opened);
    auto mount = api::Mount::open(std::move(opened), *place_.surroundings);
    if (!mount.ok()) FAIL(mount.error().message);
    return *std::move(mount);
  };
  root_ = open(std::move(engine));
  mount_ = open(std::move(dialect));
  documents_->write(*root_, {mount_}, {});
  server_ = std::make_unique<TestServer>(api::make_site(mount_, {mount_}));
}

Wire::~Wire() = default;

std::string Wire::base() const { return fmt::format("http://127.0.0.1:{}", server_->port); }

const std::string& Wire::Answer::header(const std::string& name) const {
  static const std::string kNone;
  const auto found = headers.find(name);
  return found == headers.end() ? kNone : found->second;
}

Wire::Answer Wire::send(std::string_view method, std::string_view target, std::string_view body,
                        std::string_view headers) const {
  auto text = fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}", method, target,
                          server_->port, headers);
  if (!body.empty()) text += fmt::format("Content-Length: {}\r\n", body.size());
  Client client{server_->port};
  client.send(text + "\r\n");
  client.try_send(body);  // one that is refused by its head is not taken
  auto reply = client.read_reply(method == "HEAD");
  return {reply.status, std::move(reply.body), std::move(reply.headers)};
}

}  // namespace millrace::test
