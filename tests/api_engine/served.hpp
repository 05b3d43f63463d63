#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "api/app/app.hpp"
#include "engine/base/json.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// The whole server on a data folder of its own and a port of the system's choice, with a root that
/// pipelines may read.
class Served {
 public:
  Served();
  ~Served();

  struct Answer {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string text;
    Json body;  // null when the text is no JSON
  };
  /// Asks with the server's token.
  Answer ask(std::string_view method, std::string_view path, std::string_view body = {},
             std::string_view headers = {});
  Answer ask_without_token(std::string_view method, std::string_view path,
                           std::string_view body = {}, std::string_view headers = {});

  /// A pipeline that copies `records` lines from a list to a list, both below the root. `name`
  /// keeps outputs apart.
  [[nodiscard]] Json copy_pipeline(const std::string& name, int records = 3) const;
  [[nodiscard]] std::filesystem::path root() const { return folder_ / "root"; }
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  [[nodiscard]] const std::string& token() const { return token_; }
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] Engine& engine() { return app_->engine(); }

  /// Submits and returns the number of the job.
  std::int64_t submit(const Json& body);
  /// Waits until the job has ended, for half a minute at the most, and returns it.
  Json wait(std::int64_t job);

 private:
  TemporaryFolder folder_;
  std::unique_ptr<api::App> app_;
  std::string token_;
};

}  // namespace millrace::test
