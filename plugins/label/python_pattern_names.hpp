#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::label::python {

/// Returns the character with this alias, which is in capitals: "LF", "NULL", "ZWJ", "VS17".
std::optional<std::uint32_t> character_by_alias(std::string_view name);

}  // namespace millrace::label::python
