#pragma once

#include <string>

namespace millrace::tool {

/// Checks of an option, in words for a person, where those of CLI11 end in its largest double: what
/// is wrong with a text that is no whole number above 0, or none from 0 on; empty: nothing.
std::string positive_fault(const std::string& text);
std::string non_negative_fault(const std::string& text);

}  // namespace millrace::tool
