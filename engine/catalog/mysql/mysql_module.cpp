#include "engine/catalog/mysql/mysql_module.hpp"

#include <algorithm>
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

  Result<std::unique_ptr<Connection>> connect(Use use) override {
    using std::chrono::seconds;
    MysqlSettings settings = settings_;
    if (use == Use::Probe) {
      settings.connect_timeout = settings.lock_timeout = settings.answer_timeout = seconds{1};
    } else if (use == Use::Migrate) {
      settings.answer_timeout = std::chrono::hours{1};
    }
    return connect_mysql(settings);
  }
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
  own.answer_timeout = answer_time(settings);
  own.connect_timeout = own.lock_timeout =
      std::clamp(std::chrono::duration_cast<std::chrono::seconds>(settings.busy_timeout),
                 std::chrono::seconds{1}, own.answer_timeout - std::chrono::seconds{1});
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
