#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/http/authority.hpp"
#include "api/http/body_budget.hpp"
#include "engine/plugin/services.hpp"

namespace millrace::http {

class BodyFile;
class BodySink;
class Departure;

enum class Method { Get, Head, Post, Put, Patch, Delete, Options };

std::string_view to_string(Method method);
std::optional<Method> read_method(std::string_view word);

/// Header fields in the order received; names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  /// Returns the first value, or nothing.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::string_view get(std::string_view name, std::string_view fallback = {}) const;
  /// Makes `value` the only one of a field.
  void set(std::string_view name, std::string value);
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const {
    return fields_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Values that the JSON body of a request may have where its route does not say more: some 5 MB of
/// memory.
inline constexpr std::size_t kUsualValues = 50'000;

/// A request as a dialect sees it: no type of the HTTP library. It is changed before it is
/// answered, and not after.
struct Request {
  std::string id{};  // unique: 14 hexadecimal digits of time, ascending, and 10 of chance
  Method method = Method::Get;
  std::string target;  // as on the request line, not decoded: "/atflow/v1/dataflows?limit=2"
  std::string path;    // below the mount prefix, percent-decoded: "/v1/dataflows"
  std::string prefix;  // of the mount: "/atflow", "" at a root
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  std::vector<std::pair<std::string, std::string>>
      path_values;  // "{id}" -> value, filled by the router
  Headers headers;
  Authority authority;  // of the target, else of the header Host; no host: none was named
  std::string body;
  std::size_t values_max = kUsualValues;  // of the body as JSON; filled in with the route
  std::shared_ptr<BodyFile> body_file;    // where a large body lies until load_body()
  std::shared_ptr<BodySink> upload;  // what took the body instead of `body`; only the request's
  std::shared_ptr<BodyShare> body_share;  // of the memory for bodies; shared by copies
  std::shared_ptr<Departure> departure;   // of a handler that asks for it; shared with it
  std::string remote;                     // "127.0.0.1"
  bool is_tls = false;
  bool is_foreign = false;  // sent by a browser for a page that is not allowed to read the answer

  /// Returns the first value of a query parameter or path value, or nothing.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  [[nodiscard]] std::string_view path_value(std::string_view name) const;
  /// "http://host:port", as the client reached the server.
  [[nodiscard]] std::string origin() const;
  /// "http://host:port/prefix", for links inside replies.
  [[nodiscard]] std::string base_url() const { return origin() + prefix; }
};

/// A body that comes from the store and is sent in ranges as the client asks.
struct ObjectBody {
  std::shared_ptr<ObjectReader> reader;  // shared with the sender only
  std::uint64_t size = 0;
  /// Hears what the conditions and the range of the request make of the status: as it was, 206 or
  /// 304. A refusal comes from the site instead. [HTTP thread]
  std::function<void(int status)> answered{};
};

/// A body of server-sent events. `start` is called once, when the head has been sent, with
/// functions that any thread may call: `send` queues one event (id, event, data; false: the client
/// is gone), `end` closes the stream.
struct EventBody {
  struct Sink {
    std::function<bool(std::string_view id, std::string_view event, std::string_view data)> send;
    std::function<void()> end;
  };
  std::function<void(Sink)> start;
  std::function<void()> closed;  // the client is gone or the stream ended: stop producing
};

struct Response {
  int status = 200;
  std::string reason{};  // empty: the usual phrase
  std::vector<std::pair<std::string, std::string>> headers{};
  std::variant<std::string, ObjectBody, EventBody> body{};

  static Response json(int status, std::string text);
  static Response text(int status, std::string text,
                       std::string_view type = "text/plain; charset=utf-8");
};

/// Answers a request once, now or later, from any thread.
using Reply = std::function<void(Response)>;
/// [HTTP thread] Must not block.
using Handler = std::function<void(std::shared_ptr<Request>, Reply)>;

}  // namespace millrace::http
