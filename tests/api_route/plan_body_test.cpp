// What a mount decides about bodies at the end of a head, and where a large one is handled.
#include <thread>

#include "api/http/body_file.hpp"
#include "tests/api_route/place.hpp"

using namespace millrace;
using namespace millrace::test;
using api::Caller;
using api::Refusal;
using http::Method;

namespace {

/// Knows who says "Key: good"; the body has to be "signed", too.
class Keys final : public api::Authenticator {
 public:
  Result<Caller, Refusal> authenticate(const http::Request& request,
                                       std::string_view) const override {
    MR_CHECK(check_head(request));
    asked_by = std::this_thread::get_id();
    if (request.body.find("signed") == std::string::npos)
      return api::refusal(Code::Unauthenticated, {}, "not signed");
    Caller caller;
    caller.name = "somebody";
    return caller;
  }
  Result<void, Refusal> check_head(const http::Request& head) const override {
    if (head.headers.get("Key") == "good") return {};
    return api::refusal(Code::Unauthenticated, {}, "no key");
  }

  mutable std::thread::id asked_by;
};

class Sink final : public http::BodySink {
 public:
  Result<void> write(std::string_view) override { return {}; }
  Result<void> finish() override { return {}; }
};

api::Route route(std::string path, api::Auth auth) {
  api::Route made{
      .method = Method::Post, .path = std::move(path), .name = "echo", .summary = "", .auth = auth};
  made.direct = [](const api::DirectCall& call, const http::Reply& reply) {
    reply(http::Response::text(200, call.caller.name + " sent " + call.request->body));
  };
  return made;
}

std::shared_ptr<http::Request> head(Method method, std::string path, std::string key = {}) {
  auto made = std::make_shared<http::Request>();
  made->method = method;
  made->target = made->path = std::move(path);
  if (!key.empty()) made->headers.add("Key", std::move(key));
  return made;
}

http::Response wait_for(const std::function<void(http::Reply)>& call) {
  std::promise<http::Response> promise;
  auto future = promise.get_future();
  call([&promise](http::Response response) { promise.set_value(std::move(response)); });
  if (future.wait_for(std::chrono::seconds{20}) != std::future_status::ready)
    FAIL("no answer within 20 seconds");
  return future.get();
}

struct Mounted {
  Mounted() {
    REQUIRE(place.look().ok());
    auto closed = route("/closed/{id}", api::Auth::Required);
    auto open = route("/open", api::Auth::Optional);
    open.body_bytes = 16u << 20;
    auto upload = route("/upload", api::Auth::Optional);
    upload.body_sink = [](const http::Request& request,
                          const Caller&) -> std::unique_ptr<http::BodySink> {
      return request.headers.find("Form") ? std::make_unique<Sink>() : nullptr;
    };
    upload.upload_bytes = 64u << 20;
    auto dialect = sample_dialect({closed, open, upload});
    dialect.authenticator = keys;
    auto opened = api::Mount::open(std::move(dialect), *place.surroundings);
    REQUIRE(opened.ok());
    mount = *std::move(opened);
  }

  /// The answer to a request whose body is dropped; empty: it is not.
  std::optional<http::Response> dropped(const std::shared_ptr<http::Request>& request) {
    auto plan = mount->plan_body(*request);
    if (!plan.refusal) return std::nullopt;
    return wait_for([&](http::Reply reply) { plan.refusal(request, std::move(reply)); });
  }

  Place place;
  std::shared_ptr<Keys> keys = std::make_shared<Keys>();
  std::shared_ptr<api::Mount> mount;
};

}  // namespace

TEST_CASE("bodies of unknown paths and of unknown senders are not taken in",
          "[route][mount][body]") {
  Mounted mounted;
  const auto lost = mounted.dropped(head(Method::Post, "/lost", "good"));
  REQUIRE(lost);
  CHECK(lost->status == 404);
  CHECK(lost->headers.back().first == "X-Sample");
  const auto wrong = mounted.dropped(head(Method::Put, "/open"));
  REQUIRE(wrong);
  CHECK(wrong->status == 405);
  const auto stranger = mounted.dropped(head(Method::Post, "/closed/7", "bad"));
  REQUIRE(stranger);
  CHECK(stranger->status == 401);
  CHECK(body_of(*stranger).find("no key") != std::string::npos);
  CHECK_FALSE(mounted.dropped(head(Method::Post, "/closed/7", "good")));
  CHECK_FALSE(mounted.dropped(head(Method::Post, "/open", "bad")));
}

TEST_CASE("a body may be as large as its route says", "[route][mount][body]") {
  Mounted mounted;
  const auto plan = [&](std::string path, bool is_form = false) {
    const auto request = head(Method::Post, std::move(path), "good");
    if (is_form) request->headers.add("Form", "yes");
    auto made = mounted.mount->plan_body(*request);
    return std::pair{made.most_bytes, made.sink != nullptr};
  };
  CHECK(plan("/closed/7") == std::pair{std::size_t{1u << 20}, false});
  CHECK(plan("/open") == std::pair{std::size_t{16u << 20}, false});
  CHECK(plan("/upload", true) == std::pair{std::size_t{64u << 20}, true});
  CHECK(plan("/upload") == std::pair{std::size_t{1u << 20}, false});
}

TEST_CASE("a body in a file is read, and its signature checked, away from the HTTP thread",
          "[route][mount][body]") {
  Mounted mounted;
  const auto send = [&](std::string_view body, std::size_t room) {
    auto request = head(Method::Post, "/closed/7", "good");
    auto file = std::make_shared<http::BodyFile>(mounted.place.folder().path());
    REQUIRE(file->write(body).ok());
    request->body_file = std::move(file);
    request->body_share =
        std::make_shared<http::BodyShare>(std::make_shared<http::BodyBudget>(room));
    return wait_for(
        [&](http::Reply reply) { mounted.mount->handle(std::move(request), std::move(reply)); });
  };
  const auto answer = send("a signed body", 100);
  CHECK(body_of(answer) == "somebody sent a signed body");
  CHECK(mounted.keys->asked_by != std::this_thread::get_id());
  CHECK(send("another body", 100).status == 401);
  const auto busy = send("a signed body", 10);
  CHECK(busy.status == 503);
  CHECK(body_of(busy).starts_with("busy|unavailable"));
  CHECK(std::find(busy.headers.begin(), busy.headers.end(),
                  std::pair<std::string, std::string>{"Retry-After", "1"}) != busy.headers.end());
}
