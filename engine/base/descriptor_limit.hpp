#pragma once

#include <cstddef>

namespace millrace {

/// Raises how many files and connections this process may have open, the soft limit, to what it may
/// raise it to, the hard one. Returns what is in force then. [any thread]
std::size_t raise_descriptor_limit();

}  // namespace millrace
