#include "tests/api_route/place.hpp"

using namespace millrace;
using namespace millrace::test;
using api::Answered;
using api::Bound;
using api::Caller;
using api::Lane;
using api::Mount;
using api::Refusal;
using api::ReplyResult;
using api::Route;
using api::TranslateResult;
using http::Method;

namespace {

constexpr std::string_view kList = R"({
  "params": {"limit": {"type": "integer", "minimum": 1, "default": 10}},
  "ops": [{"name": "jobs", "type": "input.catalog", "postOps": ["reply"],
           "params": {"entity": "jobs", "columns": ["id", "name"], "order": ["id"], "limit": {"$param": "limit"}}},
          {"name": "reply", "type": "output.reply", "preOps": ["jobs"]}]})";

constexpr std::string_view kMix =
    R"({"params": {"ops": {"type": "array"}}, "ops": {"$param": "ops"}})";

TranslateResult read_limit(const api::Call& call) {
  const auto& request = call.request;
  if (request.body == "refuse") return api::refusal(Code::PermissionDenied, "no", "not today");
  if (request.body == "throw") throw std::runtime_error{"secret"};
  Bound bound;
  if (!request.body.empty()) bound.parameters = Json{{"limit", std::stoi(request.body)}};
  return bound;
}

ReplyResult count_rows(const Answered& answered) {
  std::int64_t rows = 0;
  for (const auto& [node, batch] : answered.outcome->rows) rows += batch.rows();
  return http::Response::text(200, std::to_string(rows));
}

TranslateResult read_ops(const api::Call& call) {
  const auto& request = call.request;
  MR_TRY(auto body, parse_json(request.body));
  Bound bound;
  bound.parameters = Json{{"ops", std::move(body)}};
  bound.job.external_id = "x-" + std::to_string(request.body.size());
  return bound;
}

ReplyResult show_job(const Answered& answered) {
  return http::Response::text(202, answered.job->dialect + " " + answered.job->external_id);
}

Route list_route() {
  return {.method = Method::Post,
          .path = "/list",
          .name = "list",
          .summary = "",
          .auth = api::Auth::Open,
          .translate = read_limit,
          .reply = count_rows};
}

Route mix_route() {
  return {.method = Method::Post,
          .path = "/mix",
          .name = "mix",
          .summary = "",
          .lane = Lane::Queued,
          .auth = api::Auth::Open,
          .translate = read_ops,
          .reply = show_job};
}

std::string ops(const std::filesystem::path& file) {
  const auto uri = file_uri(file);
  return Json::parse(R"([{"name": "a", "type": "input", "postOps": ["b"], "params": {"file": ")" +
                     uri + R"("}},
    {"name": "b", "type": "output", "preOps": ["a"], "params": {"file": ")" +
                     uri + R"(.out", "prefix": ")" + uri + R"(.d/"}}])")
      .dump();
}

}  // namespace

TEST_CASE("the inline lane runs the route's pipeline and makes the answer of its rows",
          "[route][mount]") {
  Place place;
  place.write_pipeline("sample/list", kList);
  REQUIRE(place.look().ok());
  const auto mount = Mount::open(sample_dialect({list_route()}), *place.surroundings);
  REQUIRE(mount.ok());
  const auto answer = ask(**mount, Method::Post, "/list");
  CHECK(answer.status == 200);
  CHECK(body_of(answer) == "0");
  CHECK(answer.headers.back().first == "X-Sample");

  SECTION("translators refuse in the dialect's words, and an exception stays inside") {
    CHECK(body_of(ask(**mount, Method::Post, "/list", "refuse")) ==
          "no|permission_denied|0|not today");
    const auto thrown = ask(**mount, Method::Post, "/list", "throw");
    CHECK(thrown.status == 500);
    CHECK(body_of(thrown).find("secret") == std::string::npos);
  }
  SECTION("a value that the pipeline does not allow is refused") {
    const auto refused = ask(**mount, Method::Post, "/list", "0");
    CHECK(refused.status == 400);
    CHECK(body_of(refused).find("invalid_argument") != std::string::npos);
  }
  SECTION("unknown paths and methods are refused before anything else") {
    CHECK(body_of(ask(**mount, Method::Post, "/lost")).starts_with("no_route|not_found"));
    const auto wrong = ask(**mount, Method::Get, "/list");
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.back() == std::pair<std::string, std::string>{"X-Sample", "1"});
    CHECK(std::find(wrong.headers.begin(), wrong.headers.end(),
                    std::pair<std::string, std::string>{"Allow", "POST"}) != wrong.headers.end());
  }
  SECTION("requests are counted by route and status") {
    ask(**mount, Method::Get, "/list");
    const auto text = place.metrics.text();
    CHECK(text.find(
              R"(millrace_http_requests_total{dialect="sample",route="list",status="2xx"} 1)") !=
          std::string::npos);
    CHECK(text.find(
              R"(millrace_http_requests_total{dialect="sample",route="none",status="4xx"} 1)") !=
          std::string::npos);
    CHECK(text.find(R"(millrace_http_request_seconds_count{dialect="sample",route="list"} 1)") !=
          std::string::npos);
  }
}

TEST_CASE("the queued lane answers when the job is on disk", "[route][mount]") {
  Place place;
  place.write_pipeline("sample/mix", kMix);
  REQUIRE(place.look().ok());
  const auto mount = Mount::open(sample_dialect({mix_route()}), *place.surroundings);
  REQUIRE(mount.ok());
  const auto list = place.folder() / "roots/a.jsonlist";
  std::filesystem::create_directories(list.parent_path());
  std::ofstream{list} << "{\"url\": \"http://h/a.png\"}\n";

  const auto answer = ask(**mount, Method::Post, "/mix", ops(list));
  INFO(body_of(answer));
  REQUIRE(answer.status == 202);
  CHECK(body_of(answer).starts_with("sample x-"));
  const auto job = place.engine->job_store().get("sample", body_of(answer).substr(7));
  REQUIRE(job.ok());
  CHECK(job->state == JobState::Queued);
  CHECK((*job->pipeline)["ops"].size() == 2);

  SECTION("an exception of the reply stays inside") {
    auto route = mix_route();
    route.reply = [](const Answered&) -> ReplyResult { throw std::runtime_error{"secret"}; };
    const auto throwing = Mount::open(sample_dialect({std::move(route)}), *place.surroundings);
    REQUIRE(throwing.ok());
    const auto thrown = ask(**throwing, Method::Post, "/mix", ops(list) + " ");  // its id is new
    CHECK(thrown.status == 500);
    CHECK(body_of(thrown).find("secret") == std::string::npos);
  }
  SECTION("an invalid pipeline is refused with all its faults") {
    const auto refused = ask(**mount, Method::Post, "/mix",
                             R"([{"name": "a", "type": "inptu", "postOps": ["c"], "params": {}},
                                 {"name": "a", "type": "output", "params": {"fiel": "x"}}])");
    CHECK(refused.status == 400);
    CHECK(std::stoi(body_of(refused).substr(body_of(refused).find("argument|") + 9)) >= 3);
  }
  SECTION("files beyond the roots are refused, whatever the caller's rights") {
    const auto refused = ask(**mount, Method::Post, "/mix", ops("/etc/passwd"));
    CHECK(refused.status == 400);
    CHECK(body_of(refused).find("|0|") == std::string::npos);
  }
}

TEST_CASE("a dialect opens files only where it says so", "[route][mount]") {
  Place place;
  place.write_pipeline("sample/mix", kMix);
  REQUIRE(place.look().ok());
  auto dialect = sample_dialect({mix_route()});
  dialect.opens_files = false;
  const auto mount = Mount::open(std::move(dialect), *place.surroundings);
  REQUIRE(mount.ok());
  const auto list = place.folder() / "roots/a.jsonlist";
  std::filesystem::create_directories(list.parent_path());
  std::ofstream{list} << "{\"url\": \"http://h/a.png\"}\n";
  CHECK(ask(**mount, Method::Post, "/mix", ops(list)).status == 400);
}

TEST_CASE("a mount does not open when a pipeline is missing or wrong, and names the file",
          "[route][mount]") {
  Place place;
  const auto message = [&](std::string_view text) {
    place.write_pipeline("sample/list", text);
    auto looked = place.look();
    if (!looked.ok()) return looked.error().message;
    const auto mount = Mount::open(sample_dialect({list_route()}), *place.surroundings);
    return mount.ok() ? std::string{} : mount.error().message;
  };
  REQUIRE(place.look().ok());
  const auto missing = Mount::open(sample_dialect({list_route()}), *place.surroundings);
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().message.find("pipelines/sample/list.json") != std::string::npos);
  CHECK(message("{\"ops\": [}").find("sample/list.json") != std::string::npos);
  CHECK(message("[]").find("sample/list.json") != std::string::npos);
  CHECK(message(R"({"ops": [{"name": "a", "type": "input.catalogg", "params": {}}]})")
            .find("sample/list.json") != std::string::npos);
  CHECK(message(kList).empty());
}

TEST_CASE("a queued route's pipeline is checked at start as far as it can be", "[route][mount]") {
  Place place;
  place.write_pipeline("sample/mix",
                       R"({"params": {"ops": {"type": "array"}}, "ops": {"$param": "opps"}})");
  REQUIRE(place.look().ok());
  const auto mount = Mount::open(sample_dialect({mix_route()}), *place.surroundings);
  REQUIRE_FALSE(mount.ok());
  CHECK(mount.error().message.find("opps") != std::string::npos);
}

TEST_CASE("a route with a wrong schema, and two routes of one path, do not open",
          "[route][mount]") {
  Place place;
  place.write_pipeline("sample/list", kList);
  REQUIRE(place.look().ok());
  auto route = list_route();
  route.schema = R"({"query": {"a": {"type": "text"}}})";
  CHECK_FALSE(Mount::open(sample_dialect({route}), *place.surroundings).ok());
  CHECK(
      Mount::open(sample_dialect({list_route(), list_route()}), *place.surroundings).error().code ==
      Code::Conflict);
}

TEST_CASE("parameters are read before the translator is called", "[route][mount]") {
  Place place;
  place.write_pipeline("sample/list", kList);
  REQUIRE(place.look().ok());
  auto route = list_route();
  route.schema = R"({"query": {"token": {"type": "string", "mandatory": true}}})";
  const auto strict = Mount::open(sample_dialect({route}), *place.surroundings);
  REQUIRE(strict.ok());
  CHECK(body_of(ask(**strict, Method::Post, "/list")).starts_with("schema|invalid_argument|1|"));
}

TEST_CASE("sign-in comes before the schema, and only where the route asks for it",
          "[route][mount]") {
  class Deny final : public api::Authenticator {
   public:
    Result<Caller, Refusal> authenticate(const http::Request&, std::string_view) const override {
      return api::refusal(Code::Unauthenticated, {}, "who are you?");
    }
  };
  Place place;
  place.write_pipeline("sample/list", kList);
  REQUIRE(place.look().ok());
  auto closed = list_route();
  closed.auth = api::Auth::Required;
  closed.schema = R"({"query": {"token": {"type": "string", "mandatory": true}}})";
  auto open = list_route();
  open.path = "/open";
  auto dialect = sample_dialect({closed, open});
  dialect.authenticator = std::make_shared<Deny>();
  const auto mount = Mount::open(std::move(dialect), *place.surroundings);
  REQUIRE(mount.ok());
  CHECK(ask(**mount, Method::Post, "/list").status == 401);
  CHECK(ask(**mount, Method::Post, "/open").status == 200);
}

TEST_CASE("who is no longer there is refused, or nobody where no sign-in is needed",
          "[route][mount]") {
  class Lookup final : public api::Authenticator {
   public:
    Result<Caller, Refusal> authenticate(const http::Request&, std::string_view) const override {
      Caller caller;
      caller.name = "user 7";
      return caller;
    }
    Caller anonymous() const override {
      Caller caller;
      caller.name = "nobody";
      return caller;
    }
    Result<void, Refusal> confirm(const Caller& caller) const override {
      asked = caller.name;
      return found;
    }
    bool confirms() const override { return true; }

    mutable std::string asked;
    Result<void, Refusal> found;
  };
  Place place;
  place.write_pipeline("sample/list", kList);
  REQUIRE(place.look().ok());
  const auto route = [](std::string_view path, api::Auth auth, bool is_direct) {
    auto made = list_route();
    made.path = path;
    made.auth = auth;
    made.reply = [](const Answered& answered) -> ReplyResult {
      return http::Response::text(200, answered.caller.name);
    };
    if (is_direct) {
      made.direct = [](const api::DirectCall& call, const http::Reply& reply) {
        reply(http::Response::text(200, call.caller.name));
      };
    }
    return made;
  };
  auto dialect = sample_dialect(
      {route("/closed", api::Auth::Required, false), route("/optional", api::Auth::Optional, false),
       route("/open", api::Auth::Open, false), route("/closed/direct", api::Auth::Required, true),
       route("/optional/direct", api::Auth::Optional, true)});
  const auto lookup = std::make_shared<Lookup>();
  dialect.authenticator = lookup;
  const auto mount = Mount::open(std::move(dialect), *place.surroundings);
  REQUIRE(mount.ok());
  for (const char* path : {"/closed", "/optional", "/closed/direct", "/optional/direct"}) {
    INFO(path);
    lookup->asked.clear();
    CHECK(body_of(ask(**mount, Method::Post, path)) == "user 7");
    CHECK(lookup->asked == "user 7");
  }
  lookup->found = api::refusal(Code::Unauthenticated, {}, "gone");
  CHECK(ask(**mount, Method::Post, "/closed").status == 401);
  CHECK(ask(**mount, Method::Post, "/closed/direct").status == 401);
  CHECK(body_of(ask(**mount, Method::Post, "/optional")) == "nobody");
  CHECK(body_of(ask(**mount, Method::Post, "/optional/direct")) == "nobody");
  CHECK(ask(**mount, Method::Post, "/open").status == 200);
  // What could not be looked up is not taken for an answer.
  lookup->found = api::refusal(Code::Unavailable, {}, "no database");
  CHECK(ask(**mount, Method::Post, "/closed").status == 503);
  CHECK(ask(**mount, Method::Post, "/optional").status == 503);
}

TEST_CASE("more requests than there is room for are refused at once", "[route][mount]") {
  Place place;
  place.write_pipeline("sample/list", kList);
  REQUIRE(place.look(0).ok());
  const auto mount = Mount::open(sample_dialect({list_route()}), *place.surroundings);
  REQUIRE(mount.ok());
  const auto refused = ask(**mount, Method::Post, "/list");
  CHECK(refused.status == 503);
  CHECK(body_of(refused).starts_with("busy|unavailable"));
  CHECK(std::count(refused.headers.begin(), refused.headers.end(),
                   std::pair<std::string, std::string>{"Retry-After", "1"}) == 1);
}
