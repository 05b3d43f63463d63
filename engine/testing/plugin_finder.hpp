#pragma once

#include <string>
#include <string_view>

#include <millrace/abi.h>
#include <millrace/testing/harness.hpp>

#include "engine/base/result.hpp"
#include "engine/plugin/registry.hpp"

namespace millrace::testing {

/// Returns the registry of the plugins that the options name. Made once for the same folders and
/// library, and kept for the life of the program, since libraries are never unloaded. [any thread]
Result<Registry*> find_plugins(const HarnessOptions& options);

/// An operator, ready to be made.
struct FoundOperator {
  const OperatorInfo* info = nullptr;
  const mr_operator* table = nullptr;
};

/// Finds an operator, or says which name is near.
Result<FoundOperator> find_operator(std::string_view id, const HarnessOptions& options);

}  // namespace millrace::testing
