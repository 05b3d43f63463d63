#include "engine/base/error.hpp"

#include <cerrno>
#include <system_error>

#include "engine/base/utf8.hpp"

namespace millrace {
namespace {

Code code_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
      return Code::NotFound;
    case EEXIST:
    case ENOTEMPTY:
      return Code::Conflict;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EFBIG:
      return Code::Exhausted;
    case EISDIR:
    case ENAMETOOLONG:
    case EILSEQ:
      return Code::InvalidArgument;
    case ELOOP:  // what opening beneath a folder answers to a symbolic link and to a way out
    case EXDEV:
      return Code::PermissionDenied;
    case ETIMEDOUT:
      return Code::DeadlineExceeded;
    case EAGAIN:
    case EBUSY:
    case ETXTBSY:
    case EADDRINUSE:
    case ECONNREFUSED:
    case ECONNRESET:
    case ENETUNREACH:
    case EHOSTUNREACH:
      return Code::Unavailable;
    case EBADF:
    case EFAULT:
      return Code::Internal;
    default:
      return Code::Io;  // EACCES and EROFS too: it is our disk, not the rights of who asked
  }
}

// Says what happened and the way out, where the words of the C library do not.
std::string text_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return "the disk is full; free some space and try again";
    case EDQUOT:
      return "the disk quota is used up; free some space and try again";
    case EROFS:
      return "the file system is mounted read-only";
    case EACCES:
    case EPERM:
      return "the system denies access; check owner and mode of the file and of its folders";
    case EMFILE:
    case ENFILE:
      return "too many open files; raise the limit (ulimit -n)";
    case ENOENT:
      return "no such file or folder";
    case ENOTDIR:
      return "a file stands where a folder is named";
    case EISDIR:
      return "a folder stands where a file is named";
    case ELOOP:
      return "symbolic links are not followed here";
    case EXDEV:
      return "the name leads out of its folder or to another file system";
    default:
      return std::generic_category().message(error_number);
  }
}

}  // namespace

std::string_view to_string(Code code) {
  switch (code) {
    case Code::InvalidArgument:
      return "invalid_argument";
    case Code::NotFound:
      return "not_found";
    case Code::Conflict:
      return "conflict";
    case Code::DataInvalid:
      return "data_invalid";
    case Code::Cancelled:
      return "cancelled";
    case Code::DeadlineExceeded:
      return "deadline_exceeded";
    case Code::Exhausted:
      return "exhausted";
    case Code::Unavailable:
      return "unavailable";
    case Code::Io:
      return "io";
    case Code::Internal:
      return "internal";
    case Code::Unauthenticated:
      return "unauthenticated";
    case Code::PermissionDenied:
      return "permission_denied";
  }
  return "internal";
}

std::optional<Code> read_code(std::string_view word) {
  for (int number = static_cast<int>(Code::InvalidArgument);
       number <= static_cast<int>(Code::PermissionDenied); ++number) {
    if (to_string(Code{number}) == word) return Code{number};
  }
  return std::nullopt;
}

Error Error::within(std::string_view context) const {
  Error outer = *this;
  outer.message.insert(0, ": ").insert(0, context);
  return outer;
}

Error system_error(std::string_view what, std::string_view name, int error_number) {
  std::string message{what};
  message += ": ";
  message += text_of(error_number);
  if (!name.empty()) {
    message += " (";
    message += printable(name, 1024);  // a name on disk need not be UTF-8
    message += ')';
  }
  return {code_of(error_number), std::move(message), "errno " + std::to_string(error_number)};
}

}  // namespace millrace
