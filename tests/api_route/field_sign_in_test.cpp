// A dialect that signs in by the field "token": when it is read, and what comes before and after.
#include <atomic>
#include <thread>

#include "api/http/response_head.hpp"
#include "tests/api_route/place.hpp"
#include "tests/api_route/read_parameters.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using api::Auth;
using api::Caller;
using api::Refusal;
using http::Method;

namespace {

constexpr std::string_view kOneJob = R"({
  "ops": [{"name": "jobs", "type": "input.catalog", "postOps": ["reply"],
           "params": {"entity": "jobs", "columns": ["id"], "limit": 1}},
          {"name": "reply", "type": "output.reply", "preOps": ["jobs"]}]})";

constexpr std::string_view kTokenAndSize = R"({"fields": {
  "token": {"type": "string", "mandatory": true},
  "size": {"type": "integer", "mandatory": true}}})";

constexpr std::string_view kTokenAndFile = R"({"fields": {
  "token": {"type": "string"}, "name": {"type": "string", "mandatory": true}},
  "file": {"file": {"mandatory": true}}})";

/// Lets in who says "good".
class Tokens final : public api::Authenticator {
 public:
  In stands_in() const override { return In::Fields; }
  std::string_view field() const override { return "token"; }
  Result<Caller, Refusal> authenticate(const http::Request&,
                                       std::string_view token) const override {
    if (token.empty()) return api::refusal(Code::Unauthenticated, "sign_in", "who are you?");
    if (token != "good") return api::refusal(Code::Unauthenticated, "sign_in", "no such token");
    Caller caller;
    caller.name = "ada";
    return caller;
  }
  Result<void, Refusal> confirm(const Caller&) const override { return found; }
  bool confirms() const override { return true; }

  Result<void, Refusal> found;
};

/// What became of the files of uploads.
struct Files {
  std::vector<std::string> callers;  // of each that was opened; "?": not known by then
  std::size_t bytes = 0;
  std::atomic<int> open = 0;
};

class CountingFile final : public http::FileWriter {
 public:
  explicit CountingFile(Files& files) : files_{files} { ++files_.open; }
  ~CountingFile() override { --files_.open; }
  Result<void> write(std::string_view bytes) override {
    files_.bytes += bytes.size();
    return {};
  }
  Result<void> finish() override { return {}; }

 private:
  Files& files_;
};

api::Route echo_route(std::string path, Auth auth) {
  return {.method = Method::Post,
          .path = std::move(path),
          .name = "list",
          .summary = "",
          .auth = auth,
          .schema = std::string{kTokenAndSize},
          .translate = [](const api::Call& call) -> api::TranslateResult {
            if (call.values.integer("size") > 100)
              return api::refusal(Code::InvalidArgument, "meaning", "too large for us");
            return api::Bound{};
          },
          .reply = [](const api::Answered& answered) -> api::ReplyResult {
            return http::Response::text(
                200, fmt::format("{} {}", answered.caller.name, answered.values.integer("size")));
          }};
}

api::Route upload_route(std::string path, Auth auth, Files& files) {
  api::Route made{.method = Method::Post,
                  .path = std::move(path),
                  .name = "upload",
                  .summary = "",
                  .auth = auth,
                  .schema = std::string{kTokenAndFile}};
  made.direct = [](const api::DirectCall& call, const http::Reply& reply) {
    reply(http::Response::text(
        200, fmt::format("{} {}", call.caller.name, call.request->upload->form()->files().size())));
  };
  made.open_file = [&files](const http::PartHead&,
                            const Caller* caller) -> Result<std::unique_ptr<http::FileWriter>> {
    files.callers.push_back(caller != nullptr ? caller->name : "?");
    return std::unique_ptr<http::FileWriter>{std::make_unique<CountingFile>(files)};
  };
  made.upload_bytes = 1u << 20;
  return made;
}

std::string file(std::string_view bytes) {
  return fmt::format(
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{}\r\n", bytes);
}

struct TokenMount {
  TokenMount() {
    place.write_pipeline("sample/list", kOneJob);
    REQUIRE(place.look().ok());
    auto dialect = sample_dialect(
        {echo_route("/echo", Auth::Required), echo_route("/optional", Auth::Optional),
         echo_route("/open", Auth::Open), upload_route("/upload", Auth::Required, files),
         upload_route("/upload/open", Auth::Open, files)});
    dialect.authenticator = tokens;
    dialect.challenge = "Token";
    auto opened = api::Mount::open(std::move(dialect), *place.surroundings);
    if (!opened.ok()) FAIL(opened.error().message);
    mount = *std::move(opened);
  }

  /// Sends a request as the HTTP server does: the plan of its body first.
  http::Response send(std::string path, http::Request request) {
    request.method = Method::Post;
    request.target = request.path = std::move(path);
    auto whole = std::make_shared<http::Request>(std::move(request));
    auto plan = mount->plan_body(*whole);
    REQUIRE(!plan.refusal);
    if (plan.sink) {
      const auto body = std::exchange(whole->body, {});
      whole->upload = std::move(plan.sink);
      for (std::size_t at = 0; at < body.size(); at += 50) {
        auto written = whole->upload->write(std::string_view{body}.substr(at, 50));
        if (!written.ok()) return refused(*whole, written.error());
      }
      if (auto finished = whole->upload->finish(); !finished.ok())
        return refused(*whole, finished.error());
    }
    std::promise<http::Response> promise;
    auto future = promise.get_future();
    mount->handle(std::move(whole),
                  [&promise](http::Response response) { promise.set_value(std::move(response)); });
    if (future.wait_for(std::chrono::seconds{20}) != std::future_status::ready)
      FAIL("no answer within 20 seconds");
    return future.get();
  }

  // What the server says of a body that its sink does not take.
  http::Response refused(const http::Request& request, const Error& error) const {
    return mount->refuse(
        api::server_refusal(error.code == Code::Unauthenticated ? 401 : 400, error.message),
        request);
  }

  Files files;  // outlives the mount
  Place place;
  std::shared_ptr<Tokens> tokens = std::make_shared<Tokens>();
  std::shared_ptr<api::Mount> mount;
};

}  // namespace

TEST_CASE("a token stands wherever a field may stand", "[route][sign_in]") {
  TokenMount mounted;
  CHECK(body_of(mounted.send("/echo", json_body(R"({"token": "good", "size": 5})"))) == "ada 5");
  CHECK(body_of(mounted.send("/echo", form_body("token=good&size=5"))) == "ada 5");
  CHECK(body_of(mounted.send("/echo", multipart(part("token", "good") + part("size", "5")))) ==
        "ada 5");
  http::Request query;
  query.query = {{"token", "good"}, {"size", "5"}};
  CHECK(body_of(mounted.send("/echo", query)) == "ada 5");
  // The first place counts here too.
  auto both = json_body(R"({"token": "bad", "size": 5})");
  both.query = {{"token", "good"}};
  CHECK(mounted.send("/echo", both).status == 401);
}

TEST_CASE(
    "parameters are there and of their type before a token is looked at, and mean something "
    "after it",
    "[route][sign_in]") {
  TokenMount mounted;
  const auto told = [&](std::string body) {
    const auto answer = mounted.send("/echo", json_body(std::move(body)));
    const auto& text = body_of(answer);
    return fmt::format("{} {}", answer.status, text.substr(0, text.find('|')));
  };
  CHECK(told(R"({"token": "bad"})") == "400 schema");
  CHECK(told(R"({"size": 5})") == "400 schema");
  CHECK(told(R"({"token": "bad", "size": "x"})") == "400 schema");
  CHECK(told(R"({"token": 7, "size": 5})") == "400 schema");
  CHECK(told(R"({"token": )") == "400 json");
  CHECK(told(R"({"token": "bad", "size": 500})") == "401 sign_in");
  CHECK(told(R"({"token": "", "size": 500})") == "401 sign_in");
  CHECK(told(R"({"token": "good", "size": 500})") == "400 meaning");
  mounted.tokens->found = api::refusal(Code::Unauthenticated, "sign_in", "gone");
  CHECK(told(R"({"token": "good", "size": 500})") == "401 sign_in");
  const auto refused = mounted.send("/echo", json_body(R"({"token": "bad", "size": 5})"));
  CHECK(http::header_of(refused, "WWW-Authenticate") == "Token");
}

TEST_CASE("who need not sign in is nobody with a bad token, and an open route looks at none",
          "[route][sign_in]") {
  TokenMount mounted;
  const auto good = R"({"token": "good", "size": 5})", bad = R"({"token": "bad", "size": 5})";
  CHECK(body_of(mounted.send("/optional", json_body(good))) == "ada 5");
  CHECK(body_of(mounted.send("/optional", json_body(bad))) == " 5");
  CHECK(body_of(mounted.send("/open", json_body(good))) == " 5");
  CHECK(body_of(mounted.send("/open", json_body(bad))) == " 5");
}

TEST_CASE("a token in front of a file is looked at before anything of the file is kept",
          "[route][sign_in][upload]") {
  TokenMount mounted;
  const auto name = part("name", "n");
  const std::string bytes(1000, 'x');
  const auto refused =
      mounted.send("/upload", multipart(part("token", "bad") + name + file(bytes)));
  CHECK(refused.status == 401);
  CHECK(body_of(refused).find("no such token") != std::string::npos);
  CHECK(http::header_of(refused, "WWW-Authenticate") == "Token");
  CHECK(mounted.files.callers.empty());
  CHECK(mounted.files.bytes == 0);

  auto by_query = multipart(name + file(bytes));
  by_query.query = {{"token", "bad"}};
  CHECK(mounted.send("/upload", by_query).status == 401);
  CHECK(mounted.files.callers.empty());
  by_query.query = {{"token", "good"}};
  CHECK(body_of(mounted.send("/upload", by_query)) == "ada 1");
  CHECK(body_of(mounted.send("/upload", multipart(part("token", "good") + name + file(bytes)))) ==
        "ada 1");
  CHECK(mounted.files.callers == std::vector<std::string>{"ada", "ada"});
  CHECK(mounted.files.bytes == 2000);
}

TEST_CASE("a token behind a file is looked at when the form is whole", "[route][sign_in][upload]") {
  TokenMount mounted;
  const auto name = part("name", "n");
  CHECK(body_of(mounted.send("/upload", multipart(name + file("abc") + part("token", "good")))) ==
        "ada 1");
  CHECK(mounted.send("/upload", multipart(name + file("abc") + part("token", "bad"))).status ==
        401);
  CHECK(mounted.send("/upload", multipart(name + file("abc"))).status == 401);
  CHECK(mounted.files.callers == std::vector<std::string>{"?", "?", "?"});
  // Presence goes before the token here too.
  CHECK(mounted.send("/upload", multipart(file("abc") + part("token", "bad"))).status == 400);
  CHECK(mounted.send("/upload", multipart(name + part("token", "bad"))).status == 400);
  // Nothing is kept of what was refused: the files go with the requests.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (mounted.files.open != 0 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  CHECK(mounted.files.open == 0);
}

TEST_CASE("an open route takes files whatever the token", "[route][sign_in][upload]") {
  TokenMount mounted;
  const auto name = part("name", "n");
  CHECK(body_of(mounted.send("/upload/open",
                             multipart(part("token", "bad") + name + file("abc")))) == " 1");
  CHECK(body_of(mounted.send("/upload/open", multipart(name + file("abc")))) == " 1");
  CHECK(mounted.files.callers == std::vector<std::string>{"", ""});
}

TEST_CASE("a route that signs in by a field declares it, unless it is open", "[route][sign_in]") {
  Place place;
  place.write_pipeline("sample/list", kOneJob);
  REQUIRE(place.look().ok());
  const auto open = [&](Auth auth) {
    auto route = echo_route("/echo", auth);
    route.schema = R"({"fields": {"size": {"type": "integer"}}})";
    auto dialect = sample_dialect({route});
    dialect.authenticator = std::make_shared<Tokens>();
    return api::Mount::open(std::move(dialect), *place.surroundings);
  };
  const auto refused = open(Auth::Required);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message ==
        "route sample/list: does not declare the field that it signs in by: token");
  CHECK(open(Auth::Open).ok());
}
