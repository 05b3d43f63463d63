// Requests whose answers wait for the end of a job. Jobs wait in the queue until a test starts the
// engine.
#include <algorithm>
#include <atomic>
#include <thread>

#include "api/http/response_head.hpp"
#include "api/route/site.hpp"
#include "tests/api_http/client.hpp"
#include "tests/api_route/place.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

using namespace millrace;
using namespace millrace::test;
using namespace std::chrono_literals;
using api::Answered;
using api::Bound;
using api::Mount;
using api::ReplyResult;
using api::Route;
using api::TranslateResult;
using http::Method;

namespace {

constexpr std::string_view kCopy = R"({
  "params": {"from": {"type": "string"}, "to": {"type": "string"}},
  "ops": [{"name": "in", "type": "input.list", "postOps": ["out"], "params": {"file": {"$param": "from"}}},
          {"name": "out", "type": "output.list", "preOps": ["in"],
           "params": {"file": {"$param": "to"}, "prefix": {"$param": "to"}}}]})";

/// A mount with a route "/copy/{list}", whose job copies a list below the roots, and its HTTP
/// server.
class Copies {
 public:
  explicit Copies(std::function<void(Route&)> change = {}, std::size_t room = 100) {
    std::filesystem::create_directories(root());
    std::ofstream{root() / "good"} << R"({"url": "http://h/a.png"})" << '\n';
    place.write_pipeline("sample/copy", kCopy);
    REQUIRE(place.look(room).ok());
    Route route{.method = Method::Post,
                .path = "/copy/{list}",
                .name = "copy",
                .summary = "",
                .lane = api::Lane::Awaited,
                .auth = api::Auth::Open,
                .schema = R"({"path": {"list": {"type": "string"}}})"};
    route.translate = [this](const api::Call& call) -> TranslateResult {
      Bound bound;
      const std::string list{call.values.text("list")};
      bound.parameters = Json{{"from", file_uri(root() / list)},
                              {"to", file_uri(root() / fmt::format("out-{}-{}", list, ++copies_))}};
      bound.job.idempotency_key = std::string{call.request.headers.get("Key")};
      return bound;
    };
    route.reply = [](const Answered& answered) -> ReplyResult {
      return http::Response::text(
          200, fmt::format("{} {} {}", answered.job->id.value, to_string(answered.job->state),
                           answered.is_existing ? "known" : "new"));
    };
    if (change) change(route);
    auto opened = Mount::open(sample_dialect({std::move(route)}), *place.surroundings);
    if (!opened.ok()) FAIL(opened.error().message);
    mount = *std::move(opened);
  }

  ~Copies() {
    place.awaited->close();
    place.lane->close();
  }

  [[nodiscard]] std::filesystem::path root() const { return place.folder() / "roots"; }

  std::future<http::Response> ask(std::string list, std::string key = {}) {
    auto request = std::make_shared<http::Request>();
    request->method = Method::Post;
    request->target = request->path = "/copy/" + std::move(list);
    if (!key.empty()) request->headers.add("Key", std::move(key));
    const auto promise = std::make_shared<std::promise<http::Response>>();
    mount->handle(request,
                  [promise](http::Response response) { promise->set_value(std::move(response)); });
    departure = request->departure;
    return promise->get_future();
  }

  bool wait_for(std::size_t waiting) {
    return eventually([&] { return place.awaited->waiting() == waiting; });
  }
  [[nodiscard]] std::vector<Job> jobs() { return *place.engine->job_store().list({.limit = 2000}); }
  bool wait_for(JobState state) {
    return eventually([&] { return jobs().front().state == state; });
  }
  void start() { REQUIRE(place.engine->start().ok()); }

  Place place;
  std::shared_ptr<Mount> mount;
  std::shared_ptr<http::Departure> departure;  // of the request asked last

 private:
  std::atomic<int> copies_{0};
};

http::Response answer_of(std::future<http::Response>& future) {
  if (future.wait_for(20s) != std::future_status::ready) FAIL("no answer within 20 seconds");
  return future.get();
}

bool is_ready(const std::future<http::Response>& future) {
  return future.wait_for(0s) == std::future_status::ready;
}

std::size_t threads() {
  const std::filesystem::directory_iterator tasks{"/proc/self/task"};
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

void allow_open_files(rlim_t count) {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(count, limit.rlim_max));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

std::string post(std::string_view path) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", path);
}

}  // namespace

TEST_CASE("an awaited route answers when its job has ended, with its row", "[route][awaited]") {
  Copies copies;
  auto answer = copies.ask("good");
  REQUIRE(copies.wait_for(1));
  CHECK(copies.jobs().size() == 1);
  CHECK_FALSE(is_ready(answer));
  copies.start();
  const auto given = answer_of(answer);
  CHECK(given.status == 200);
  CHECK(body_of(given) == fmt::format("{} finished new", copies.jobs().front().id.value));
  CHECK(copies.wait_for(std::size_t{0}));
}

TEST_CASE("a job that fails is refused with its error, without names of nodes",
          "[route][awaited]") {
  Copies copies;
  auto answer = copies.ask("missing");
  copies.start();
  const auto refused = answer_of(answer);
  INFO(body_of(refused));
  CHECK(refused.status == 404);
  CHECK(body_of(refused).starts_with("|not_found|0|"));
  CHECK(body_of(refused).find("in: ") == std::string::npos);
  CHECK(copies.jobs().front().state == JobState::Failed);
}

TEST_CASE("a route words the failure of its awaited job", "[route][awaited]") {
  Copies copies{[](Route& route) {
    route.translate = [read = std::move(route.translate)](const api::Call& call) {
      auto bound = read(call);
      bound->refuse = [](const Error&) {
        return api::refusal(Code::NotFound, "no_list", "which?");
      };
      return bound;
    };
  }};
  auto answer = copies.ask("missing");
  copies.start();
  CHECK(body_of(answer_of(answer)) == "no_list|not_found|0|which?");
}

TEST_CASE("a job that somebody aborts is told as aborted", "[route][awaited]") {
  Copies copies;
  auto answer = copies.ask("good");
  REQUIRE(copies.wait_for(1));
  REQUIRE(copies.place.engine->jobs().abort(copies.jobs().front().id, StopReason::User).ok());
  const auto refused = answer_of(answer);
  CHECK(refused.status == 409);
  CHECK(body_of(refused).starts_with("aborted|cancelled|0|"));
}

TEST_CASE("a pipeline that is not valid is refused before there is a job", "[route][awaited]") {
  Copies copies{[](Route& route) {
    route.translate = [](const api::Call&) -> TranslateResult { return Bound{}; };
  }};
  auto answer = copies.ask("good");
  CHECK(answer_of(answer).status == 400);
  CHECK(copies.jobs().empty());
  CHECK(copies.place.awaited->waiting() == 0);
}

TEST_CASE("an answer that waits for too long is 504, and its job is stopped or goes on",
          "[route][awaited]") {
  const bool stops = GENERATE(true, false);
  Copies copies{[&](Route& route) {
    route.time = 20ms;
    route.stops_with_client = stops;
  }};
  auto answer = copies.ask("good");
  const auto refused = answer_of(answer);
  CHECK(refused.status == 504);
  CHECK(
      body_of(refused).starts_with("deadline|deadline_exceeded|0|this has not been done within "
                                   "0.02 s: job "));
  CHECK(copies.place.awaited->waiting() == 0);
  if (stops) {
    CHECK(copies.wait_for(JobState::Aborted));
  } else {
    CHECK(copies.jobs().front().state == JobState::Queued);
    copies.start();
    CHECK(copies.wait_for(JobState::Finished));
  }
}

TEST_CASE("deadlines of many are kept each at its time", "[route][awaited]") {
  Copies copies{[](Route& route) { route.time = 50ms; }};
  std::vector<std::future<http::Response>> answers;
  for (int i = 0; i < 5; ++i) {
    answers.push_back(copies.ask("good"));
    REQUIRE(eventually([&] { return copies.jobs().size() == static_cast<std::size_t>(i + 1); }));
  }
  for (auto& answer : answers) CHECK(answer_of(answer).status == 504);
}

TEST_CASE("a job stops when its client leaves, or goes on where its route says so",
          "[route][awaited]") {
  const bool stops = GENERATE(true, false);
  Copies copies{[&](Route& route) { route.stops_with_client = stops; }};
  auto answer = copies.ask("good");
  REQUIRE(copies.wait_for(1));
  copies.departure->tell();
  CHECK(copies.wait_for(std::size_t{0}));
  CHECK(answer_of(answer).status == 499);  // to nobody, for the counters
  if (stops) {
    CHECK(copies.wait_for(JobState::Aborted));
  } else {
    CHECK(copies.jobs().front().state == JobState::Queued);
    copies.start();
    CHECK(copies.wait_for(JobState::Finished));
  }
}

TEST_CASE("a job that several wait for stops when the last one leaves", "[route][awaited]") {
  Copies copies;
  auto first = copies.ask("good", "key");
  REQUIRE(copies.wait_for(1));
  const auto leaving = copies.departure;
  auto second = copies.ask("good", "key");
  REQUIRE(copies.wait_for(2));
  CHECK(copies.jobs().size() == 1);
  SECTION("the first one leaves") {
    leaving->tell();
    CHECK(answer_of(first).status == 499);
    copies.start();
    CHECK(body_of(answer_of(second)).ends_with("finished known"));
  }
  SECTION("both leave") {
    leaving->tell();
    copies.departure->tell();
    CHECK(copies.wait_for(JobState::Aborted));
  }
}

TEST_CASE("an earlier job of the same key may have ended long ago", "[route][awaited]") {
  Copies copies;
  copies.start();
  auto first = copies.ask("good", "key");
  CHECK(body_of(answer_of(first)).ends_with("finished new"));
  auto second = copies.ask("good", "key");
  CHECK(body_of(answer_of(second)).ends_with("finished known"));
}

TEST_CASE("a client that left before its job was queued gets none", "[route][awaited]") {
  Copies copies{[&](Route& route) {
    route.translate = [&, read = std::move(route.translate)](const api::Call& call) {
      call.request.departure->tell();
      return read(call);
    };
  }};
  auto answer = copies.ask("good");
  CHECK(answer_of(answer).status == 499);
  CHECK(copies.jobs().empty());
}

TEST_CASE("no more requests wait than may", "[route][awaited]") {
  Copies copies{{}, 2};
  auto first = copies.ask("good");
  REQUIRE(copies.wait_for(1));
  auto second = copies.ask("good");
  REQUIRE(copies.wait_for(2));
  auto third = copies.ask("good");
  const auto refused = answer_of(third);
  CHECK(refused.status == 503);
  CHECK(body_of(refused).starts_with("busy|unavailable|0|2 requests wait"));
  CHECK(http::header_of(refused, "Retry-After") == "5");
  CHECK(copies.jobs().size() == 2);
  copies.start();
  CHECK(answer_of(first).status == 200);
  CHECK(answer_of(second).status == 200);
  auto fourth = copies.ask("good");
  CHECK(answer_of(fourth).status == 200);
}

TEST_CASE("a server that stops answers those who wait, and their jobs are what the route says",
          "[route][awaited]") {
  const bool stops = GENERATE(true, false);
  Copies copies{[&](Route& route) { route.stops_with_client = stops; }};
  auto answer = copies.ask("good");
  REQUIRE(copies.wait_for(1));
  copies.place.awaited->close();
  const auto refused = answer_of(answer);
  CHECK(refused.status == 503);
  CHECK(body_of(refused).starts_with("stopping|unavailable"));
  CHECK(http::header_of(refused, "Retry-After") == "5");
  CHECK(copies.jobs().front().state == (stops ? JobState::Aborted : JobState::Queued));
  auto late = copies.ask("good");
  CHECK(answer_of(late).status == 503);
  CHECK(copies.jobs().size() == 1);
}

TEST_CASE("an end that meets its client's leave is told once", "[route][awaited]") {
  Copies copies;
  copies.start();
  for (int i = 0; i < 50; ++i) {
    auto answer = copies.ask("good");  // a second answer would throw
    const auto departure = copies.departure;
    std::jthread other{[&] {
      if (i % 3 == 0) copies.wait_for(1);
      departure->tell();
    }};
    const auto status = answer_of(answer).status;
    CHECK((status == 200 || status == 499));
    other.join();
    CHECK(copies.wait_for(std::size_t{0}));
  }
}

TEST_CASE("a thousand requests that wait take no threads", "[route][awaited]") {
  constexpr std::size_t kMany = 1'000;
  allow_open_files(4 * kMany);
  Copies copies{{}, kMany};
  TestServer server{api::make_site(copies.mount)};
  const auto before = threads();
  std::vector<std::unique_ptr<Client>> clients;
  for (std::size_t i = 0; i < kMany; ++i) {
    clients.push_back(std::make_unique<Client>(server.port));
    clients.back()->send(post("/copy/good"));
    if (i % 50 == 49) REQUIRE(copies.wait_for(i + 1));
  }
  CHECK(threads() == before);
  CHECK(copies.place.lane->waiting() == 0);
  // Others are served meanwhile.
  Client other{server.port};
  other.send(get("/lost"));
  CHECK(other.read_reply().status == 404);
  for (std::size_t i = 0; i < kMany; i += 2) clients[i].reset();
  CHECK(copies.wait_for(kMany / 2));
  CHECK(eventually([&] {
    const auto jobs = copies.jobs();
    return std::count_if(jobs.begin(), jobs.end(), [](const Job& job) {
             return job.state == JobState::Aborted;
           }) == kMany / 2;
  }));
  copies.start();
  int good = 0;
  for (std::size_t i = 1; i < kMany; i += 2) good += clients[i]->read_reply().status == 200 ? 1 : 0;
  CHECK(good == kMany / 2);
}
