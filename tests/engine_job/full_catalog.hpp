#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

#include "job_place.hpp"

#include <fmt/format.h>

namespace millrace::test {

inline void execute(JobPlace& place, std::string_view sql) {
  must(place.catalog().write_and_wait(
      [sql](Connection& connection) { return connection.run(sql); }));
}

/// Until end() the database finds its disk full when a row of a table is written for which
/// `condition` holds, in SQL of OLD and NEW: an error that passes. end() comes behind all that was
/// asked for before.
class FullCatalog {
 public:
  /// `written`: "UPDATE ON jobs".
  FullCatalog(JobPlace& place, std::string_view written, std::string_view condition)
      : place_{place} {
    if (place.catalog().dialect() == SqlDialect::MySql) {
      execute(place,
              fmt::format("CREATE TRIGGER full_disk BEFORE {} FOR EACH ROW IF {} THEN SIGNAL "
                          "SQLSTATE '45000' SET MYSQL_ERRNO = 1021, MESSAGE_TEXT = 'disk "
                          "full'; END IF",
                          written, condition));
      return;
    }
    // More than the file may become.
    execute(place, "PRAGMA max_page_count = 2000");
    execute(place, "CREATE TABLE too_much (bytes)");
    execute(place, fmt::format("CREATE TRIGGER full_disk BEFORE {} WHEN {} BEGIN INSERT INTO "
                               "too_much VALUES (zeroblob(10000000)); END",
                               written, condition));
  }
  void end() { execute(place_, "DROP TRIGGER full_disk"); }

 private:
  JobPlace& place_;
};

/// Says whether something comes to hold within a minute.
template <class Condition>
bool comes(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!condition() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  return condition();
}

}  // namespace millrace::test
