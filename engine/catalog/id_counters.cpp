#include "engine/catalog/id_counters.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace millrace {

Result<std::int64_t> draw_ids(Connection& connection, const Entity& entity, std::size_t count) {
  const std::string name{entity.name};
  const auto more = static_cast<std::int64_t>(count);
  // Takes the row first: what follows is nobody else's.
  MR_TRY(
      const auto taken,
      connection.execute("UPDATE id_counters SET last = last + ? WHERE entity = ?", {more, name}));
  if (taken.rows == 0) {
    const auto made =
        connection.execute("INSERT INTO id_counters (entity, last) VALUES (?, ?)", {name, more});
    if (!made.ok() && made.error().code == Code::Conflict)
      return Error{Code::Unavailable, "catalog: another engine draws the first id as well"};
    MR_CHECK(made);
  }
  MR_TRY(const SqlRows found,
         connection.query(fmt::format("SELECT last, (SELECT MAX(id) FROM {}) FROM id_counters "
                                      "WHERE entity = ?",
                                      entity.table),
                          {name}));
  const auto before = integer(found.rows.at(0).at(0)) - more;
  const auto greatest = integer(found.rows.at(0).at(1));  // of a row that somebody else put there
  if (greatest > before) {
    MR_CHECK(connection.execute("UPDATE id_counters SET last = ? WHERE entity = ?",
                                {greatest + more, name}));
  }
  return std::max(before, greatest) + 1;
}

}  // namespace millrace
