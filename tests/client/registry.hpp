#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <millrace/client/config.hpp>

#include "tests/api_http/client.hpp"
#include "tests/client/surroundings.hpp"

namespace millrace::test {

/// A request as it arrived.
struct Arrived {
  std::string line;  // "GET /api/v1/models/?page=1"
  std::string authorization, content_type, range, if_range;
  std::string body;
  std::map<std::string, std::string> fields;  // of a form, or of the parts of a multipart body
  std::string file_name;                      // of the part "file"
  bool has_file = false;
};

/// A token as the registry makes them, for user 1; its signature is none.
std::string make_token(std::int64_t issued, std::int64_t expires, const std::string& id = "1");

/// A server that answers the requests of a client as it is told, and keeps what arrived. Signing in
/// as admin with the password "secret" works from the start.
class Registry {
 public:
  using Answer = std::function<http::Response(const http::Request&)>;

  Registry();

  /// Answers a method and path ("GET /api/v1/models/7/") so from now on.
  void on(const std::string& place, Answer answer);
  void on(const std::string& place, int status, const std::string& body);

  /// Returns the requests so far.
  [[nodiscard]] std::vector<Arrived> arrived() const;
  /// Returns the last one.
  [[nodiscard]] Arrived last() const;
  /// Returns the request lines so far.
  [[nodiscard]] std::vector<std::string> lines() const;

  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::string api_url() const { return address() + "/api/v1"; }

  /// Returns settings that sign in, with `more` over them.
  [[nodiscard]] client::Json settings(const client::Json& more = client::Json::object()) const;
  /// Builds a Config of these; its log goes to log().
  [[nodiscard]] std::shared_ptr<client::Config> config(
      const client::Json& more = client::Json::object());
  /// Returns the lines of the log so far, "ERROR text".
  [[nodiscard]] LogLines log() const;

 private:
  void answer(const std::shared_ptr<http::Request>& request, const http::Reply& reply);

  std::shared_ptr<LogLines> log_ = std::make_shared<LogLines>();  // shared with the sinks
  mutable std::mutex mutex_;                                      // guards answers_ and arrived_
  std::map<std::string, Answer> answers_;
  std::vector<Arrived> arrived_;
  std::unique_ptr<TestServer> server_;  // the last to be made and the first to go
};

}  // namespace millrace::test
