#include "engine/catalog/mysql/mysql_errors.hpp"

#include <catch2/catch.hpp>

using namespace millrace;

TEST_CASE("errors of a MySQL server say whether they pass by themselves", "[catalog][mysql]") {
  // Away, silent, locked, undone: again later.
  for (const int number : {1040, 1205, 1213, 1290, 1927, 2002, 2003, 2006, 2013}) {
    INFO(number);
    CHECK(code_of_mysql_error(number) == Code::Unavailable);
  }
  // Too large, too long, taken, refused: never.
  for (const int number : {1153, 1406, 2020}) {
    INFO(number);
    CHECK(code_of_mysql_error(number) == Code::InvalidArgument);
  }
  CHECK(code_of_mysql_error(1062) == Code::Conflict);
  CHECK(code_of_mysql_error(1451) == Code::Conflict);
  CHECK(code_of_mysql_error(1021) == Code::Exhausted);
  CHECK(code_of_mysql_error(1045) == Code::PermissionDenied);
  CHECK(code_of_mysql_error(1049) == Code::NotFound);
  CHECK(code_of_mysql_error(1969) == Code::DeadlineExceeded);
  CHECK(code_of_mysql_error(1064) == Code::Internal);  // syntax: ours
  CHECK(code_of_mysql_error(0) == Code::Internal);
  CHECK(code_of_mysql_error(99'999) == Code::Internal);
}

TEST_CASE("errors of a MySQL server say whether the session is gone", "[catalog][mysql]") {
  for (const int number : {1053, 1153, 1927, 2006, 2013, 2020, 2099}) {
    INFO(number);
    CHECK(ends_mysql_session(number));
  }
  for (const int number : {1062, 1205, 1213, 1290, 1064, 3024}) {
    INFO(number);
    CHECK_FALSE(ends_mysql_session(number));
  }
}
