// What an operator makes of what a call allows: to be called again, to work in parallel, to tell of
// curves.
#include <set>
#include <utility>

#include "engine/testing/checks.hpp"
#include "engine/testing/helper_threads.hpp"

#include <fmt/format.h>

namespace millrace::testing {
namespace {

void check_more(const Subject& subject) {
  Trial trial{subject.found, subject.example};
  run_whole(trial, subject.example);
  if (trial.is_endless()) {
    subject.add(fmt::format("still asks to be called again after {} calls", Trial::kMostCalls));
  }
}

void check_parallel(const Subject& subject) {
  HelperThreads threads{3};
  Trial helped{subject.found, subject.example, {}, &threads};
  const auto many = run_whole(helped, subject.example).transcript().whole();
  if (threads.invitations() == 0) return;
  Trial alone{subject.found, subject.example};
  const auto one = run_whole(alone, subject.example).transcript().whole();
  if (const auto differs = difference(one, many); !differs.empty()) {
    subject.add("its parallel calls give something else on four threads than on one: " + differs);
  }
}

void check_metrics(const Subject& subject) {
  Trial trial{subject.found, subject.example};
  run_whole(trial, subject.example);
  std::set<std::pair<std::string, std::int64_t>> told;
  for (const auto& metric : trial.services()->metrics) {
    if (told.emplace(metric.name, metric.step).second) continue;
    return subject.add(
        fmt::format("tells metric \"{}\" twice for step {}", metric.name, metric.step));
  }
}

}  // namespace

std::vector<Check> call_checks() {
  return {
      {{"more", "An operator that asks to be called again comes to an end."},
       true,
       to_sinks,
       check_more},
      {{"parallel", "Parallel calls give the same on four threads as on one."},
       true,
       to_every,
       check_parallel},
      {{"metrics", "A metric is told once for a step."}, true, to_every, check_metrics},
  };
}

}  // namespace millrace::testing
