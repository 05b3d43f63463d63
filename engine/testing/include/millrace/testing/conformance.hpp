#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/testing/harness.hpp>

namespace millrace::testing {

/// Something in which an operator does not do what the engine relies on.
struct ConformanceFinding {
  std::string operator_id;  // "filter.min_area"
  std::string check;        // "sliced"
  std::string message;      // what happened, and for which example
};

struct ConformanceCheck {
  std::string_view name;
  std::string_view doc;  // what it asks
};

/// All checks there are, in the order in which they run.
MILLRACE_TESTING_API const std::vector<ConformanceCheck>& conformance_checks();

/// Runs all checks on an operator, or on all operators of a library when `subject` ends in ".so".
/// Returns what was found: nothing, when the operator may be used. A check that the operator's
/// declaration excuses
/// ("conformance": {"skip": {"sliced": "why"}}) does not run.
///
/// An operator is fed with its declared examples: {"params": {...}, "rows": {"column": [...]},
/// "types": {"column": "int32"}, "objects": {"qiniu:///z0/b/k": "text" or {"base64": "..."}},
/// "catalog": {"column": [...]}, "databases": {"name": ["CREATE TABLE ..."]}}. Without any, it is
/// fed with made-up values in the columns that it declares to read.
MILLRACE_TESTING_API std::vector<ConformanceFinding> check_conformance(
    std::string_view subject, const HarnessOptions& options = {});

}  // namespace millrace::testing
