#pragma once

#include <string>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Returns the name of a catalog, 16 hexadecimal digits, which whoever opens it first draws. It
/// goes with the rows: a copy of them has the same one.
Result<std::string> name_installation(Connection& connection);

}  // namespace millrace
