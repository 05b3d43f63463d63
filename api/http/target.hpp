#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::http {

/// Returns `text` with its percent escapes resolved, or nothing when an escape is broken or stands
/// for a zero byte. `plus_is_space` holds for query strings (application/x-www-form-urlencoded).
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// Returns `text` with everything escaped but the unreserved characters of RFC 3986 and those in
/// `keep`.
std::string percent_encode(std::string_view text, std::string_view keep = {});

using Query = std::vector<std::pair<std::string, std::string>>;

/// Takes "a=1&b=two+words" apart, in order; nothing when an escape is broken.
std::optional<Query> read_query(std::string_view text);

struct Target {
  std::string path;
  Query query;
  std::optional<std::string_view> authority{};  // of the absolute form; a part of what was read
};

/// Takes a request target apart: origin form ("/a?b=c"), absolute form ("http://host/a") and "*"
/// (RFC 9112, 3.2).
std::optional<Target> read_target(std::string_view target);

/// Returns a target as a log shows it: without the value of `ticket`, which lets in who knows it.
std::string shown_target(std::string_view target);

}  // namespace millrace::http
