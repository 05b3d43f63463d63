#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "engine/catalog/database.hpp"
#include "engine/catalog/mysql/mysql_address.hpp"

namespace millrace {

struct MysqlSettings {
  MysqlAddress address;
  std::string password;
  std::chrono::milliseconds timeout{5'000};  // to connect, and for a lock
};

/// Opens a connection through MySQL Connector/C++.
Result<std::unique_ptr<Connection>> connect_mysql(const MysqlSettings& settings);

}  // namespace millrace
