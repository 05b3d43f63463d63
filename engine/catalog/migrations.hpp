#pragma once

#include <span>

#include "engine/base/clock.hpp"
#include "engine/catalog/database.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

/// Brings the tables of `parts` up to date and notes each step in schema_migrations, so that a
/// migration that was interrupted goes on with the step it was at. A database that knows more than
/// this program is Conflict; nothing is changed then. Two programs at one database take turns.
Result<void> migrate(Connection& connection, SqlDialect dialect, std::span<const CatalogPart> parts,
                     const Clock& clock);

}  // namespace millrace
