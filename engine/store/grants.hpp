#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::detail {

/// Tells whether one of the "zone/bucket" patterns covers the bucket; no pattern at all covers
/// each.
/// "*" stands for any run of characters within its part: "z0/*", "*/out", "z0/tenant-7-*".
bool is_granted(const std::vector<std::string>& grants, std::string_view zone,
                std::string_view bucket);

}  // namespace millrace::detail
