#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

#include "api/http/body_sink.hpp"
#include "api/http/message.hpp"

namespace millrace::http {

/// The size up to which a body is kept where nothing else is said.
constexpr std::size_t kBodyBytes = 1u << 20;

/// What becomes of the body of a request, decided at the end of its head, when none of it has been
/// looked at. One that is larger than `most_bytes` is answered with 413.
struct BodyPlan {
  std::size_t most_bytes = kBodyBytes;
  std::unique_ptr<BodySink> sink{};  // takes the body in place of Request::body
  Handler refusal{};                 // nobody wants the body: this answers, in place of the site

  static BodyPlan keep(std::size_t most_bytes) { return {.most_bytes = most_bytes}; }
  static BodyPlan give(std::unique_ptr<BodySink> sink, std::size_t most_bytes) {
    return {.most_bytes = most_bytes, .sink = std::move(sink)};
  }
  /// The request is answered without its body: at once when that is large, else behind it, so that
  /// the connection goes on.
  static BodyPlan drop(Handler refusal) {
    return {.most_bytes = std::numeric_limits<std::size_t>::max(), .refusal = std::move(refusal)};
  }
};

}  // namespace millrace::http
