#pragma once

#include <millrace/sql/failure.hpp>

namespace millrace::sql {

/// Returns what an error number of the server or of the client library means for a caller. Numbers
/// that are not known are Internal.
Code code_of_mysql(int number);

/// Says whether the session is gone with this error, and its transaction with it.
bool ends_mysql_session(int number);

}  // namespace millrace::sql
