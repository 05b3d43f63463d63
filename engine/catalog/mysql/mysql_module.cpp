#include "engine/catalog/mysql/mysql_module.hpp"

#include <cstdlib>
#include <fstream>
#include <utility>

#include "engine/catalog/mysql/mysql_connection.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

class MysqlDatabase final : public Database {
 public:
  explicit MysqlDatabase(MysqlSettings settings) : settings_{std::move(settings)} {}

  Result<std::unique_ptr<Connection>> connect() override { return connect_mysql(settings_); }
  [[nodiscard]] SqlDialect dialect() const override { return SqlDialect::MySql; }
  [[nodiscard]] std::string describe() const override { return settings_.address.describe(); }

 private:
  const MysqlSettings settings_;
};

// The first line of the file, or the environment; never the address, which shows up in logs.
Result<std::string> find_password(const std::string& file) {
  if (file.empty()) {
    const char* given = std::getenv("MILLRACE_CATALOG_PASSWORD");
    return std::string{given != nullptr ? given : ""};
  }
  std::ifstream in{file};
  std::string line;
  if (!in)
    return Error{Code::NotFound,
                 fmt::format("catalog: the password file cannot be read: {}", file)};
  std::getline(in, line);
  if (!line.empty() && line.back() == '\r') line.pop_back();
  return line;
}

Result<std::unique_ptr<Database>> open_mysql(const DatabaseSettings& settings) {
  MysqlSettings own;
  MR_TRY(own.address, parse_mysql_address(settings.address));
  MR_TRY(own.password, find_password(settings.password_file));
  own.timeout = settings.busy_timeout;
  return std::unique_ptr<Database>{std::make_unique<MysqlDatabase>(std::move(own))};
}

}  // namespace

extern "C" {

__attribute__((visibility("default"))) void millrace_open_mysql(
    const DatabaseSettings& settings, Result<std::unique_ptr<Database>>& opened) {
  opened = open_mysql(settings);
}

__attribute__((visibility("default"))) const char* millrace_mysql_build() {
  return kMysqlModuleBuild.data();
}

}  // extern "C"

}  // namespace millrace
