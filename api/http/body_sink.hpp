#pragma once

#include <cstddef>
#include <string_view>

#include "engine/base/result.hpp"

namespace millrace::http {

class FormUpload;

/// Takes the body of one request while it arrives, instead of Request::body. One that is destroyed
/// before finish() drops what it took. [threads for blocking work, one call at a time; may block]
///
/// An error ends the request with its text: 400 for InvalidArgument and DataInvalid, 401 for
/// Unauthenticated, 403 for PermissionDenied, 404 for
/// NotFound, 409 for Conflict, 413 for Exhausted, but 507 for a disk or quota that is full and 503
/// for what else the system lacks, 503 for Unavailable, else 500.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// Takes the next bytes; a piece of the body is never empty.
  virtual Result<void> write(std::string_view bytes) = 0;
  /// Says that the body is whole. The handler is called next.
  virtual Result<void> finish() = 0;
  /// How many bytes of the body it keeps in memory. Looked at after each call.
  [[nodiscard]] virtual std::size_t kept_bytes() const { return 0; }
  /// Returns the form that it takes apart; null for other bodies.
  [[nodiscard]] virtual FormUpload* form() { return nullptr; }
};

}  // namespace millrace::http
