#pragma once

#include <string_view>
#include <vector>

#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>

#include <millrace/sql/connection.hpp>

namespace millrace::sql {

namespace cppconn = ::sql;  // MySQL Connector/C++

/// What the driver says of a column of a result.
struct MysqlColumn {
  std::string name;
  Type type = Type::Text;
  bool is_signed = true;
};

std::vector<MysqlColumn> columns_of(cppconn::ResultSet& found);

/// Returns an integer cell; throws Failure with DataInvalid for one that 64 bits with a sign do not
/// hold.
std::int64_t read_integer(cppconn::ResultSet& found, unsigned place, const MysqlColumn& column);

/// Reads what the server has written as a text: exact, where the driver's own way rounds twice.
double read_real(std::string_view text);

/// Returns what a name of information_schema.COLUMNS.DATA_TYPE means.
Type type_of_mysql(std::string_view data_type);

}  // namespace millrace::sql
