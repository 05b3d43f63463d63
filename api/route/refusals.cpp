#include "api/route/refusals.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

namespace millrace::api {

namespace {

struct KnownCode {
  std::string_view name;
  int status;
  Code error;
};

// Of several with one status the first is what the server itself means by it.
constexpr std::array kCodes{KnownCode{"malformed", 400, Code::InvalidArgument},
                            KnownCode{"json", 400, Code::DataInvalid},
                            KnownCode{"schema", 400, Code::InvalidArgument},
                            KnownCode{"host", 400, Code::InvalidArgument},
                            KnownCode{"rights", 403, Code::PermissionDenied},
                            KnownCode{"origin", 403, Code::PermissionDenied},
                            KnownCode{"sign_in", 401, Code::Unauthenticated},
                            KnownCode{"no_route", 404, Code::NotFound},
                            KnownCode{"method", 405, Code::NotFound},
                            KnownCode{"timeout", 408, Code::DeadlineExceeded},
                            KnownCode{"conflict", 409, Code::Conflict},
                            KnownCode{"aborted", 409, Code::Cancelled},
                            KnownCode{"precondition", 412, Code::Conflict},
                            KnownCode{"body_size", 413, Code::InvalidArgument},
                            KnownCode{"range", 416, Code::InvalidArgument},
                            KnownCode{"expectation", 417, Code::InvalidArgument},
                            KnownCode{"throttled", 429, Code::Exhausted},
                            KnownCode{"head_size", 431, Code::InvalidArgument},
                            KnownCode{"client_left", 499, Code::Cancelled},
                            KnownCode{"server", 500, Code::Internal},
                            KnownCode{"method_unknown", 501, Code::InvalidArgument},
                            KnownCode{"busy", 503, Code::Unavailable},
                            KnownCode{"queue_full", 503, Code::Exhausted},
                            KnownCode{"stopping", 503, Code::Unavailable},
                            KnownCode{"deadline", 504, Code::DeadlineExceeded},
                            KnownCode{"http_version", 505, Code::InvalidArgument},
                            KnownCode{"disk_full", 507, Code::Exhausted}};

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

std::string_view to_string(Place place) {
  switch (place) {
    case Place::Path:
      return "path";
    case Place::Query:
      return "query";
    case Place::Header:
      return "header";
    case Place::Body:
      return "body";
    case Place::Form:
      return "form";
    case Place::File:
      return "file";
  }
  return "";
}

std::string pointer_of(const RequestFault& fault) {
  if (fault.place == Place::Body) return fault.path;
  return fmt::format("/{}{}", to_string(fault.place), fault.path);
}

std::vector<RequestFault> faults_in_body(std::vector<Fault> faults, std::string_view pointer) {
  std::vector<RequestFault> made;
  made.reserve(faults.size());
  for (auto& fault : faults) {
    made.push_back({.path = fault.pointer.insert(0, pointer),
                    .code = std::move(fault.kind),
                    .text = std::move(fault.message)});
  }
  return made;
}

Refusal refusal(Code error, std::string_view code, std::string message) {
  const auto* known = std::find_if(kCodes.begin(), kCodes.end(),
                                   [&](const KnownCode& row) { return row.name == code; });
  return {.error = {error, std::move(message)},
          .status = known != kCodes.end() ? known->status : 0,
          .code = std::string{code}};
}

Refusal refusal(std::vector<RequestFault> faults) {
  auto made = refusal(Code::InvalidArgument, "schema", "the request does not fit its schema");
  made.faults = std::move(faults);
  return made;
}

Refusal server_refusal(int status, std::string_view why) {
  const auto* known = std::find_if(kCodes.begin(), kCodes.end(),
                                   [&](const KnownCode& row) { return row.status == status; });
  if (known == kCodes.end()) return refusal(Code::InvalidArgument, "malformed", std::string{why});
  auto refused = refusal(known->error, known->name, std::string{why});
  if (status == 503) refused.retry_after = std::chrono::seconds{1};
  return refused;
}

int status_of(const Refusal& refusal) {
  return refusal.status != 0 ? refusal.status : status_of(refusal.error.code);
}

}  // namespace millrace::api
