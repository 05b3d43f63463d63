#pragma once

#include <cstdint>
#include <string_view>

namespace millrace::http {

/// What part of a body of known size a request asks for (RFC 9110, section 14).
struct ByteRange {
  enum class Kind { Whole, Part, Unsatisfiable };
  Kind kind = Kind::Whole;
  std::uint64_t first = 0, count = 0;
};

/// Reads the header Range for a body of `size` bytes. A header that is malformed, of another unit,
/// or of several ranges asks for the whole body.
ByteRange read_range(std::string_view range, std::uint64_t size);

/// Tells whether `if_range` (an entity tag or a date) names the version that has this ETag and
/// Last-Modified. A weak tag never does.
bool is_same_version(std::string_view if_range, std::string_view etag,
                     std::string_view last_modified);

}  // namespace millrace::http
