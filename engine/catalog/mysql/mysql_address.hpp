#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace millrace {

/// A "mysql://user@host:port/database?socket=PATH&ssl_ca=PATH" taken apart. Host, port and the two
/// settings may be left out: 127.0.0.1, 3306, none.
struct MysqlAddress {
  std::string user, host = "127.0.0.1", database, socket, ssl_ca;
  int port = 3306;

  /// Returns the address as it may be shown.
  [[nodiscard]] std::string describe() const;
};

Result<MysqlAddress> parse_mysql_address(std::string_view text);

}  // namespace millrace
