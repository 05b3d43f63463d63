#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

/// What a caller may do about a failure; the numbers are those of the C ABI
/// (sdk/include/millrace/abi.h).
enum class Code : int {
  InvalidArgument = 1,   // change the request
  NotFound = 2,          // name something that exists
  Conflict = 3,          // read the present state again
  DataInvalid = 4,       // mend the data
  Cancelled = 5,         // somebody asked for it
  DeadlineExceeded = 6,  // allow more time
  Exhausted = 7,         // free or wait for a resource
  Unavailable = 8,       // try again later
  Io = 9,                // look at the disk or the network
  Internal = 10,         // our mistake
  Unauthenticated = 11,  // sign in
  PermissionDenied = 12  // ask the owner
};

/// Returns the code in lower case with underscores, the word used in logs, JSON and exit texts.
std::string_view to_string(Code code);
/// Reads that word; nothing for another.
std::optional<Code> read_code(std::string_view word);

/// A failure. `message` is for the person who asked: static part first, values last, and the way
/// out. `detail` is for the log of the server only (paths, driver texts) and never leaves it.
/// `field` names the member of a request that is wrong, where one is.
struct Error {
  Code code = Code::Internal;
  std::string message;
  std::string detail{};
  std::string field{};

  /// Returns the same error with `context` before its message, as it is passed up: "open list: no
  /// such file: a.txt".
  [[nodiscard]] Error within(std::string_view context) const;
};

/// Returns the error of a failed system call: the code that fits `error_number`, and "what:
/// strerror (name)".
Error system_error(std::string_view what, std::string_view name, int error_number);

}  // namespace millrace
