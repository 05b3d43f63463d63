#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::maisie {

/// Of a header Upload-Metadata.
inline constexpr std::size_t kMostMetadataBytes = 4u << 10;

/// Tells whether a text is what a header Upload-Metadata may hold: "filename bmV0Lmg1,is_raw",
/// keys, each once, with values in Base64, or none.
bool is_upload_metadata(std::string_view text);

/// Returns the value of a key in such a text, empty when it is not there.
std::string upload_metadata_value(std::string_view text, std::string_view key);

}  // namespace millrace::maisie
