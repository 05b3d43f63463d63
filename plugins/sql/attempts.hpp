#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <type_traits>

#include <millrace/context.hpp>
#include <millrace/sql/failure.hpp>

#include "plugins/sql/source_query.hpp"

namespace millrace::sql_operators {

/// Tries again what a database does not do because it is away. [one thread at a time]
class Attempts {
 public:
  explicit Attempts(const SourceQuery& query) : most_{query.attempts}, wait_{query.attempt_wait} {}

  /// Calls `work` until it does not throw sql::Failure; see failed(). `doing()` says for a message
  /// what that is.
  template <class Doing, class Work>
  auto call(Context& context, const Doing& doing, const Work& work) -> decltype(work()) {
    while (true) {
      try {
        if constexpr (std::is_void_v<decltype(work())>) {
          work();
          return succeeded();
        } else {
          auto result = work();
          succeeded();
          return result;
        }
      } catch (const sql::Failure& failure) {
        failed(context, failure, doing());
      }
    }
  }

  void succeeded() { failed_ = 0; }
  /// Waits for the next attempt. Throws Failure instead, with `doing` before its text, where trying
  /// again does not help or the attempts are used up, and with Cancelled where the job stops.
  void failed(Context& context, const sql::Failure& failure, const std::string& doing);

 private:
  std::int64_t most_, failed_ = 0;  // in a row
  std::chrono::milliseconds wait_;
};

}  // namespace millrace::sql_operators
