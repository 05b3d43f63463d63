#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <millrace/client/connection.hpp>
#include <millrace/client/json.hpp>
#include <millrace/client/log.hpp>

namespace millrace::client::detail {

using Pairs = std::vector<std::pair<std::string, std::string>>;

struct FormBody {  // application/x-www-form-urlencoded
  Pairs fields;
};
struct JsonBody {
  std::string text;
};
struct MultipartBody {  // multipart/form-data; the file is read as it is sent
  Pairs fields;
  std::optional<std::string> file;  // path, sent as the part "file"
};
struct FilePiece {  // bytes of a file, read as they are sent
  std::string file;
  std::uint64_t first = 0, count = 0;
};

/// What came before the body of an answer; names of headers are in lower case.
struct HttpHead {
  long status = 0;
  std::map<std::string, std::string> headers{};

  /// Returns a header, or "".
  [[nodiscard]] std::string_view get(const std::string& name) const;
};

struct HttpRequest {
  std::string method = "GET";
  std::string url{};
  Pairs headers{};
  std::variant<std::monostate, FormBody, JsonBody, MultipartBody, FilePiece> body{};
  Progress progress{};
  /// Take the body of an answer instead of HttpAnswer::body: `begin` once its head is there, and
  /// returns whether it wants the body (false: it is kept in HttpAnswer::body, as far as 64 KiB);
  /// then `data`. What they throw ends the request and is thrown by send().
  std::function<bool(const HttpHead&)> begin{};
  std::function<void(std::string_view)> data{};
};

struct HttpAnswer {
  HttpHead head{};
  std::string body{};
  std::string problem{};    // why there is no whole answer; empty: there is
  bool is_lost = false;     // the connection failed, so another try makes sense
  bool is_stopped = false;  // the taker of the progress did not want more
};

/// The connection to one server: one libcurl handle, which keeps it open between requests. Speaks
/// http and https only, verifies certificates, follows no redirect. Writes no header, body or
/// query to the log. [one thread at a time; blocks]
class HttpSession {
 public:
  /// Throws ConfigInitializationError when libcurl cannot be used.
  HttpSession(ConnectionOptions options, std::shared_ptr<Log> log);
  ~HttpSession();
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// Sends a request. A GET whose connection fails is tried once more unless `begin` takes its
  /// body. Any other request goes out at the most once: over a connection of its own, since a kept
  /// one may have died, and libcurl would then send it again.
  HttpAnswer send(const HttpRequest& request);
  [[nodiscard]] const ConnectionOptions& options() const { return options_; }

 private:
  struct Transfer;
  HttpAnswer send_once(const HttpRequest& request);

  ConnectionOptions options_;
  std::shared_ptr<Log> log_;  // shared with the Config
  void* handle_;              // CURL
};

/// Returns the address without slashes at its end. Throws ConfigInitializationError for anything
/// but an http or https URL with a host, without user, password, query and fragment.
std::string checked_base_url(const std::string& url);
/// Tells whether two URLs have the same scheme, host and port.
bool is_same_origin(const std::string& a, const std::string& b);
/// Percent-encodes pairs as "a=1&b=2".
std::string encode_form(const Pairs& pairs);

}  // namespace millrace::client::detail
