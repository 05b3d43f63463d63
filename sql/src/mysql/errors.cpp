#include "errors.hpp"

#include <algorithm>
#include <iterator>

namespace millrace::sql {

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
    {3, Code::Exhausted},                           // a temporary file cannot be written
    {1005, Code::InvalidArgument},                  // foreign keys that cannot be
    {1020, Code::Unavailable},                      // the row was changed meanwhile
    {1021, Code::Exhausted},                        // the disk is full
    {1026, Code::Exhausted},                        // a file cannot be written
    {1030, Code::Io},                               // the table's engine failed
    {1034, Code::DataInvalid},                      // a damaged index
    {1035, Code::DataInvalid},                      // an index of another version
    {1037, Code::Exhausted},                        // out of memory
    {1038, Code::Exhausted},                        // out of memory to sort
    {1040, Code::Unavailable},                      // too many connections
    {1041, Code::Exhausted},                        // out of memory
    {1044, Code::PermissionDenied},                 // no rights on the database
    {1045, Code::PermissionDenied},                 // wrong user or password
    {1048, Code::InvalidArgument},                  // null where none may be
    {1049, Code::NotFound},                         // no such database
    {1053, Code::Unavailable, Session::Ends},       // the server shuts down
    {1054, Code::NotFound},                         // no such column
    {1062, Code::Conflict},                         // duplicate key
    {1109, Code::NotFound},                         // no such table in a list
    {1114, Code::Exhausted},                        // the table is full
    {1118, Code::InvalidArgument},                  // the row is too large
    {1129, Code::Unavailable},                      // the host is blocked after too many errors
    {1130, Code::PermissionDenied},                 // no rights from this host
    {1142, Code::PermissionDenied},                 // no rights on the table
    {1143, Code::PermissionDenied},                 // no rights on the column
    {1146, Code::NotFound},                         // no such table
    {1153, Code::InvalidArgument, Session::Ends},   // larger than max_allowed_packet
    {1158, Code::Unavailable, Session::Ends},       // the network, as the server sees it: reading
    {1159, Code::Unavailable, Session::Ends},       // ... reading took too long
    {1160, Code::Unavailable, Session::Ends},       // ... writing
    {1161, Code::Unavailable, Session::Ends},       // ... writing took too long
    {1184, Code::Unavailable, Session::Ends},       // the connection was aborted
    {1194, Code::DataInvalid},                      // the table is damaged
    {1203, Code::Unavailable},                      // too many connections of this user
    {1205, Code::Unavailable},                      // a lock was not to be had in time
    {1206, Code::Exhausted},                        // too many locks
    {1213, Code::Unavailable},                      // deadlock: the transaction was undone
    {1226, Code::Unavailable},                      // the user has used up what an hour allows
    {1227, Code::PermissionDenied},                 // no rights for it at all
    {1264, Code::InvalidArgument},                  // a number out of the column's range
    {1265, Code::InvalidArgument},                  // a value that would be cut
    {1267, Code::InvalidArgument},                  // texts of two encodings
    {1290, Code::Unavailable},                      // read-only for the time being
    {1292, Code::InvalidArgument},                  // no date, no number
    {1300, Code::InvalidArgument},                  // no text of the encoding
    {1301, Code::InvalidArgument},                  // a result larger than max_allowed_packet
    {1317, Code::Unavailable},                      // the query was killed
    {1364, Code::InvalidArgument},                  // no value and no default
    {1366, Code::InvalidArgument},                  // no text of the column's encoding
    {1370, Code::PermissionDenied},                 // no rights on the routine
    {1406, Code::InvalidArgument},                  // longer than the column
    {1451, Code::Conflict},                         // others refer to the row
    {1452, Code::Conflict},                         // refers to a row that is not there
    {1698, Code::PermissionDenied},                 // signs in another way
    {1820, Code::PermissionDenied},                 // the password must be changed first
    {1822, Code::InvalidArgument},                  // a foreign key to columns that are no key
    {1824, Code::NotFound},                         // a foreign key to no table
    {1836, Code::Unavailable},                      // read-only for the time being
    {1862, Code::PermissionDenied},                 // the password is out of date
    {1927, Code::Unavailable, Session::Ends},       // the connection was killed
    {1969, Code::DeadlineExceeded},                 // max_statement_time of MariaDB
    {2014, Code::Internal, Session::Ends},          // calls in a wrong order
    {2020, Code::InvalidArgument, Session::Ends},   // larger than the client's max_allowed_packet
    {2054, Code::PermissionDenied, Session::Ends},  // a way to sign in that the client lacks
    {3024, Code::DeadlineExceeded},                 // max_execution_time of MySQL
    {3780, Code::InvalidArgument},                  // a foreign key to columns of another type
    {4031, Code::Unavailable, Session::Ends},       // idle for too long
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

Code code_of_mysql(int number) { return meaning_of(number).code; }

bool ends_mysql_session(int number) { return meaning_of(number).session == Session::Ends; }

}  // namespace millrace::sql
