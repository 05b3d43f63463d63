#pragma once

#include <memory>

#include <millrace/sql/connection.hpp>

namespace millrace::sql {

std::unique_ptr<Connection> connect_sqlite(const Settings& settings);

}  // namespace millrace::sql
