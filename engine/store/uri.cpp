#include "engine/store/uri.hpp"

#include <algorithm>

#include "engine/base/utf8.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/http_uri.hpp"
#include "engine/store/scratch.hpp"
#include "engine/store/uri_limits.hpp"

namespace millrace {
namespace {

Error fault(std::string_view word, std::string_view what, std::string_view text) {
  std::string message{"address: "};
  message += what;
  message += ": ";
  message += printable(text);
  return {Code::InvalidArgument, std::move(message), std::string{word}};
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool is_letter_or_digit(char c) { return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z'); }

// A bucket is a folder of the store, so it cannot look like an unfinished object either.
bool is_bucket_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && is_letter_or_digit(name[0]) &&
         !name.ends_with(kPartialEnding) && std::all_of(name.begin(), name.end(), [](char c) {
           return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-';
         });
}

// Returns what is wrong with one segment of a key or path, or nothing.
std::string_view segment_fault(std::string_view segment) {
  if (segment.empty()) return "empty part between two slashes";
  if (segment == "." || segment == "..") return "\".\" and \"..\" are not allowed";
  if (segment.size() > kMostSegmentBytes) return "part longer than 255 bytes";
  if (segment.ends_with(kPartialEnding)) {
    return "names that end in .partial are kept for unfinished objects";
  }
  return {};
}

std::string_view segments_fault(std::string_view path) {
  for (std::size_t start = 0; start <= path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    if (const auto what = segment_fault(path.substr(start, end - start)); !what.empty()) {
      return what;
    }
    start = end + 1;
  }
  return {};
}

std::string_view key_fault(std::string_view key) {
  if (key.size() > kMostKeyBytes) return "key longer than 750 bytes";
  if (!is_utf8(key)) return "key is not UTF-8";
  if (has_control_character(key)) return "control character in the key";
  if (key.find('\\') != std::string_view::npos) return "backslash in the key";
  return segments_fault(key);
}

Result<Uri> parse_qiniu(std::string_view text, bool is_prefix) {
  constexpr std::string_view kStart = "qiniu:///";
  if (text.substr(0, kStart.size()) != kStart) {
    return fault("uri_syntax", "three slashes must follow, as in qiniu:///zone/bucket/key", text);
  }
  auto rest = text.substr(kStart.size());
  const auto zone_end = rest.find('/');
  if (zone_end == std::string_view::npos) {
    return fault("uri_syntax", "fewer parts than qiniu:///zone/bucket/key", text);
  }
  Uri uri;
  uri.scheme = Uri::Scheme::Qiniu;
  uri.text = text;
  uri.zone = rest.substr(0, zone_end);
  rest.remove_prefix(zone_end + 1);
  const auto bucket_end = rest.find('/');
  uri.bucket = rest.substr(0, bucket_end);
  if (bucket_end != std::string_view::npos) uri.key = rest.substr(bucket_end + 1);
  if (is_prefix && uri.key.size() > 1 && uri.key.back() == '/') uri.key.pop_back();

  if (uri.key.empty() && !is_prefix) {
    return fault("uri_syntax", "fewer parts than qiniu:///zone/bucket/key", text);
  }
  if (!is_zone_name(uri.zone)) return fault("uri_zone", "not a zone", text);
  if (!is_bucket_name(uri.bucket)) return fault("uri_bucket", "bad bucket name", text);
  if (!uri.key.empty()) {
    if (const auto what = key_fault(uri.key); !what.empty()) return fault("uri_key", what, text);
  }
  return uri;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool decode_percent(std::string_view text, std::string& out) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    if (at + 2 >= text.size()) return false;
    const int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
    if (high < 0 || low < 0) return false;
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return true;
}

Result<Uri> parse_file(std::string_view text, bool is_prefix) {
  auto rest = text.substr(5);
  if (rest.substr(0, 12) == "//localhost/") {
    rest.remove_prefix(11);
  } else if (rest.substr(0, 2) == "//") {
    rest.remove_prefix(2);
  }
  if (rest.empty() || rest[0] != '/') {
    return fault("uri_syntax", "a file is named by its absolute path, as in file:///data/list.json",
                 text);
  }
  if (rest.find_first_of("?#") != std::string_view::npos) {
    return fault("uri_syntax", "write ? as %3F and # as %23 in a file address", text);
  }
  std::string path;
  if (!decode_percent(rest, path)) {
    return fault("uri_syntax", "% without two hexadecimal digits (a percent sign is %25)", text);
  }
  if (std::any_of(path.begin(), path.end(),
                  [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
    return fault("uri_syntax", "control character in the path", text);
  }
  Uri uri;
  uri.scheme = Uri::Scheme::File;
  uri.text = text;
  // More than two slashes at the front, or "//" inside, count as one; ".." at the root is the root.
  uri.path = std::filesystem::path{path}.lexically_normal().string();
  uri.path.erase(1, std::min(uri.path.find_first_not_of('/'), uri.path.size()) - 1);
  const bool names_folder = uri.path.back() == '/';
  if (names_folder && !is_prefix)
    return fault("uri_syntax", "this names a folder, not a file", text);
  if (names_folder && uri.path.size() > 1) uri.path.pop_back();
  if (uri.path.size() > 1) {
    if (const auto what = segments_fault(std::string_view{uri.path}.substr(1)); !what.empty()) {
      return fault("uri_key", what, text);
    }
  }
  return uri;
}

Result<Uri> parse_blob(std::string_view text, bool is_prefix) {
  const auto name = text.substr(text.find(':') + 1);
  if (is_prefix) return fault("uri_syntax", "a blob address names one content, no folder", text);
  if (!is_blob_name(name)) {
    return fault("uri_syntax", "64 hexadecimal digits in lower case must follow blob:", text);
  }
  Uri uri;
  uri.scheme = Uri::Scheme::Blob;
  uri.text = text;
  uri.sha256 = name;
  return uri;
}

Result<Uri> parse_work(std::string_view text, bool is_prefix) {
  constexpr std::string_view kStart = "work:///";
  if (!text.starts_with(kStart)) {
    return fault("uri_syntax", "three slashes must follow, as in work:///name", text);
  }
  const auto name = text.substr(kStart.size());
  const bool is_all = is_prefix && name.empty();
  if (!is_all && !is_scratch_name(name)) {
    return fault("uri_key",
                 "a scratch file is named by 1 to 200 letters, digits, '.', '_' and '-', the first "
                 "no '.'",
                 text);
  }
  Uri uri;
  uri.scheme = Uri::Scheme::Work;
  uri.text = text;
  uri.key = name;
  return uri;
}

Result<Uri> parse(std::string_view text, bool is_prefix) {
  if (text.size() > kMostUriBytes) return fault("uri_syntax", "longer than 8192 bytes", text);
  const auto colon = text.find(':');
  const auto scheme = text.substr(0, colon);
  if (colon == std::string_view::npos || scheme.empty() ||
      !std::all_of(scheme.begin(), scheme.end(), [](char c) {
        return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.';
      })) {
    return fault("uri_syntax", "not an address (a file is file:///absolute/path)", text);
  }
  if (scheme == "qiniu") return parse_qiniu(text, is_prefix);
  if (scheme == "file") return parse_file(text, is_prefix);
  if (scheme == "blob") return parse_blob(text, is_prefix);
  if (scheme == "work") return parse_work(text, is_prefix);
  if (scheme != "http" && scheme != "https") {
    return fault("uri_syntax", "the scheme must be qiniu, file, http or https, in lower case",
                 text);
  }
  std::string host;
  if (const auto what = detail::http_fault(text, host); !what.empty()) {
    return fault("uri_syntax", what, text);
  }
  Uri uri;
  uri.scheme = scheme == "http" ? Uri::Scheme::Http : Uri::Scheme::Https;
  uri.text = text;
  uri.host = std::move(host);
  return uri;
}

}  // namespace

Result<Uri> parse_uri(std::string_view text) { return parse(text, false); }

Result<Uri> parse_prefix(std::string_view text) { return parse(text, true); }

bool is_zone_name(std::string_view name) {
  return !name.empty() && name.size() <= 32 && is_lower_or_digit(name[0]) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

std::string qiniu_uri(std::string_view zone, std::string_view bucket, std::string_view key) {
  std::string uri{"qiniu:///"};
  uri.append(zone).append("/").append(bucket).append("/").append(key);
  return uri;
}

std::string uri_path(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "/-._~!$&'()*+,;=:@";  // pchar of RFC 3986, and the slash
  std::string text;
  for (const char c : path) {
    if (is_letter_or_digit(c) || kPlain.find(c) != std::string_view::npos) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  }
  return text;
}

std::string file_uri(const std::filesystem::path& path) {
  return "file://" + uri_path(path.string());
}

}  // namespace millrace
