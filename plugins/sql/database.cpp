#include "plugins/sql/database.hpp"

#include <utility>

namespace millrace::sql_operators {

static_assert(static_cast<int>(sql::Code::InvalidArgument) == MR_INVALID_ARGUMENT &&
              static_cast<int>(sql::Code::Cancelled) == MR_CANCELLED &&
              static_cast<int>(sql::Code::Internal) == MR_INTERNAL &&
              static_cast<int>(sql::Code::PermissionDenied) == MR_PERMISSION_DENIED);

std::unique_ptr<sql::Connection> open_database(Context& context, std::string_view name,
                                               bool for_writing, sql::Settings settings) {
  ConnectionInfo info = context.connection(name, for_writing);
  settings.address = sql::parse_address(info.address);
  settings.password = std::move(info.password);
  if (!for_writing) settings.access = sql::Settings::Access::Read;
  return sql::connect(settings);
}

}  // namespace millrace::sql_operators
