#include <catch2/catch.hpp>

#include "engine/job/job_metrics.hpp"
#include "engine/job/job_progress.hpp"
#include "engine/job/progress_json.hpp"
#include "job_place.hpp"

using namespace millrace;
using namespace std::chrono_literals;
using test::JobPlace;
using test::must;

namespace {

// in -> slow -> out
Plan line_of_three() {
  const auto info = std::make_shared<const OperatorInfo>();
  Plan plan;
  for (const char* name : {"in", "slow", "out"}) {
    PlanNode node;
    node.chain.emplace_back();
    node.chain.back().name = name;
    node.chain.back().info = info;
    plan.nodes.push_back(std::move(node));
  }
  plan.edges = {{NodeId{0}, NodeId{1}, {}}, {NodeId{1}, NodeId{2}, {}}};
  plan.first_into = {0, 0, 1, 2};
  return plan;
}

JobRequest slow_pictures(const JobPlace& place, const Json& teller, int rows = 40) {
  JobRequest request;
  Json document = place.pipeline({{"batches", 1}, {"rows", rows}});
  auto& ops = document["ops"];
  ops[0].erase("postOps");
  ops[1]["preOps"] = {"slow"};
  ops.push_back(
      {{"name", "slow"}, {"type", "augment.teller"}, {"preOps", {"in"}}, {"params", teller}});
  request.pipeline = std::move(document);
  return request;
}

}  // namespace

TEST_CASE("a job stands where its slowest node stands", "[job][progress]") {
  JobProgress progress;
  progress.set_plan(line_of_three());
  progress.tell("in", 250, 250, "pictures", false);
  progress.add("in", 0, {0, 250});
  CHECK(progress.progress(1).done == 0);
  CHECK(progress.progress(1).total == 250);
  CHECK_FALSE(progress.progress(1).seconds_left);
  progress.add("slow", 0, {50, 50});
  auto at = progress.progress(10);
  CHECK(at.done == 0);  // nothing has been written yet
  progress.add("out", 0, {50, 0});
  at = progress.progress(10);
  CHECK(at.done == 50);
  CHECK(at.unit == "pictures");
  CHECK(at.per_second == 5);
  CHECK(at.seconds_left == 40);
  REQUIRE(at.nodes.size() == 3);
  CHECK(at.nodes[0].node == "in");
  CHECK(at.nodes[0].rows_out == 250);
  CHECK(at.nodes[0].per_second == 25);
  CHECK(at.nodes[0].done == 0.99);
  CHECK(at.nodes[1].rows_in == 50);
  CHECK(at.nodes[1].done == Approx(0.2));
  SECTION("and is not done before its end") {
    progress.add("slow", 0, {200, 200});
    progress.add("out", 0, {200, 0});
    at = progress.progress(50);
    CHECK(at.done == 249);
    for (const auto& node : at.nodes) CHECK(node.done == 0.99);
    const Json finished = as_finished(to_json(at));
    CHECK(finished["done"] == 250);
    CHECK_FALSE(finished.contains("seconds_left"));
    CHECK(finished["nodes"][2]["done"] == 1.0);
  }
  SECTION("also where a node tells its own progress") {
    progress.add("slow", 0, {200, 200});
    progress.add("out", 0, {200, 0});
    progress.tell("out", 3, 10, "epochs", false);
    CHECK(progress.progress(50).done == 75);
    CHECK(progress.progress(50).nodes[2].done == Approx(0.3));
  }
}

TEST_CASE("what an earlier attempt did is progress, but no rate", "[job][progress]") {
  JobProgress progress;
  progress.set_plan(line_of_three());
  progress.restore(
      Json{{"left in", 100}, {"reached slow", 100}, {"left slow", 100}, {"reached out", 100}}, 4);
  progress.tell("in", 100, 200, "rows", true);
  CHECK(progress.progress(10).done == 100);
  CHECK(progress.progress(10).per_second == 0);
  progress.tell("in", 150, 200, "rows", true);
  progress.add("in", 5, {0, 50});
  progress.add("slow", 5, {25, 25});
  progress.add("out", 5, {25, 0});
  const auto at = progress.progress(10);
  CHECK(at.done == 125);
  CHECK(at.per_second == 2.5);
  CHECK(at.seconds_left == 30);
  CHECK(at.nodes[1].per_second == 2.5);
  CHECK(progress.rows_up_to_mark() ==
        Json{{"left in", 100}, {"reached slow", 100}, {"left slow", 100}, {"reached out", 100}});
  progress.mark(5);
  CHECK(progress.rows_up_to_mark()["left in"] == 150);
}

TEST_CASE("an input that does not say how much there is has no total", "[job][progress]") {
  JobProgress progress;
  progress.set_plan(line_of_three());
  progress.tell("in", 80, 0, "rows", false);
  progress.add("in", 0, {0, 80});
  progress.add("slow", 0, {40, 40});
  progress.add("out", 0, {20, 0});
  const auto at = progress.progress(10);
  CHECK(at.done == 20);
  CHECK(at.total == 0);
  CHECK_FALSE(at.seconds_left);
  CHECK_FALSE(at.nodes[1].done);
}

TEST_CASE("the row of a running job tells where it stands, without a checkpoint",
          "[job][progress]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.settings.checkpoint_every = 1h;
  place.settings.progress_every = 50ms;  // but the service looks once a second
  place.open();
  const auto id =
      place.submit(slow_pictures(place, {{"gate", place.path("gate")}, {"gate_at", 10}}));
  // The input has read all; all rows but one have passed, and none has reached the output.
  const Job held = place.wait(id, [](const Job& job) {
    return job.progress.is_object() && job.progress.contains("nodes") &&
           job.progress["nodes"][1].value("rows_in", 0) == 39;
  });
  CHECK(held.progress["total"] == 40);
  CHECK(held.progress["done"] == 0);
  CHECK(held.progress["nodes"][0]["rows_out"] == 40);
  CHECK(held.progress["nodes"][1]["done"] == Approx(0.975));
  place.touch("gate");
  const Job job = place.wait_until_final(id);
  CHECK(job.state == JobState::Finished);
  CHECK(job.progress["done"] == 40);
  CHECK(job.progress["nodes"][1]["done"] == 1.0);
}

TEST_CASE("a curve is thinned, and its last point is never lost", "[job][metrics]") {
  const ManualClock clock;
  JobMetrics metrics{clock.steady()};
  std::vector<Json> told;
  for (std::int64_t step = 0; step < 1'000; ++step) {
    if (auto now = must(metrics.add("train", {"loss", step, 0.5}, clock.steady())))
      told.push_back(*now);
  }
  CHECK(told.size() == 50);
  CHECK_FALSE(must(metrics.add("train", {"acc", 3, 1.0}, clock.steady())).has_value());
  const auto waiting = metrics.take_waiting();
  REQUIRE(waiting.size() == 2);
  CHECK(waiting[0]["name"] == "acc");
  CHECK(waiting[1] == Json{{"node", "train"},
                           {"name", "loss"},
                           {"step", 999},
                           {"value", 0.5},
                           {"passed_over", 949}});
  CHECK(metrics.take_waiting().empty());
}

TEST_CASE("a job has a bounded number of curves", "[job][metrics]") {
  const ManualClock clock;
  JobMetrics metrics{clock.steady()};
  for (std::size_t i = 0; i < JobMetrics::kMostCurves; ++i) {
    const auto name = "m" + std::to_string(i);
    must(metrics.add("n", {name, 0, 0.0}, clock.steady()));
  }
  const auto more = metrics.add("n", {"one_more", 0, 0.0}, clock.steady());
  REQUIRE_FALSE(more.ok());
  CHECK(more.error().code == Code::Exhausted);
}

TEST_CASE("the name of a metric is as long as it may be, and no longer", "[job][metrics]") {
  CHECK(check_metric({std::string(MetricPoint::kMaxNameBytes, 'm'), 0, 0.0}).ok());
  const auto refused = check_metric({std::string(MetricPoint::kMaxNameBytes + 1, 'm'), 0, 0.0});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == Code::InvalidArgument);
}

TEST_CASE("metrics stand in the journal, the last of each curve always, before the end",
          "[job][metrics]") {
  JobPlace place{GENERATE(SqlDialect::Sqlite, SqlDialect::MySql)};
  place.open();
  auto request = slow_pictures(place, {{"metrics", 300}}, 1);
  const auto id = place.submit(std::move(request));
  CHECK(place.wait_until_final(id).state == JobState::Finished);
  std::vector<Json> points;
  const auto events = must(place.store_of_jobs().events(id, 0, 100'000));
  for (const JobEvent& event : events) {
    if (event.kind == "metric") points.push_back(event.body);
  }
  CHECK(points.size() >= 50);
  CHECK(points.size() < 100);
  REQUIRE_FALSE(points.empty());
  CHECK(points.back()["step"] == 299);
  CHECK(points.back()["node"] == "slow");
  CHECK(points.front() == Json{{"node", "slow"}, {"name", "loss"}, {"step", 0}, {"value", 1.0}});
  CHECK(events.back().kind == "finished");
}
