#pragma once

#include "engine/base/error.hpp"

namespace millrace {

/// Returns what an error number of the server or of the client library means for a caller
/// (database.hpp says what each code leads to). Numbers that are not known are Internal.
Code code_of_mysql_error(int number);

/// Says whether the session is gone with this error, and its transaction with it.
bool ends_mysql_session(int number);

}  // namespace millrace
