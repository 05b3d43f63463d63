// The most memory that a run takes, with two workers and batches of 16 and 32 MiB: each case in a
// process of its own, its peak as the kernel tells it (VmHWM). The bound of every case is 300 MB.
// Usage: memory_bench [workers]
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <unistd.h>

#include "tests/engine_run/large_operators.hpp"
#include "tests/engine_run/test_operators.hpp"

#include <fmt/format.h>
#include <sys/wait.h>

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr double kMostMegabytes = 300;

double peak_megabytes() {
  std::ifstream status{"/proc/self/status"};
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    double kibibytes = 0;
    status >> kibibytes;
    return kibibytes * 1024 / 1e6;
  }
  return 0;
}

std::shared_ptr<const Plan> burst(std::int64_t bytes, const Json& how) {
  Json params{{"times", 2'400'000'000 / bytes}, {"bytes", bytes}};
  params.update(how);
  return PlanBuilder{}
      .add("in", "input.count", {{"rows", 1}, {"batch", 1}})
      .add("burst", "preprocess.burst", std::move(params), {"in"})
      .add("shrink", "preprocess.shrink", Json::object(), {"burst"})
      .build();
}

std::shared_ptr<const Plan> groups(std::int64_t bytes) {
  return PlanBuilder{}
      .add("in", "input.count", {{"rows", 100}, {"batch", 1}})
      .add("swell", "preprocess.swell", {{"bytes", bytes}}, {"in"})
      .add("shrink", "preprocess.shrink", Json::object(), {"swell"})
      .build();
}

std::shared_ptr<const Plan> edges(std::int64_t bytes) {
  PlanBuilder builder;
  builder.add("in", "input.large", {{"batches", 100}, {"bytes", bytes}});
  std::string before = "in";
  for (int i = 0; i < 16; ++i) {
    const auto name = "pass" + std::to_string(i);
    builder.add(name, "filter.drop", {{"of", 1'000'000}}, {before});
    before = name;
  }
  return builder.add("shrink", "preprocess.shrink", Json::object(), {before}).build();
}

// Runs a case in a child; false: it failed, or took too much.
bool measure(std::string_view what, std::int64_t bytes, std::size_t workers,
             const std::function<std::shared_ptr<const Plan>(std::int64_t)>& make) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto ran = run_threads(make(bytes), workers);
    const double peak = peak_megabytes();
    fmt::print("{:<56} {:>4} MiB {:>8.0f} MB{}\n", what, bytes >> 20, peak,
               ran.outcome.error ? " " + ran.outcome.error->message : "");
    std::fflush(stdout);
    ::_exit(ran.outcome.error || peak > kMostMegabytes ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t workers = argc > 1 ? std::stoul(argv[1]) : 2;
  bool is_good = true;
  for (const std::int64_t bytes : {std::int64_t{16} << 20, std::int64_t{32} << 20}) {
    const auto with = [](Json how) {
      return [how = std::move(how)](std::int64_t size) { return burst(size, how); };
    };
    is_good &= measure("2.4 GB emitted by one call", bytes, workers, with(Json::object()));
    is_good &= measure("2.4 GB emitted a batch a call", bytes, workers, with({{"steps", 1}}));
    is_good &=
        measure("2.4 GB emitted at the end, in one call", bytes, workers, with({{"at_end", true}}));
    is_good &= measure("2.4 GB emitted at the end, a batch a call", bytes, workers,
                       with({{"at_end", true}, {"steps", 1}}));
    is_good &= measure("pieces that wait for an earlier one", bytes, workers, groups);
    is_good &= measure("a line of 17 edges", bytes, workers, edges);
  }
  return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
