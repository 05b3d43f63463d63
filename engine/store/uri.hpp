#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace millrace {

/// An address that has been taken apart and checked for form (not for rights).
struct Uri {
  enum class Scheme { File, Qiniu, Http, Https };
  Scheme scheme = Scheme::File;
  std::string text;     // as given
  std::string zone;     // qiniu
  std::string bucket;   // qiniu
  std::string key;      // qiniu: raw UTF-8, percent signs are literal
  std::string path;     // file: absolute, normalised, percent-decoded
  std::string host;     // http(s): host or host:port as written
};

/// Takes an address apart. qiniu keys follow section 6.2 of the store's rules: 1-750 bytes of UTF-8 without control
/// characters, backslash, empty segment, "." or "..", or a segment that ends in ".partial". The fault word is in
/// Error::detail: uri_syntax, uri_scheme, uri_bucket, uri_key, uri_zone.
Result<Uri> parse_uri(std::string_view text);
/// The same for an address that names a folder (prefix): the key may be empty, a trailing "/" is dropped.
Result<Uri> parse_prefix(std::string_view text);

/// Returns file: URI of an absolute path, percent-encoding what must be.
std::string file_uri(const std::filesystem::path& path);

}  // namespace millrace
