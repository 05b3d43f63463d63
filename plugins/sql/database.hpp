#pragma once

#include <memory>
#include <string_view>

#include <millrace/context.hpp>
#include <millrace/sql/connection.hpp>

namespace millrace::sql_operators {

/// Opens the database that the pipeline calls `name`. `settings` says all but the address and the
/// password, and without `for_writing` the access, which follow from the name. Throws
/// millrace::Failure or sql::Failure.
std::unique_ptr<sql::Connection> open_database(Context& context, std::string_view name,
                                               bool for_writing, sql::Settings settings);

/// Calls `work` and turns its sql::Failure into one of the SDK, whose codes are the same.
template <class Work>
auto asking_database(const Work& work) -> decltype(work()) {
  try {
    return work();
  } catch (const sql::Failure& failure) {
    throw Failure{static_cast<int>(failure.code()), failure.what()};
  }
}

}  // namespace millrace::sql_operators
