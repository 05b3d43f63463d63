#pragma once

#include <string>
#include <string_view>

namespace millrace::sql {

/// The two spellings of SQL.
enum class Dialect { Sqlite, MySql };

/// Where a database is, without its password, so that it may be shown.
struct Address {
  Dialect dialect = Dialect::Sqlite;
  std::string path{};  // SQLite
  // MySQL and MariaDB. A socket takes the place of host and port; with `ssl_ca`, a file of
  // certificates, the connection is encrypted and the server must prove who it is.
  std::string host = "127.0.0.1", user{}, schema{}, socket{}, ssl_ca{};
  int port = 3306;

  /// Returns the address as parse_address() reads it.
  [[nodiscard]] std::string describe() const;
};

/// Reads "sqlite:PATH" or "mysql://user@host:port/schema?socket=PATH&ssl_ca=PATH"; host, port and
/// the two settings may be left out, and in each part of the latter "%40" is "@". Throws Failure
/// with InvalidArgument, also where a password is in it, which the message does not repeat.
Address parse_address(std::string_view text);

/// A table, and where it is not in the connection's own schema, its schema ("main" or an attached
/// name in SQLite).
struct TableName {
  std::string schema{}, table;
};

/// Returns a name as an identifier: in backticks for MySQL, in double quotes for SQLite, those
/// inside doubled. Throws Failure with InvalidArgument for an empty name and one with a NUL, which
/// neither takes.
std::string quote_name(Dialect dialect, std::string_view name);
std::string quote_table(Dialect dialect, const TableName& name);

}  // namespace millrace::sql
