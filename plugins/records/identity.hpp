#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::records {

/// Appends "<url>#<node>:<number>": of a root `url`, the input's name and the line; of a step an
/// identity, the node's name and the copy index (0 at a filter). No two records of a job share one.
void append_identity(std::string& out, std::string_view base, std::string_view node,
                     std::int64_t number);

/// Returns the same as new text.
std::string identity(std::string_view base, std::string_view node, std::int64_t number);

}  // namespace millrace::records
