#pragma once

#include <string>

#include "tests/engine_store/store_fixture.hpp"
#include "tests/engine_store/test_server.hpp"

namespace millrace::test {

/// Opens an address in a store with these limits and reads it to the end.
inline Result<std::string> fetch(const FetchLimits& limits, std::string_view uri) {
  auto store = Store::open({.fetch = limits});
  REQUIRE(store.ok());
  MR_TRY(const auto checked, (*store)->check(uri, {}, false));
  MR_TRY(const auto reader, (*store)->open(checked));
  return read_all(*reader);
}

/// Returns the code of the failure as a word, or "ok".
inline std::string outcome(const Result<std::string>& fetched) {
  return fetched.ok() ? "ok" : std::string{to_string(fetched.error().code)};
}

}  // namespace millrace::test
