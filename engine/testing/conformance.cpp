#include <algorithm>
#include <iterator>
#include <utility>

#include <millrace/testing/conformance.hpp>

#include "engine/testing/checks.hpp"

#include <fmt/format.h>

namespace millrace::testing {
namespace {

const std::vector<Check>& all_checks() {
  static const auto checks = [] {
    auto all = declaration_checks();
    for (auto more : {data_checks(), state_checks(), call_checks()})
      std::move(more.begin(), more.end(), std::back_inserter(all));
    return all;
  }();
  return checks;
}

bool is_excused(const OperatorInfo& info, std::string_view check) {
  const auto skips = info.conformance.find("skip");
  return skips != info.conformance.end() && skips->contains(std::string{check});
}

// A skip that names no check would excuse nothing, and its author believes otherwise.
void check_skips(const OperatorInfo& info, std::vector<ConformanceFinding>& findings) {
  const auto skips = info.conformance.find("skip");
  if (skips == info.conformance.end()) return;
  for (const auto& [name, reason] : skips->items()) {
    const auto& checks = all_checks();
    const bool is_known =
        std::any_of(checks.begin(), checks.end(),
                    [&, &wanted = name](const Check& check) { return check.about.name == wanted; });
    if (!is_known)
      findings.push_back(
          {info.id, "docs", "\"conformance\" skips a check that does not exist: " + name});
  }
}

void run_checks(const FoundOperator& found, std::vector<ConformanceFinding>& findings) {
  check_skips(*found.info, findings);
  const auto examples = make_examples(found);
  if (!examples.ok()) {
    findings.push_back({found.info->id, "example", examples.error().message});
    return;
  }
  for (const auto& check : all_checks()) {
    if (is_excused(*found.info, check.about.name)) continue;
    for (const auto& example : *examples) {
      if (!check.applies(example)) continue;
      std::vector<std::string> messages;
      check.run(Subject{found, example, messages});
      for (auto& message : messages) {
        findings.push_back(
            {found.info->id, std::string{check.about.name},
             check.each_example ? example.name + ": " + message : std::move(message)});
      }
      if (!check.each_example) break;
    }
  }
}

}  // namespace

bool to_every(const Example&) { return true; }
bool to_sinks(const Example& example) { return !example.is_source(); }
bool to_sources(const Example& example) { return example.is_source(); }

Trial& run_whole(Trial& trial, const Example& example) {
  constexpr std::int64_t most = 10'000;
  if (example.is_source()) return trial.produce(most).finish();
  return trial.push(example.make_rows()).finish();
}

bool is_polite(Code code) {
  return code == Code::InvalidArgument || code == Code::DataInvalid || code == Code::NotFound;
}

std::string failure_text(const Transcript& transcript) {
  return fmt::format("{}: {}", to_string(transcript.code), transcript.message);
}

std::string difference(const Json& one, const Json& other) {
  if (one == other) return {};
  const auto changes = Json::diff(one, other);
  if (changes.empty()) return "in the order of members";
  const Json::json_pointer place{changes.front().value("path", "")};
  const auto text = [&](const Json& json) {
    return json.contains(place)
               ? json.at(place).dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 120)
               : std::string{"nothing"};
  };
  return fmt::format("{}: {} and {}", place.to_string(), text(one), text(other));
}

const std::vector<ConformanceCheck>& conformance_checks() {
  static const auto names = [] {
    std::vector<ConformanceCheck> list;
    for (const auto& check : all_checks()) list.push_back(check.about);
    return list;
  }();
  return names;
}

std::vector<ConformanceFinding> check_conformance(std::string_view subject,
                                                  const HarnessOptions& options) {
  HarnessOptions where = options;
  std::vector<std::string> ids;
  if (subject.ends_with(".so")) {
    where.library = subject;
    const auto registry = find_plugins(where);
    if (!registry.ok()) return {{std::string{subject}, "load", registry.error().message}};
    for (const auto* info : (*registry)->all()) ids.push_back(info->id);
  } else {
    ids.emplace_back(subject);
  }
  std::vector<ConformanceFinding> findings;
  for (const auto& id : ids) {
    const auto found = find_operator(id, where);
    if (!found.ok()) {
      findings.push_back({id, "load", found.error().message});
      continue;
    }
    run_checks(*found, findings);
  }
  return findings;
}

}  // namespace millrace::testing
