// Requests whose job has others behind it. Jobs wait in the queue until a test starts the engine.
#include "tests/api_http/client.hpp"
#include "tests/api_route/place.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using api::Answered;
using api::Bound;
using api::Lane;
using api::Mount;
using api::ReplyResult;
using api::Route;
using api::TranslateResult;
using http::Method;

namespace {

// Fails where its file is not there.
constexpr std::string_view kReadList = R"({
  "params": {"file": {"type": "string"}},
  "ops": [{"name": "in", "type": "input.list", "postOps": ["out"], "params": {"file": {"$param": "file"}}},
          {"name": "out", "type": "output.reply", "preOps": ["in"]}]})";

constexpr std::string_view kCount = R"({
  "params": {"n": {"type": "integer", "minimum": 1}}, "queue": "counting",
  "ops": [{"name": "in", "type": "input.values", "postOps": ["out"], "params": {"columns": {"n": [{"$param": "n"}]}}},
          {"name": "out", "type": "output.reply", "preOps": ["in"]}]})";

/// A mount with the routes "/queued/{list}" and "/awaited/{list}", whose job reads a list; behind
/// it stand what `then` says.
class Chains {
 public:
  explicit Chains(std::function<std::vector<api::Follower>(const std::string&)> then) {
    std::filesystem::create_directories(root());
    std::ofstream{root() / "good"} << R"({"url": "http://h/a.png"})" << '\n';
    place.write_pipeline("sample/read", kReadList);
    place.write_pipeline("sample/count", kCount);
    REQUIRE(place.look().ok());
    std::vector<Route> routes;
    for (const auto& [path, lane] :
         {std::pair{"/queued/{list}", Lane::Queued}, std::pair{"/awaited/{list}", Lane::Awaited}}) {
      Route route{.method = Method::Post,
                  .path = path,
                  .name = "read",
                  .summary = "",
                  .lane = lane,
                  .auth = api::Auth::Open,
                  .schema = R"({"path": {"list": {"type": "string"}}})"};
      route.translate = [this, then](const api::Call& call) -> TranslateResult {
        const std::string list{call.values.text("list")};
        Bound bound;
        bound.parameters = Json{{"file", file_uri(root() / list)}};
        bound.job.external_id = list;
        bound.job.max_attempts = 1;
        bound.job.idempotency_key = key;
        bound.then = then(list);
        return bound;
      };
      route.reply = [](const Answered& answered) -> ReplyResult {
        return http::Response::text(
            200, fmt::format("{} {} {}", answered.job->external_id, to_string(answered.job->state),
                             answered.is_existing ? "known" : "new"));
      };
      route.operation = fmt::format("read_{}", routes.size());
      routes.push_back(std::move(route));
    }
    auto opened = Mount::open(sample_dialect(std::move(routes)), *place.surroundings);
    if (!opened.ok()) FAIL(opened.error().message);
    mount = *std::move(opened);
  }

  ~Chains() {
    place.awaited->close();
    place.lane->close();
  }

  http::Response ask(const std::string& path) { return test::ask(*mount, Method::Post, path); }
  [[nodiscard]] std::filesystem::path root() const { return place.folder() / "roots"; }
  [[nodiscard]] std::vector<Job> jobs() { return *place.engine->job_store().list({}); }
  Job job(const std::string& id) { return *place.engine->job_store().get("sample", id); }
  Job ended(const std::string& id) {
    REQUIRE(eventually([&] { return is_final(job(id).state); }));
    return job(id);
  }
  void start() { REQUIRE(place.engine->start().ok()); }

  std::string key;
  Place place;
  std::shared_ptr<Mount> mount;
};

api::Follower count(std::string id, std::int64_t n, std::size_t after = 0,
                    After::When when = After::When::Finished) {
  api::Follower follower{.pipeline = "sample/count", .parameters = Json{{"n", n}}, .after = after};
  follower.job.external_id = std::move(id);
  follower.job.after.when = when;
  return follower;
}

std::vector<api::Follower> two_and_a_failure(const std::string& list) {
  return {count(list + ".then", 1), count(list + ".last", 2, 1),
          count(list + ".failed", 3, 0, After::When::Failed)};
}

}  // namespace

TEST_CASE("a request submits its job with others that follow it", "[route][followers]") {
  Chains chains{two_and_a_failure};
  const auto given = chains.ask("/queued/good");
  CHECK(given.status == 200);
  CHECK(body_of(given) == "good queued new");
  REQUIRE(chains.jobs().size() == 4);
  const auto first = chains.job("good"), then = chains.job("good.then");
  CHECK(then.after.job == first.id);
  CHECK(then.state == JobState::Waiting);
  CHECK(then.dialect == "sample");
  CHECK(then.queue == "counting");
  CHECK(chains.job("good.last").after.job == then.id);
  CHECK(chains.job("good.failed").after.job == first.id);
  chains.start();
  CHECK(chains.ended("good.last").state == JobState::Finished);
  CHECK(chains.ended("good.failed").stop_reason == StopReason::NotNeeded);
}

TEST_CASE("an awaited route answers with the end of the first job", "[route][followers][awaited]") {
  Chains chains{[](const std::string& list) {
    auto then = two_and_a_failure(list);
    then[0].job.after.delay = std::chrono::hours{1};  // nobody waits for it
    return then;
  }};
  chains.start();
  CHECK(body_of(chains.ask("/awaited/good")) == "good finished new");
  CHECK(chains.job("good.then").state == JobState::Queued);
  CHECK(chains.job("good.last").state == JobState::Waiting);
  const auto failed = chains.ask("/awaited/missing");
  CHECK(failed.status == 404);
  CHECK(chains.ended("missing.failed").state == JobState::Finished);
  CHECK(chains.ended("missing.last").stop_reason == StopReason::UpstreamFailed);
}

TEST_CASE("a chain with a fault is refused before anything is written", "[route][followers]") {
  std::vector<api::Follower> then{count("then", 1), count("last", 2, 1)};
  std::string words;
  int status = 400;
  SECTION("a value does not fit") {
    then[1].parameters["n"] = 0;
    words = "|invalid_argument|0|the pipeline sample/count is not valid: ";
  }
  SECTION("a parameter is missing") {
    then[0].parameters.clear();
    words = "|invalid_argument|0|the pipeline sample/count is not valid: ";
  }
  SECTION("there is no such pipeline") {
    then[1].pipeline = "sample/nothing";
    words = "|internal|0|no such pipeline: sample/nothing";
    status = 500;
  }
  SECTION("it follows one that does not stand before it") {
    then[0].after = 2;
    words = "|invalid_argument|0|job: chain: follower 1 waits for one";
  }
  SECTION("an id is taken") {
    then[1].job.external_id = "good";
    words = "|conflict|0|job exists: sample has one with the id good";
    status = 409;
  }
  Chains chains{[&](const std::string&) { return then; }};
  for (const auto* path : {"/queued/good", "/awaited/good"}) {
    const auto refused = chains.ask(path);
    INFO(body_of(refused));
    CHECK(refused.status == status);
    CHECK(body_of(refused).starts_with(words));
    CHECK(chains.jobs().empty());
    CHECK(chains.place.awaited->waiting() == 0);
  }
}

TEST_CASE("a request that is sent again has no second chain", "[route][followers]") {
  Chains chains{two_and_a_failure};
  chains.key = "once";
  CHECK(body_of(chains.ask("/queued/good")).ends_with("new"));
  CHECK(body_of(chains.ask("/queued/good")).ends_with("known"));
  CHECK(chains.jobs().size() == 4);
}
