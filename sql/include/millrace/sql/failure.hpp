#pragma once

#include <stdexcept>
#include <string>

namespace millrace::sql {

/// What a caller may do about a failure; the numbers are those of the C ABI
/// (sdk/include/millrace/abi.h).
///   passes by itself   Unavailable: the server is away or silent, a lock was not to be had, the
///                      transaction was undone (deadlock); Io: file or disk do not answer
///   passes with help   Exhausted: the disk or a table is full; DeadlineExceeded: more time
///   never passes       InvalidArgument: a value that the column does not take, or larger than the
///                      database takes at all; Conflict: taken, or still referred to; NotFound:
///                      database, table or column; PermissionDenied: of the account; DataInvalid:
///                      the file is damaged, or a cell is not of its column's type; Internal: SQL
///                      or calls that are wrong
///   was asked for      Cancelled: by Connection::interrupt()
enum class Code : int {
  InvalidArgument = 1,
  NotFound = 2,
  Conflict = 3,
  DataInvalid = 4,
  Cancelled = 5,
  DeadlineExceeded = 6,
  Exhausted = 7,
  Unavailable = 8,
  Io = 9,
  Internal = 10,
  PermissionDenied = 12
};

/// What this layer throws, and nothing else but std::bad_alloc. what() is for the person who asked:
/// it holds addresses and the server's own words, never a password.
class Failure : public std::runtime_error {
 public:
  struct Origin {
    int number = 0;           // of the server, its client library or SQLite; 0: our own
    std::string sqlstate{};   // "23000"; MySQL
    std::string statement{};  // as it was given, without values; for a log that stays inside
    bool ends_session = false;
  };

  Failure(Code code, const std::string& message) : Failure{code, message, {}} {}
  Failure(Code code, const std::string& message, Origin origin)
      : std::runtime_error{message}, code_{code}, origin_{std::move(origin)} {}

  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const Origin& origin() const { return origin_; }

 private:
  Code code_;
  Origin origin_;
};

}  // namespace millrace::sql
