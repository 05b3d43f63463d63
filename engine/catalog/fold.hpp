#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// Returns a text without regard to case and to ways of writing the same letter: NFKC_Casefold of
/// Unicode, what both databases compare when a search says `contains`. Bytes that are no UTF-8 stay
/// as they are.
std::string fold_case(std::string_view text);

}  // namespace millrace
