#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plugins/augment/op.hpp"

namespace millrace::augment {

/// Reads one text as the parameter's kind and checks its limits; nothing when it does not fit.
std::optional<Value> read_value(const ParamSpec& param, std::string_view text);

/// Tells a person what the parameter takes: "a number from -360 to 360 (degree)".
std::string describe(const ParamSpec& param);

}  // namespace millrace::augment
