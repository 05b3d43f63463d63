#include "engine/run/cancel.hpp"

namespace millrace {

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::None:
      return "none";
    case StopReason::User:
      return "user";
    case StopReason::Deadline:
      return "deadline";
    case StopReason::Overload:
      return "overload";
    case StopReason::Shutdown:
      return "shutdown";
    case StopReason::UpstreamFailed:
      return "upstream_failed";
    case StopReason::NotNeeded:
      return "not_needed";
  }
  return "none";
}

}  // namespace millrace
