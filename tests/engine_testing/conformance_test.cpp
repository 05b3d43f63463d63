// The suite is right when it finds the flaw of each faulty operator, and nothing in good ones.
#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using namespace millrace::testing;

namespace {

HarnessOptions library(const std::string& name) {
  HarnessOptions options;
  options.library = std::string{MR_TEST_PLUGINS} + "/" + name + "/" + name + ".so";
  return options;
}

std::set<std::string> checks_that_fail(std::string_view id, const std::string& plugin = "faulty") {
  std::set<std::string> checks;
  for (const auto& finding : check_conformance(id, library(plugin))) {
    UNSCOPED_INFO(finding.operator_id << " " << finding.check << ": " << finding.message);
    checks.insert(finding.check);
  }
  return checks;
}

using Checks = std::set<std::string>;

}  // namespace

TEST_CASE("well-behaved operators conform", "[testing][conformance]") {
  CHECK(checks_that_fail("filter.sample_min", "sample").empty());
  CHECK(checks_that_fail("input.sample_numbers", "sample").empty());
  CHECK(checks_that_fail("output.sample_teller", "sample").empty());
  CHECK(checks_that_fail("preprocess.sample_split", "sample").empty());
  CHECK(checks_that_fail("preprocess.windows", "guide").empty());
  CHECK(checks_that_fail("preprocess.roots", "guide").empty());
  CHECK(checks_that_fail("train.mean", "guide").empty());
}

TEST_CASE("each flaw is found by the check that is there for it", "[testing][conformance]") {
  CHECK(checks_that_fail("filter.undocumented") == Checks{"docs"});
  CHECK(checks_that_fail("filter.bad_skip") == Checks{"docs"});
  CHECK(checks_that_fail("filter.breaks_at_bound") == Checks{"parameters"});
  CHECK(checks_that_fail("filter.bad_port") == Checks{"example"});
  CHECK(checks_that_fail("filter.needs_example") == Checks{"example"});
  CHECK(checks_that_fail("filter.failing_example") == Checks{"example"});
  CHECK(checks_that_fail("filter.lies_about_columns") == Checks{"columns"});
  CHECK(checks_that_fail("filter.needs_more").count("reads") == 1);
  CHECK(checks_that_fail("filter.waits_for_disk") == Checks{"blocking"});
  CHECK(checks_that_fail("filter.spills_state") == Checks{"blocking"});
  CHECK(checks_that_fail("filter.asks_catalog") == Checks{"blocking"});
  CHECK(checks_that_fail("filter.takes_address") == Checks{"blocking"});
  CHECK(checks_that_fail("filter.fails_empty") == Checks{"empty"});
  CHECK(checks_that_fail("filter.breaks_on_null") == Checks{"all_null"});
  CHECK(checks_that_fail("filter.ignores_offset").count("sliced") == 1);
  CHECK(checks_that_fail("filter.breaks_on_schema") == Checks{"wrong_schema"});
  CHECK(checks_that_fail("filter.leaks") == Checks{"release"});
  CHECK(checks_that_fail("filter.drops_root") == Checks{"root"});
  CHECK(checks_that_fail("filter.reverses") == Checks{"root"});
  CHECK(checks_that_fail("filter.unsteady") == Checks{"deterministic"});
  CHECK(checks_that_fail("filter.remembers") == Checks{"independent"});
  CHECK(checks_that_fail("filter.breaks_when_stopped") == Checks{"cancelled"});
  CHECK(checks_that_fail("filter.emits_late", "late") == Checks{"after_end"});
  CHECK(checks_that_fail("filter.forgets") == Checks{"checkpoint"});
  CHECK(checks_that_fail("filter.always_more").count("more") == 1);
  CHECK(checks_that_fail("filter.tells_twice") == Checks{"metrics"});
  CHECK(checks_that_fail("filter.counts_threads") == Checks{"parallel"});
  CHECK(checks_that_fail("input.endless").count("source_end") == 1);
  CHECK(checks_that_fail("input.emits_again") == Checks{"checkpoint", "source_end"});
}

TEST_CASE("every check is seen to fail for a faulty operator", "[testing][conformance]") {
  Checks failed;
  for (const auto& finding : check_conformance(library("faulty").library))
    failed.insert(finding.check);
  for (const auto& finding : check_conformance(library("late").library))
    failed.insert(finding.check);
  for (const auto& check : conformance_checks()) {
    INFO(check.name);
    CHECK(failed.count(std::string{check.name}) == 1);
    CHECK_FALSE(check.doc.empty());
  }
}

TEST_CASE("a declared exception is excused", "[testing][conformance]") {
  CHECK(checks_that_fail("filter.excused").empty());
}

TEST_CASE("an operator or a library that is not there is a finding", "[testing][conformance]") {
  CHECK(checks_that_fail("filter.nothing", "sample") == Checks{"load"});
  const auto findings = check_conformance("/nonexistent/p.so");
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].check == "load");
}
