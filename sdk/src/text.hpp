#pragma once

#include <string_view>

#include <millrace/abi.h>

namespace millrace::detail {

inline mr_text text(std::string_view view) { return {view.data(), view.size()}; }

inline std::string_view view(mr_text text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

/// The innermost call that this thread is in, of this plugin; null outside.
mr_context* current_call();

}  // namespace millrace::detail
