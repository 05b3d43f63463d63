#include "sql/src/mysql/errors.hpp"

#include <catch2/catch.hpp>

namespace sql = millrace::sql;
using millrace::sql::Code;
using millrace::sql::code_of_mysql;

TEST_CASE("errors of a MySQL server say whether they pass by themselves", "[sql][errors]") {
  // Away, silent, locked, undone: again later.
  for (const int number : {1040, 1203, 1205, 1213, 1290, 1927, 2002, 2003, 2006, 2013, 4031}) {
    INFO(number);
    CHECK(code_of_mysql(number) == Code::Unavailable);
  }
  // Too large, too long, no such value: never.
  for (const int number : {1005, 1048, 1153, 1264, 1267, 1292, 1366, 1406, 1822, 2020, 3780}) {
    INFO(number);
    CHECK(code_of_mysql(number) == Code::InvalidArgument);
  }
  for (const int number : {3, 1021, 1114}) CHECK(code_of_mysql(number) == Code::Exhausted);
  for (const int number : {1049, 1054, 1146}) CHECK(code_of_mysql(number) == Code::NotFound);
  for (const int number : {1044, 1045, 1142, 1227})
    CHECK(code_of_mysql(number) == Code::PermissionDenied);
  CHECK(code_of_mysql(1062) == Code::Conflict);
  CHECK(code_of_mysql(1451) == Code::Conflict);
  CHECK(code_of_mysql(1969) == Code::DeadlineExceeded);
  CHECK(code_of_mysql(1064) == Code::Internal);  // syntax: ours
  CHECK(code_of_mysql(0) == Code::Internal);
  CHECK(code_of_mysql(99'999) == Code::Internal);
}

TEST_CASE("errors of a MySQL server say whether the session is gone", "[sql][errors]") {
  for (const int number : {1053, 1153, 1927, 2006, 2013, 2020, 2099, 4031}) {
    INFO(number);
    CHECK(sql::ends_mysql_session(number));
  }
  for (const int number : {1062, 1205, 1213, 1290, 1064, 3024}) {
    INFO(number);
    CHECK_FALSE(sql::ends_mysql_session(number));
  }
}
