#include "engine/catalog/part.hpp"

namespace millrace {

// One row: the name that tells the jobs of this catalog from those of others, wherever both leave
// something (installation.hpp).
CatalogPart part_installation() {
  CatalogPart part;
  part.name = "installation";
  part.migrations = {{
      1,
      "a name of the installation",
      {MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS installation (
        id {integer} NOT NULL,
        name {key 64} NOT NULL,
        PRIMARY KEY (id)
      ) {clustered})")},
  }};
  return part;
}

}  // namespace millrace
