#include "engine/store/fetch.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

#include <curl/curl.h>

#include "engine/base/utf8.hpp"
#include "engine/store/address.hpp"
#include "engine/store/http_uri.hpp"
#include "engine/store/spool.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

namespace millrace::detail {
namespace {

using Moment = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr std::uint64_t kMaxIgnoredBody = 256u << 10;  // bytes of an error page that are read

// The handle of this thread, as if new but for the connections and names that it remembers.
CURL* thread_handle() {
  static const bool is_ready = ::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  thread_local const std::unique_ptr<CURL, void (*)(CURL*)> handle{
      is_ready ? ::curl_easy_init() : nullptr, ::curl_easy_cleanup};
  if (handle) ::curl_easy_reset(handle.get());
  return handle.get();
}

// How one request ended that brought no body.
struct Failure {
  Error error;
  bool is_worth_another_try = false;
};

// One request to one server, without redirects. The callbacks of curl run inside of run().
class Request {
 public:
  Request(const FetchLimits& limits, bool may_be_private, const std::function<bool()>& stopping)
      : limits_{limits}, may_be_private_{may_be_private}, stopping_{stopping} {}

  // Returns the status, or why there is none.
  std::optional<Failure> run(const Uri& uri, bool is_head, Moment deadline) {
    CURL* curl = thread_handle();
    if (curl == nullptr) return Failure{{Code::Exhausted, "fetch: no memory for a transfer"}};
    curl_ = curl;
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return timed_out(uri);
    const auto address = ascii_uri(uri.text);
    ::curl_easy_setopt(curl, CURLOPT_URL, address.c_str());
    ::curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(curl, CURLOPT_PROXY, "");
    ::curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    ::curl_easy_setopt(curl, CURLOPT_USERAGENT, "millrace");
    ::curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(curl, CURLOPT_NOBODY, is_head ? 1L : 0L);
    ::curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                       static_cast<long>(milliseconds{limits_.connect}.count()));
    ::curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(left));
    ::curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Request::on_body);
    ::curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    ::curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &Request::on_socket);
    ::curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, this);
    ::curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, &Request::on_request);
    ::curl_easy_setopt(curl, CURLOPT_PREREQDATA, this);
    ::curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    ::curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Request::on_progress);
    ::curl_easy_setopt(curl, CURLOPT_XFERINFODATA, this);
    const auto outcome = ::curl_easy_perform(curl);
    ::curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status_);
    // Where only the page of an error or redirect was cut short, its status is the answer.
    if (outcome == CURLE_OK || (status_ >= 300 && outcome == CURLE_WRITE_ERROR)) return {};
    return failure(uri, outcome);
  }

  [[nodiscard]] long status() const { return status_; }
  Spool& body() { return body_; }

  [[nodiscard]] std::string redirect() const {
    const char* target = nullptr;
    ::curl_easy_getinfo(curl_, CURLINFO_REDIRECT_URL, &target);
    return target != nullptr ? target : "";
  }

  [[nodiscard]] ObjectStat stat() const {
    curl_off_t length = -1;
    ::curl_easy_getinfo(curl_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    ObjectStat stat;
    stat.size_bytes = length > 0 ? static_cast<std::uint64_t>(length) : 0;
    return stat;
  }

  static Failure timed_out(const Uri& uri) {
    return {{Code::DeadlineExceeded, "fetch: not finished in time: " + printable(uri.text)}, true};
  }

 private:
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
    const auto total = size * count;
    return static_cast<Request*>(self)->take({bytes, total}) ? total : CURL_WRITEFUNC_ERROR;
  }

  static curl_socket_t on_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto& request = *static_cast<Request*>(self);
    if (!request.may_be_private_ && !is_public_address(&address->addr, address->addrlen)) {
      request.refused_address_ = true;
      return CURL_SOCKET_BAD;
    }
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }

  // Sees connections that are used again too.
  static int on_request(void* self, char* peer, char*, int, int) {
    auto& request = *static_cast<Request*>(self);
    if (request.may_be_private_ || is_public_address(std::string{peer})) {
      return CURL_PREREQFUNC_OK;
    }
    request.refused_address_ = true;
    return CURL_PREREQFUNC_ABORT;
  }

  static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto& stopping = static_cast<Request*>(self)->stopping_;
    return stopping && stopping() ? 1 : 0;
  }

  bool take(std::string_view bytes) {
    ::curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status_);
    if (status_ >= 300) return (ignored_ += bytes.size()) <= kMaxIgnoredBody;
    if (stat().size_bytes > limits_.max_bytes || bytes.size() > limits_.max_bytes - body_.size()) {
      is_too_large_ = true;
      return false;
    }
    auto put = body_.append(bytes);
    if (!put.ok()) body_error_ = std::move(put).error();
    return !body_error_;
  }

  Failure failure(const Uri& uri, CURLcode outcome) {
    const auto name = printable(uri.text);
    if (body_error_) return {body_error_->within("fetch " + name)};
    if (is_too_large_) {
      return {
          {Code::Exhausted, fmt::format("fetch: more than {} bytes: {}", limits_.max_bytes, name)}};
    }
    if (refused_address_) {
      return {{Code::PermissionDenied,
               "fetch: this host has a loopback, link-local or private address, and it is not in "
               "the list of allowed hosts: " +
                   name}};
    }
    const char* words = ::curl_easy_strerror(outcome);
    switch (outcome) {
      case CURLE_ABORTED_BY_CALLBACK:
        return {{Code::Cancelled, "fetch: stopped: " + name}};
      case CURLE_OPERATION_TIMEDOUT:
        return timed_out(uri);
      case CURLE_COULDNT_RESOLVE_HOST:
      case CURLE_COULDNT_CONNECT:
      case CURLE_GOT_NOTHING:
      case CURLE_PARTIAL_FILE:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR:
      case CURLE_SSL_CONNECT_ERROR:
      case CURLE_HTTP2:
      case CURLE_HTTP2_STREAM:
        return {{Code::Unavailable, fmt::format("fetch: {}: {}", words, name)}, true};
      default:
        return {{Code::Io, fmt::format("fetch: {}: {}", words, name)}};
    }
  }

  const FetchLimits& limits_;
  const bool may_be_private_;
  const std::function<bool()>& stopping_;
  CURL* curl_ = nullptr;
  long status_ = 0;
  Spool body_;
  std::uint64_t ignored_ = 0;
  bool refused_address_ = false;
  bool is_too_large_ = false;
  std::optional<Error> body_error_;
};

bool is_redirect(long status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Failure refused_by_server(const Uri& uri, long status) {
  const auto text = fmt::format("fetch: the server answered {}: {}", status, printable(uri.text));
  if (status >= 500) return {{Code::Unavailable, text}, true};
  switch (status) {
    case 404:
    case 410:
      return {{Code::NotFound, text}};
    case 401:
    case 403:
      return {{Code::PermissionDenied, text}};
    case 408:
    case 425:
    case 429:
      return {{Code::Unavailable, text}};
    default:
      return {{Code::Io, text}};
  }
}

// Follows redirects from one address to a body. Each step is judged like an address that was asked
// for.
class Journey {
 public:
  Journey(const FetchLimits& limits, const std::vector<std::string>& listed,
          const std::function<bool()>& stopping)
      : limits_{limits}, listed_{listed}, stopping_{stopping} {}

  std::optional<Failure> run(const Uri& start, bool is_head, Moment deadline) {
    Uri uri = start;
    for (int redirects = 0;; ++redirects) {
      request_.emplace(limits_, limits_.allow_private || is_listed(uri), stopping_);
      if (auto failed = request_->run(uri, is_head, deadline)) return failed;
      if (request_->status() >= 200 && request_->status() < 300) return {};
      auto target = request_->redirect();
      if (!is_redirect(request_->status()) || target.empty()) {
        return refused_by_server(uri, request_->status());
      }
      if (redirects == limits_.max_redirects) {
        return Failure{{Code::Io, fmt::format("fetch: more than {} redirects: {}",
                                              limits_.max_redirects, printable(start.text))}};
      }
      auto next = parse_uri(target);
      if (!next.ok() || !is_http(*next)) {
        return Failure{
            {Code::PermissionDenied,
             "fetch: redirected to an address that is not http or https: " + printable(start.text),
             printable(target)}};
      }
      uri = *std::move(next);
    }
  }

  Request& last() { return *request_; }

 private:
  static bool is_http(const Uri& uri) {
    return uri.scheme == Uri::Scheme::Http || uri.scheme == Uri::Scheme::Https;
  }

  [[nodiscard]] bool is_listed(const Uri& uri) const {
    const auto place = host_and_port(uri.host, uri.scheme == Uri::Scheme::Https);
    const auto host = place.substr(0, place.rfind(':'));
    return std::any_of(listed_.begin(), listed_.end(), [&](const std::string& listed) {
      return listed == place || listed == host;
    });
  }

  const FetchLimits& limits_;
  const std::vector<std::string>& listed_;
  const std::function<bool()>& stopping_;
  std::optional<Request> request_;
};

// Waits before another try, longer each time: 0.2 s, 0.4 s, ... up to 5 s. False: there is no time
// for it, or the job is stopping.
bool pause(int tries, Moment deadline, const std::function<bool()>& stopping) {
  const auto wait = std::min(milliseconds{200} * (1 << std::min(tries, 10)), milliseconds{5000});
  const auto until = std::chrono::steady_clock::now() + wait;
  if (until >= deadline) return false;
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock{mutex};
  while (std::chrono::steady_clock::now() < until) {
    if (stopping && stopping()) return false;
    never.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + milliseconds{100}));
  }
  return true;
}

// "Host", "host:8080" and "[::1]:80" in the form of host_and_port; a host alone stays without port.
std::string listed_form(const std::string& written) {
  auto place = host_and_port(written, false);
  const auto colon = written.rfind(':');
  const auto bracket = written.rfind(']');
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  return has_port ? place : place.substr(0, place.rfind(':'));
}

}  // namespace

Fetcher::Fetcher(FetchLimits limits) : limits_{std::move(limits)} {
  for (const auto& host : limits_.allowed_hosts) listed_.push_back(listed_form(host));
}

Result<std::unique_ptr<ObjectReader>> Fetcher::open(const Uri& uri,
                                                    const std::function<bool()>& stopping) const {
  const auto deadline = std::chrono::steady_clock::now() + limits_.total;
  for (int tries = 1;; ++tries) {
    Journey journey{limits_, listed_, stopping};
    auto failed = journey.run(uri, false, deadline);
    if (!failed) return std::move(journey.last().body()).into_reader();
    if (!failed->is_worth_another_try || tries >= limits_.tries ||
        !pause(tries - 1, deadline, stopping)) {
      return std::move(failed->error);
    }
  }
}

Result<ObjectStat> Fetcher::stat(const Uri& uri, const std::function<bool()>& stopping) const {
  const auto deadline = std::chrono::steady_clock::now() + limits_.total;
  for (int tries = 1;; ++tries) {
    Journey journey{limits_, listed_, stopping};
    auto failed = journey.run(uri, true, deadline);
    if (!failed) return journey.last().stat();
    // A server that does not know HEAD may well have the object.
    const auto status = journey.last().status();
    if (status == 405 || status == 501) return ObjectStat{};
    if (!failed->is_worth_another_try || tries >= limits_.tries ||
        !pause(tries - 1, deadline, stopping)) {
      return std::move(failed->error);
    }
  }
}

}  // namespace millrace::detail
