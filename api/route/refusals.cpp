#include "api/route/refusals.hpp"

#include <algorithm>
#include <array>

namespace millrace::api {

namespace {

struct Word {
  std::string_view word;
  int status;
  Code code;
};

// Of several rows with one status the first is what the server itself means by it.
constexpr std::array kWords{Word{"malformed", 400, Code::InvalidArgument},
                            Word{"json", 400, Code::DataInvalid},
                            Word{"schema", 400, Code::InvalidArgument},
                            Word{"host", 400, Code::InvalidArgument},
                            Word{"origin", 403, Code::PermissionDenied},
                            Word{"no_route", 404, Code::NotFound},
                            Word{"method", 405, Code::NotFound},
                            Word{"timeout", 408, Code::DeadlineExceeded},
                            Word{"conflict", 409, Code::Conflict},
                            Word{"precondition", 412, Code::Conflict},
                            Word{"body_size", 413, Code::InvalidArgument},
                            Word{"range", 416, Code::InvalidArgument},
                            Word{"expectation", 417, Code::InvalidArgument},
                            Word{"throttled", 429, Code::Exhausted},
                            Word{"head_size", 431, Code::InvalidArgument},
                            Word{"server", 500, Code::Internal},
                            Word{"method_unknown", 501, Code::InvalidArgument},
                            Word{"busy", 503, Code::Unavailable},
                            Word{"queue_full", 503, Code::Exhausted},
                            Word{"deadline", 504, Code::DeadlineExceeded},
                            Word{"http_version", 505, Code::InvalidArgument},
                            Word{"disk_full", 507, Code::Exhausted}};

int status_of(Code code) {
  switch (code) {
    case Code::InvalidArgument:
      return 400;
    case Code::NotFound:
      return 404;
    case Code::Conflict:
      return 409;
    case Code::DataInvalid:
      return 422;
    case Code::Cancelled:
      return 409;
    case Code::DeadlineExceeded:
      return 504;
    case Code::Exhausted:
      return 503;
    case Code::Unavailable:
      return 503;
    case Code::Io:
      return 500;
    case Code::Internal:
      return 500;
    case Code::Unauthenticated:
      return 401;
    case Code::PermissionDenied:
      return 403;
  }
  return 500;
}

}  // namespace

int status_of(const Refusal& refusal) {
  const auto* known = std::find_if(kWords.begin(), kWords.end(),
                                   [&](const Word& row) { return row.word == refusal.word; });
  return known != kWords.end() ? known->status : status_of(refusal.error.code);
}

Refusal server_refusal(int status, std::string_view why) {
  const auto* known = std::find_if(kWords.begin(), kWords.end(),
                                   [&](const Word& row) { return row.status == status; });
  if (known == kWords.end()) return refusal(Code::InvalidArgument, "malformed", std::string{why});
  auto refused = refusal(known->code, known->word, std::string{why});
  if (status == 503) refused.retry_after = std::chrono::seconds{1};
  return refused;
}

Refusal refusal(Code code, std::string_view word, std::string message) {
  return {.error = {code, std::move(message)}, .word = std::string{word}};
}

}  // namespace millrace::api
