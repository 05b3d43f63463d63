#include <dlfcn.h>
#include <filesystem>

#include <millrace/sql/connection.hpp>

#include "mysql_module.hpp"
#include "sqlite_connection.hpp"

namespace millrace::sql {

namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "millrace_sql_mysql.so";

// Where the module may be: beside the program, as it is built and installed; beside this code, when
// that is in a plugin; where this build is to be installed, for programs of other people.
std::vector<fs::path> module_places() {
  std::vector<fs::path> places;
  std::error_code ignored;
  const auto program = fs::read_symlink("/proc/self/exe", ignored);
  places.push_back(program.parent_path().parent_path() / "lib" / "millrace" / kModule);
  Dl_info here{};
  if (::dladdr(reinterpret_cast<const void*>(&connect), &here) != 0) {
    const auto folder = fs::weakly_canonical(here.dli_fname, ignored).parent_path();
    places.push_back(folder.parent_path() / kModule);
  }
  places.push_back(fs::path{MILLRACE_SQL_MODULE_FOLDER} / kModule);
  return places;
}

void* load_module() {
  std::error_code ignored;
  std::string tried;
  for (const fs::path& place : module_places()) {
    if (!fs::exists(place, ignored)) {
      tried += (tried.empty() ? "" : ", ") + place.string();
      continue;
    }
    // Never closed: connections and threads of the driver may live as long as the program.
    if (void* const loaded = ::dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL)) return loaded;
    throw Failure{Code::NotFound,
                  "database: the MySQL module cannot be loaded: " + std::string{::dlerror()}};
  }
  throw Failure{Code::NotFound, "database: the MySQL module is not there: " + tried +
                                    "; install it beside the program, or use sqlite:PATH"};
}

template <class Function>
Function* find(void* module, const char* name) {
  void* const found = ::dlsym(module, name);
  if (found == nullptr)
    throw Failure{Code::Internal, std::string{"database: the MySQL module lacks "} + name};
  return reinterpret_cast<Function*>(found);
}

ConnectMysql* mysql_driver() {
  static ConnectMysql* const driver = [] {
    void* const module = load_module();
    const std::string build = find<MysqlModuleBuild>(module, "millrace_sql_mysql_build")();
    if (build != MILLRACE_BUILD_ID) {
      throw Failure{Code::Conflict, "database: the MySQL module is of another build: " + build +
                                        " (this program: " MILLRACE_BUILD_ID
                                        "); install both from one package"};
    }
    return find<ConnectMysql>(module, "millrace_sql_connect_mysql");
  }();
  return driver;
}

}  // namespace

std::unique_ptr<Connection> connect(const Settings& settings) {
  if (settings.address.dialect == Dialect::Sqlite) return connect_sqlite(settings);
  std::unique_ptr<Connection> opened;
  mysql_driver()(settings, opened);
  return opened;
}

bool Reader::read(Block& block, std::int64_t max_rows, std::size_t max_bytes) {
  if (has_failed_) throw Failure{Code::Internal, "database: this stream has failed before"};
  has_failed_ = true;
  const bool has_rows = read_rows(block, max_rows, max_bytes);
  has_failed_ = false;
  return has_rows;
}

void Connection::insert_rows(const Target& target, const Block& rows) {
  if (target.columns.size() != rows.columns.size() || target.columns.empty()) {
    throw Failure{Code::InvalidArgument,
                  "database: " + std::to_string(rows.columns.size()) + " columns of values for " +
                      std::to_string(target.columns.size()) + " columns of " + target.table.table};
  }
  for (const Column& column : rows.columns) {
    if (column.rows != rows.rows())
      throw Failure{Code::InvalidArgument, "database: columns of different lengths"};
  }
  if (rows.rows() == 0) return;
  if (in_transaction()) return write_rows(target, rows);
  begin();
  try {
    write_rows(target, rows);
    commit();
  } catch (...) {
    // The first failure is the one to tell; a session that cannot roll back has ended.
    try {
      rollback();
    } catch (const Failure&) {
    }
    throw;
  }
}

}  // namespace millrace::sql
