#include <dlfcn.h>
#include <filesystem>

#include <millrace/sql/connection.hpp>

#include "mysql_module.hpp"
#include "sqlite_connection.hpp"

namespace millrace::sql {

namespace {

namespace fs = std::filesystem;

constexpr const char* kModule = "millrace_sql_mysql.so";

// Beside the program, as it is built and installed; else where the dynamic linker looks, for
// programs and plugins of other people, whose link options name the installed folder.
void* load_module() {
  std::error_code ignored;
  const auto program = fs::read_symlink("/proc/self/exe", ignored);
  const auto beside = program.parent_path().parent_path() / "lib" / "millrace" / kModule;
  // Never closed: connections and threads of the driver may live as long as the program.
  void* const loaded =
      ::dlopen(fs::exists(beside, ignored) ? beside.c_str() : kModule, RTLD_NOW | RTLD_LOCAL);
  if (loaded != nullptr) return loaded;
  throw Failure{Code::NotFound,
                "database: the MySQL module cannot be loaded: " + std::string{::dlerror()} +
                    "; install it as " + beside.string() + ", or use sqlite:PATH"};
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
