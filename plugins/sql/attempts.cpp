#include "plugins/sql/attempts.hpp"

#include <algorithm>
#include <thread>

namespace millrace::sql_operators {

void Attempts::failed(Context& context, const sql::Failure& failure, const std::string& doing) {
  const bool may_pass = failure.code() == sql::Code::Unavailable || failure.code() == sql::Code::Io;
  std::string message = doing + ": " + failure.what();
  if (may_pass && ++failed_ >= most_ && most_ > 1)
    message += "; tried " + std::to_string(most_) + " times";
  if (!may_pass || failed_ >= most_) throw Failure{static_cast<int>(failure.code()), message};
  context.log(Level::Warn, message + "; tried again in " + std::to_string(wait_.count()) + " ms");
  // A job that stops does not wait for its time to come.
  constexpr std::chrono::milliseconds kLook{50};
  const auto due = std::chrono::steady_clock::now() + wait_;
  while (true) {
    if (context.stopping()) throw Failure{MR_CANCELLED, "stopped"};
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    std::this_thread::sleep_for(std::min(left, kLook));
  }
}

}  // namespace millrace::sql_operators
