#include "engine/catalog/mysql/mysql_errors.hpp"

#include <algorithm>
#include <iterator>

namespace millrace {

namespace {

enum class Session { Stays, Ends };

struct Meaning {
  int number;
  Code code;
  Session session = Session::Stays;
};

// MariaDB, "Error Codes"; MySQL 8, "Server Error Message Reference" and "Client Error Message
// Reference". In ascending order.
constexpr Meaning kMeanings[] = {
    {1021, Code::Exhausted},                        // the disk is full
    {1037, Code::Exhausted},                        // out of memory
    {1038, Code::Exhausted},                        // out of memory to sort
    {1040, Code::Unavailable},                      // too many connections
    {1044, Code::PermissionDenied},                 // no rights on the database
    {1045, Code::PermissionDenied},                 // wrong user or password
    {1049, Code::NotFound},                         // no such database
    {1053, Code::Unavailable, Session::Ends},       // the server shuts down
    {1062, Code::Conflict},                         // duplicate key
    {1114, Code::Exhausted},                        // the table is full
    {1118, Code::InvalidArgument},                  // the row is too large
    {1129, Code::Unavailable},                      // the host is blocked after too many errors
    {1142, Code::PermissionDenied},                 // no rights on the table
    {1153, Code::InvalidArgument, Session::Ends},   // larger than max_allowed_packet
    {1158, Code::Unavailable, Session::Ends},       // the network, as the server sees it: reading
    {1159, Code::Unavailable, Session::Ends},       // ... reading took too long
    {1160, Code::Unavailable, Session::Ends},       // ... writing
    {1161, Code::Unavailable, Session::Ends},       // ... writing took too long
    {1203, Code::Unavailable},                      // too many connections of this user
    {1205, Code::Unavailable},                      // a lock was not to be had in time
    {1213, Code::Unavailable},                      // deadlock: the transaction was undone
    {1290, Code::Unavailable},                      // read-only for the time being
    {1301, Code::InvalidArgument},                  // a result larger than max_allowed_packet
    {1317, Code::Unavailable},                      // the query was killed
    {1366, Code::InvalidArgument},                  // no text of the column's encoding
    {1406, Code::InvalidArgument},                  // longer than the column
    {1451, Code::Conflict},                         // others refer to the row
    {1452, Code::Conflict},                         // refers to a row that is not there
    {1836, Code::Unavailable},                      // read-only for the time being
    {1927, Code::Unavailable, Session::Ends},       // the connection was killed
    {1969, Code::DeadlineExceeded},                 // max_statement_time of MariaDB
    {2014, Code::Internal, Session::Ends},          // calls in a wrong order
    {2020, Code::InvalidArgument, Session::Ends},   // larger than the client's max_allowed_packet
    {2054, Code::PermissionDenied, Session::Ends},  // a way to sign in that the client lacks
    {3024, Code::DeadlineExceeded},                 // max_execution_time of MySQL
};

// Those of the client library begin at 2000: it could not reach the server, or lost it.
constexpr int kFirstOfClient = 2000, kLastOfClient = 2099;

Meaning meaning_of(int number) {
  const auto* const found =
      std::lower_bound(std::begin(kMeanings), std::end(kMeanings), number,
                       [](const Meaning& known, int wanted) { return known.number < wanted; });
  if (found != std::end(kMeanings) && found->number == number) return *found;
  if (number >= kFirstOfClient && number <= kLastOfClient)
    return {number, Code::Unavailable, Session::Ends};
  return {number, Code::Internal};
}

}  // namespace

Code code_of_mysql_error(int number) { return meaning_of(number).code; }

bool ends_mysql_session(int number) { return meaning_of(number).session == Session::Ends; }

}  // namespace millrace
