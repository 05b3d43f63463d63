// The header Upload-Metadata, and the checksums beside it, as anybody may send them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <openssl/evp.h>

#include "api/maisie/upload_metadata.hpp"
#include "engine/base/base64.hpp"

namespace {

using namespace millrace;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string to_base64(const std::string& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// What is decoded and encoded again is the text.
void check_base64(const std::string& text) {
  const auto bytes = from_base64(text);
  if (!bytes) return;
  require(to_base64(*bytes) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text{reinterpret_cast<const char*>(data), size};
  check_base64(text);
  const bool is_good = maisie::is_upload_metadata(text);
  for (const auto* key : {"filename", "a", ""}) {
    const auto value = maisie::upload_metadata_value(text, key);
    require(value.size() <= text.size());
    if (is_good && *key == '\0') require(value.empty());
  }
  // What it holds can be told from what is written beside it.
  if (is_good && !text.empty() && text.find("filename") == std::string::npos)
    require(maisie::upload_metadata_value(text + ",filename bmV0Lmg1", "filename") == "net.h5");
  return 0;
}
