#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/base/json.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::bench {

/// A server process whose audience dialect takes tasks. [one thread; all throw std::runtime_error]
class TaskServer {
 public:
  /// `variables` are those of the dialect; the others that this process has are taken out of its
  /// environment first.
  explicit TaskServer(const std::map<std::string, std::string>& variables);

  /// Posts a task and returns its id.
  std::string create(const Json& task);
  /// The state of a task. One that failed throws, with its text.
  Json state_of(const std::string& task);

  [[nodiscard]] pid_t process() const { return server_.process(); }

 private:
  Json ask(std::string_view method, std::string_view target, std::string_view body = {});

  test::TemporaryFolder folder_;
  test::ServerProcess server_;
};

}  // namespace millrace::bench
