#include "tools/millrace/exit_code.hpp"

namespace millrace::tool {

int exit_code(Code code) {
  switch (code) {
    case Code::InvalidArgument:
    case Code::DataInvalid:
      return kBadInput;
    case Code::NotFound:
      return kNotFound;
    case Code::Exhausted:
    case Code::Unavailable:
    case Code::DeadlineExceeded:
    case Code::Io:
      return kUnavailable;
    case Code::Cancelled:
      return kInterrupted;
    case Code::Conflict:
    case Code::Internal:
    case Code::Unauthenticated:
    case Code::PermissionDenied:
      break;
  }
  return kFailed;
}

}  // namespace millrace::tool
