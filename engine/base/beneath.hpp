#pragma once

#include <string_view>

#include "engine/base/file_descriptor.hpp"

#include <sys/types.h>

namespace millrace::detail {

/// Tells whether `name` is "a/b/c": relative, no empty segment, no ".", no "..", no zero byte. ""
/// is the folder itself.
bool is_inner_name(std::string_view name);

/// Opens `name` below the folder `root` without following a symbolic link anywhere; O_CLOEXEC is
/// added. `name` has passed is_inner_name. An empty descriptor means failure, and errno says why:
/// ELOOP for a link. [any thread]
FileDescriptor open_beneath(int root, std::string_view name, int flags, mode_t mode = 0);

/// The same, segment by segment, for kernels and containers that refuse openat2.
FileDescriptor walk_beneath(int root, std::string_view name, int flags, mode_t mode = 0);

}  // namespace millrace::detail
