#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>

#include "engine/catalog/database.hpp"
#include "engine/catalog/mysql/mysql_module.hpp"
#include "engine/catalog/sqlite_database.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kSqlite = "sqlite:";
constexpr std::string_view kMysql = "mysql:";

// Beside the program: PREFIX/bin/millrace and PREFIX/lib/millrace/millrace_catalog_mysql.so.
Result<boost::dll::shared_library*> load_mysql_module() {
  namespace dll = boost::dll;
  const auto path = dll::program_location().parent_path().parent_path() / "lib" / "millrace" /
                    "millrace_catalog_mysql.so";
  try {
    // Never unloaded: connections and threads of the driver may live as long as the program.
    static dll::shared_library* loaded = nullptr;
    if (loaded == nullptr) loaded = new dll::shared_library{path, dll::load_mode::rtld_now};
    return loaded;
  } catch (const std::exception& failure) {
    return Error{
        Code::NotFound,
        fmt::format(
            "catalog: the MySQL module cannot be loaded: {}; install it beside the program, or use "
            "sqlite:PATH",
            path.string()),
        failure.what()};
  }
}

Result<std::unique_ptr<Database>> open_mysql(const DatabaseSettings& settings) {
  MR_TRY(boost::dll::shared_library * module, load_mysql_module());
  try {
    const std::string_view build = module->get<MysqlModuleBuild>("millrace_mysql_build")();
    if (build != kMysqlModuleBuild) {
      return Error{Code::Conflict, fmt::format("catalog: the MySQL module is of another build: {} "
                                               "(this program: {}); install both from "
                                               "one package",
                                               build, kMysqlModuleBuild)};
    }
    Result<std::unique_ptr<Database>> opened =
        Error{Code::Internal, "catalog: the MySQL module did not answer"};
    module->get<OpenMysql>("millrace_open_mysql")(settings, opened);
    return opened;
  } catch (const std::exception& failure) {
    return Error{Code::Internal, "catalog: the MySQL module lacks an entry", failure.what()};
  }
}

}  // namespace

Result<std::unique_ptr<Database>> open_database(const DatabaseSettings& settings) {
  const std::string_view address = settings.address;
  if (address.starts_with(kSqlite))
    return open_sqlite(address.substr(kSqlite.size()), settings.busy_timeout);
  if (address.starts_with(kMysql)) return open_mysql(settings);
  return Error{
      Code::InvalidArgument,
      fmt::format("catalog address: unknown kind of database: {}; there are sqlite:PATH and "
                  "mysql://user@host:port/database",
                  address)};
}

}  // namespace millrace
