// Routes that look before they translate, and jobs whose pipelines are not the route's own.
#include <algorithm>

#include "tests/api_http/client.hpp"
#include "tests/api_route/place.hpp"

using namespace millrace;
using namespace millrace::test;
using api::Bound;
using api::Mount;
using api::Route;
using http::Method;

namespace {

constexpr std::string_view kValues = R"({"params": {"word": {"type": "string"}}, "ops": [
  {"name": "word", "type": "input.values", "postOps": ["found"], "params": {"columns": {"word": [{"$param": "word"}]}}},
  {"name": "found", "type": "output.reply", "preOps": ["word"]}]})";
constexpr std::string_view kNothing = R"({"ops": [
  {"name": "one", "type": "input.values", "postOps": ["end"], "params": {"columns": {"a": [1]}}},
  {"name": "end", "type": "output.reply", "preOps": ["one"]}]})";
constexpr std::string_view kFailing = R"({"ops": [
  {"name": "jobs", "type": "input.catalog", "postOps": ["end"], "params": {"entity": "nothing"}},
  {"name": "end", "type": "output.reply", "preOps": ["jobs"]}]})";

// Looks for the word of its query; queues jobs by it.
Route asking_route(const std::string& look = "sample/look") {
  Route route{.method = Method::Post,
              .path = "/jobs/{word}",
              .name = "work",
              .summary = "",
              .lane = api::Lane::Queued,
              .auth = api::Auth::Open,
              .schema = R"({"path": {"word": {"type": "string"}}})"};
  route.look =
      api::Look{.pipeline = look, .parameters = [](const api::Call& call) -> std::optional<Json> {
                  if (call.values.text("word") == "blind") return std::nullopt;
                  return Json{{"word", call.values.text("word")}};
                }};
  route.reply = [](const api::Answered& answered) -> api::ReplyResult {
    return http::Response::text(202, answered.job->external_id);
  };
  return route;
}

struct Opened {
  explicit Opened(Route route) {
    place.write_pipeline("sample/work", kNothing);
    place.write_pipeline("sample/other",
                         R"({"name": "another", "params": {"n": {"type": "integer"}}, "ops": [
      {"name": "one", "type": "input.values", "postOps": ["end"], "params": {"columns": {"a": [{"$param": "n"}]}}},
      {"name": "end", "type": "output.reply", "preOps": ["one"]}]})");
    place.write_pipeline("sample/columns", R"({"params": {"columns": {"type": "any"}}, "ops": [
      {"name": "one", "type": "input.values", "postOps": ["end"], "params": {"columns": {"$param": "columns"}}},
      {"name": "end", "type": "output.reply", "preOps": ["one"]}]})");
    place.write_pipeline("sample/look", kValues);
    place.write_pipeline("sample/failing", kFailing);
    REQUIRE(place.look().ok());
    auto made = Mount::open(sample_dialect({std::move(route)}), *place.surroundings);
    if (!made.ok()) FAIL(made.error().message);
    mount = *std::move(made);
  }
  [[nodiscard]] std::vector<Job> jobs() { return *place.engine->job_store().list({.limit = 100}); }

  Place place;
  std::shared_ptr<Mount> mount;
};

}  // namespace

TEST_CASE("a route that looks translates with what it finds", "[route][look]") {
  auto route = asking_route();
  route.translate = [](const api::Call& call) -> api::TranslateResult {
    Bound bound;
    bound.job.external_id = "blind";
    if (call.found != nullptr) {
      const auto& rows = call.found->rows.front().rows;
      bound.job.external_id = "found " + std::string{*rows.column<std::string_view>("word")[0]};
    }
    return bound;
  };
  const Opened opened{std::move(route)};
  CHECK(body_of(ask(*opened.mount, Method::Post, "/jobs/sesame")) == "found sesame");
  CHECK(body_of(ask(*opened.mount, Method::Post, "/jobs/blind")) == "blind");
}

TEST_CASE("a look that fails refuses the request, in words of its own or those of the error",
          "[route][look]") {
  auto route = asking_route("sample/failing");
  route.look->parameters = [](const api::Call&) { return std::optional{Json::object()}; };
  route.translate = [](const api::Call&) -> api::TranslateResult { return Bound{}; };
  const bool is_worded = GENERATE(false, true);
  if (is_worded)
    route.look->refuse = [](const Error&) { return api::refusal(Code::Conflict, "mine", "mine"); };
  Place place;
  place.write_pipeline("sample/work", kNothing);
  place.write_pipeline("sample/failing", kFailing);
  REQUIRE(place.look().ok());
  const auto opened = Mount::open(sample_dialect({std::move(route)}), *place.surroundings);
  if (!opened.ok()) {  // an entity that is not there may be told at start
    CHECK(opened.error().message.find("sample/failing.json") != std::string::npos);
    return;
  }
  const auto refused = ask(**opened, Method::Post, "/jobs/x");
  CHECK((refused.status == 409) == is_worded);
  CHECK(place.engine->job_store().list({.limit = 10})->empty());
}

TEST_CASE("a mount does not open where what a route looks at is missing", "[route][look]") {
  Place place;
  place.write_pipeline("sample/work", kNothing);
  REQUIRE(place.look().ok());
  const auto opened = Mount::open(sample_dialect({asking_route()}), *place.surroundings);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find("sample/look.json") != std::string::npos);
}

TEST_CASE("a request may be the work of another pipeline than its route's", "[route][look]") {
  auto route = asking_route();
  route.translate = [](const api::Call& call) -> api::TranslateResult {
    Bound bound;
    bound.pipeline = std::string{"sample/"} + std::string{call.values.text("word")};
    if (call.values.text("word") == "other") bound.parameters = Json{{"n", 1}};
    return bound;
  };
  Opened opened{std::move(route)};
  CHECK(ask(*opened.mount, Method::Post, "/jobs/other").status == 202);
  CHECK(opened.jobs().front().name == "another");
  CHECK(ask(*opened.mount, Method::Post, "/jobs/lost").status == 404);
}

TEST_CASE("a follower that is to fail alone is submitted with what is wrong with it, and fails",
          "[route][look]") {
  auto route = asking_route();
  const bool fails_alone = GENERATE(false, true);
  route.translate = [fails_alone](const api::Call&) -> api::TranslateResult {
    Bound bound;
    bound.then.push_back({.pipeline = "sample/columns",
                          .parameters = Json{{"columns", "no columns"}},
                          .fails_alone = fails_alone});
    bound.then.back().job.external_id = "behind";
    return bound;
  };
  Opened opened{std::move(route)};
  const auto answer = ask(*opened.mount, Method::Post, "/jobs/blind");
  if (!fails_alone) {
    CHECK(answer.status == 400);
    CHECK(opened.jobs().empty());
    return;
  }
  CHECK(answer.status == 202);
  REQUIRE(opened.place.engine->start().ok());
  const auto ended = [&]() -> std::optional<Job> {
    const auto jobs = opened.jobs();
    const auto found = std::find_if(jobs.begin(), jobs.end(),
                                    [](const Job& job) { return job.external_id == "behind"; });
    if (found == jobs.end() || !is_final(found->state)) return std::nullopt;
    return *found;
  };
  eventually([&] { return ended().has_value(); });
  REQUIRE(ended());
  CHECK(ended()->state == JobState::Failed);
  CHECK(ended()->error.dump().find("pipeline is not valid") != std::string::npos);
}

TEST_CASE("a follower without a good value for a parameter refuses the request in any case",
          "[route][look]") {
  auto route = asking_route();
  const bool is_worded = GENERATE(false, true);
  route.translate = [is_worded](const api::Call&) -> api::TranslateResult {
    Bound bound;
    bound.then.push_back(
        {.pipeline = "sample/other", .parameters = Json{{"n", "no number"}}, .fails_alone = true});
    if (is_worded) {
      bound.refuse = [](const Error& error) {
        return api::refusal(Code::Conflict, "mine", "mine: " + error.message);
      };
    }
    return bound;
  };
  Opened opened{std::move(route)};
  const auto answer = ask(*opened.mount, Method::Post, "/jobs/blind");
  CHECK(answer.status == (is_worded ? 409 : 400));
  CHECK(body_of(answer).find("the pipeline sample/other is not valid: /params/n") !=
        std::string::npos);
  CHECK(opened.jobs().empty());
}
