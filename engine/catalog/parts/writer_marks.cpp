#include "engine/catalog/part.hpp"

namespace millrace {

// One row for each process that writes over a network: the number of its last transaction. When the
// answer to a COMMIT is lost, the row tells whether it was obeyed, and nothing is written twice.
CatalogPart part_writer_marks() {
  CatalogPart part;
  part.name = "writer_marks";
  part.migrations = {{
      1,
      "marks of writers",
      {MigrationStep::statement(R"(CREATE TABLE IF NOT EXISTS writer_marks (
        writer {key 64} NOT NULL,
        mark {integer} NOT NULL,
        time_us {integer} NOT NULL,
        PRIMARY KEY (writer)
      ) {clustered})")},
  }};
  return part;
}

}  // namespace millrace
