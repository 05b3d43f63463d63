#pragma once

#include <cstdint>
#include <forward_list>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/abi.h>

#include "engine/base/json.hpp"
#include "engine/plugin/connection_settings.hpp"
#include "engine/plugin/fault.hpp"

namespace millrace {
struct Call;
}

/// One call into an operator, as the host sees it: made on the stack by the adapter, handed to the
/// plugin as an opaque pointer, gone when the call returns. Making one allocates nothing. [one
/// thread]
struct mr_context {
  explicit mr_context(const millrace::Call& its_call) : call{its_call} {}
  mr_context(const mr_context&) = delete;
  mr_context& operator=(const mr_context&) = delete;

  const millrace::Call& call;
  std::string failure{};                           // text of fail()
  std::int32_t refused = MR_OK;                    // code of a service without a result that failed
  std::int64_t emitted = 0;                        // rows
  std::vector<millrace::Fault>* faults = nullptr;  // during plan() only
  millrace::Json* traits = nullptr;                // during plan() only
  std::string* state = nullptr;                    // during snapshot() only
  std::forward_list<millrace::Json> values{};      // what value_parse() has read
  std::forward_list<millrace::ConnectionSettings> connections{};  // what connection() has told
};

namespace millrace {

/// The services of the engine as the C table that plugins are given; lives as long as the program.
const mr_host& host_table();

/// Parameters cross as the JSON value they are; the plugin only sees a pointer.
inline const mr_value* to_value(const Json& json) {
  return reinterpret_cast<const mr_value*>(&json);
}
inline const Json* to_json_value(const mr_value* value) {
  return reinterpret_cast<const Json*>(value);
}

namespace detail {

// The parts of the table, a file each.
void fill_value_functions(mr_host& host);
void fill_call_functions(mr_host& host);
void fill_store_functions(mr_host& host);

// Remembers a failed call of this thread for last_error(), and returns the code for C.
std::int32_t failed(const Error& error) noexcept;

// Returns what a service failed with when the plugin passed just that on: an error of C has neither
// detail nor field. Else `error`.
Error as_told(Error error);

// Runs what answers a call from C. Whatever it throws ends here.
template <class Body>
std::int32_t guarded(Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return failed(Error{Code::Exhausted, "out of memory"});
  } catch (const std::exception& caught) {
    return failed(Error{Code::Internal, caught.what()});
  } catch (...) {
    return failed(Error{Code::Internal, "unknown exception in a service of the host"});
  }
}

}  // namespace detail
}  // namespace millrace
