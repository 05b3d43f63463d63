#pragma once

#include <filesystem>
#include <vector>

#include <millrace/abi.h>

#include "engine/base/result.hpp"
#include "engine/plugin/operator_info.hpp"

namespace millrace {

/// Loads a shared library and asks it for its table, after checking that it speaks our ABI: the
/// symbol, the version, the sizes of the structs and that each operator has the functions its role
/// needs. The library is never unloaded. `host` null asks for the declarations only. Every error
/// names the path, the ABI wanted and found, and the remedy. [any thread, one at a time]
Result<const mr_plugin*> load_library(const std::filesystem::path& library, const mr_host* host);

/// Reads the declarations of a loaded plugin, in its order.
Result<std::vector<OperatorInfo>> read_operators(const std::filesystem::path& library,
                                                 const mr_plugin& plugin);

/// Returns the error of a library that cannot be used. `found` is the ABI it speaks, or why that is
/// not known.
Error library_error(const std::filesystem::path& library, std::string_view reason,
                    std::string_view found);

}  // namespace millrace
