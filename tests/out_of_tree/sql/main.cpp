// Writes rows to the SQLite file that is named, counts them in a stream, and finds the module for
// MySQL and MariaDB, to whose server nobody answers. Ends with 0 when all of it is so.
#include <cstdio>

#include <millrace/sql/connection.hpp>

namespace sql = millrace::sql;

int main(int count, char** arguments) {
  if (count != 2) return 2;
  sql::Settings settings;
  settings.address.path = arguments[1];
  settings.access = sql::Settings::Access::Create;
  const auto connection = sql::connect(settings);
  connection->run("CREATE TABLE t (a INTEGER)");
  sql::Block rows;
  rows.columns.resize(1);
  rows.columns[0].type = sql::Type::Integer;
  for (std::int64_t row = 0; row < 1'000; ++row) rows.columns[0].append(row);
  connection->insert_rows({{"", "t"}, {"a"}}, rows);
  std::int64_t seen = 0;
  const auto reader = connection->stream("SELECT a FROM t");
  while (reader->read(rows, 100)) seen += rows.rows();
  if (seen != 1'000) return 1;
  try {
    settings.address = sql::parse_address("mysql://nobody@127.0.0.1:1/nowhere");
    sql::connect(settings);
  } catch (const sql::Failure& failure) {
    std::puts(failure.what());
    return failure.code() == sql::Code::Unavailable ? 0 : 1;
  }
  return 1;
}
