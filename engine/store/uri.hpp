#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace millrace {

/// An address that has been taken apart and checked for form (not for rights).
struct Uri {
  enum class Scheme { File, Qiniu, Http, Https, Blob, Work };
  Scheme scheme = Scheme::File;
  std::string text;      // as given
  std::string zone;      // qiniu
  std::string bucket;    // qiniu
  std::string key;       // qiniu: raw UTF-8, percent signs are literal; work: the name of the file,
                         // empty: all of them
  std::string path;      // file: absolute, normalised, percent-decoded
  std::string root;      // file: the folder beneath which the path is opened; set by Store::check,
                         // empty without rights
  std::string host;      // http(s): host or host:port as written
  std::string sha256;    // blob: 64 hexadecimal digits in lower case
  bool is_open = false;  // blob: set by Store::check, false without rights
};

/// Takes an address apart. qiniu keys follow section 6.2 of the store's rules: 1-750 bytes of UTF-8
/// without control characters, backslash, empty segment, "." or "..", or a segment that ends in
/// ".partial" or is longer than 255 bytes. file: is "file:///absolute/path" or
/// "file:/absolute/path"; http(s): has no user, and its host is a name, an IPv4 address or an IPv6
/// address in brackets. blob: is "blob:<64 hexadecimal digits in lower case>", a content of
/// Store::blobs(). work: is "work:///NAME", a file of the scratch of the job that asks
/// (scratch.hpp). Schemes are written in lower case. The fault word is in Error::detail: uri_syntax
/// (unknown schemes too), uri_bucket, uri_key, uri_zone.
Result<Uri> parse_uri(std::string_view text);
/// The same for an address that names a folder (prefix): the key may be empty, a trailing "/" is
/// dropped.
Result<Uri> parse_prefix(std::string_view text);

/// Tells whether `name` may be a zone: [a-z0-9][a-z0-9-]{0,31}.
bool is_zone_name(std::string_view name);

/// Returns the qiniu: address of a key, without checking it.
std::string qiniu_uri(std::string_view zone, std::string_view bucket, std::string_view key);

/// Returns file: URI of an absolute path, percent-encoding what must be.
std::string file_uri(const std::filesystem::path& path);

/// Returns a path, or a part of one, as it stands in a file: URI.
std::string uri_path(std::string_view path);

/// What the name of an object ends in that is staged and not yet whole; no address names it.
inline constexpr std::string_view kPartialEnding = ".partial";

}  // namespace millrace
