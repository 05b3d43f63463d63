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
  std::chrono::seconds connect_timeout{5};
  std::chrono::seconds lock_timeout{5};     // shorter than answer_timeout
  std::chrono::seconds answer_timeout{10};  // how long the server may keep silent
};

/// Opens a connection through MySQL Connector/C++.
Result<std::unique_ptr<Connection>> connect_mysql(const MysqlSettings& settings);

}  // namespace millrace
