#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/testing/conformance.hpp>

#include "engine/testing/example.hpp"
#include "engine/testing/plugin_finder.hpp"
#include "engine/testing/trial.hpp"

namespace millrace::testing {

/// What one check looks at, and where it says what it found.
struct Subject {
  const FoundOperator& found;
  const Example& example;
  std::vector<std::string>& findings;

  [[nodiscard]] const OperatorInfo& info() const { return example.info; }
  void add(std::string message) const { findings.push_back(std::move(message)); }
};

/// One check: once for an operator (with its first example), or once for every example.
struct Check {
  ConformanceCheck about;
  bool each_example;
  bool (*applies)(const Example& example);
  void (*run)(const Subject& subject);
};

/// The checks of each file, in order.
std::vector<Check> declaration_checks();
std::vector<Check> data_checks();
std::vector<Check> state_checks();
std::vector<Check> call_checks();

// Conditions under which a check applies.
bool to_every(const Example& example);
bool to_sinks(const Example& example);    // operators that take batches
bool to_sources(const Example& example);  // inputs

/// Runs an example as the engine would: all rows in one batch, or all that an input emits.
Trial& run_whole(Trial& trial, const Example& example);

/// Returns the first place at which two transcripts differ, empty when there is none:
/// "/rows//rows/0/2: 1.5 and 2".
std::string difference(const Json& one, const Json& other);

/// Whether a failure is one that an operator may give for data it cannot use.
bool is_polite(Code code);

/// "code: message" of a transcript that failed.
std::string failure_text(const Transcript& transcript);

}  // namespace millrace::testing
