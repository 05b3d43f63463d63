#include "engine/catalog/installation.hpp"

#include "engine/base/random.hpp"

namespace millrace {

Result<std::string> name_installation(Connection& connection) {
  constexpr std::size_t kNameBytes = 8;
  const auto made = connection.execute(
      "INSERT INTO installation (id, name) SELECT 1, ? FROM (SELECT 1) AS made WHERE NOT EXISTS "
      "(SELECT 1 FROM installation)",
      {system_random().hex(kNameBytes)});
  // Another engine names it at this moment.
  if (!made.ok() && made.error().code != Code::Conflict) return made.error();
  MR_TRY(const SqlRows found, connection.query("SELECT name FROM installation WHERE id = 1"));
  if (found.rows.empty()) return Error{Code::DataInvalid, "catalog: the installation has no name"};
  return std::get<std::string>(found.rows[0].at(0));
}

}  // namespace millrace
