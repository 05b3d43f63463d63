#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace::api {

/// Returns the names in a text that has commas between them; "\," is a comma in a name.
std::vector<std::string> split_names(std::string_view text);

}  // namespace millrace::api
