#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/http/body_plan.hpp"
#include "api/http/message.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/job/job.hpp"
#include "engine/run/run.hpp"
#include "engine/store/store.hpp"

namespace millrace::api {

/// Who sent a request, as the dialect's sign-in found out.
struct Caller {
  std::string owner;  // access key, user; "" where nobody signs in
  std::string name;   // for the audit trail: "user 7"
  bool is_admin = false;
  StoreRights rights;
  Json facts = Json::object();  // of the key: {"logBucket": ...}
};

/// Why a request was not served: an Error, with all faults where a pipeline was at fault. The
/// dialect words it.
struct Refusal {
  Error error;
  std::vector<Fault> faults{};
  std::string word{};  // a word for programs, when the dialect has its own number for it ("marker")
  std::chrono::seconds retry_after{0};  // when it may be served, told in the header; 0: not known
};

enum class Lane { Inline, Queued };
enum class Auth {
  Open,      // nobody signs in
  Optional,  // who signs in is known; whoever does not, or badly, is anonymous
  Required
};

/// What translate() makes of a request: the values of the pipeline's parameters, and for the queued
/// lane how to queue it.
struct Bound {
  Json parameters = Json::object();
  JobRequest job{};  // pipeline is filled in by the road, unless the route brings its own
  PipelineRules rules{};
  std::string pipeline_at{};  // of a pipeline that was brought: JSON pointer to it in the body, ""
                              // for the body itself
  bool sees_all = false;      // inline lane: rows of all owners; the pipeline itself tells who may
  std::shared_ptr<void> held{};  // inline lane: goes away when the answer has been made, or refused
  /// Queued lane: a request for many jobs, each queued or refused by itself; the rest of this is
  /// not looked at then.
  std::vector<std::variant<Bound, Refusal>> each{};
};

/// What became of one of many jobs.
struct OneSubmitted {
  JobId id;
  bool is_existing = false;
  std::optional<Refusal> refusal{};  // then there is no job
};

/// What a route's answer is made from.
struct Answered {
  const http::Request& request;
  const Caller& caller;
  const Outcome* outcome = nullptr;  // inline lane: rows and result
  const Job* job = nullptr;          // queued lane: the job as submitted
  bool is_existing = false;          // queued lane: its idempotency key named an earlier job
  void* held = nullptr;              // inline lane: what translate() put into Bound::held
  const std::vector<OneSubmitted>* each = nullptr;  // queued lane: of a request for many jobs
};

using TranslateResult = std::variant<Bound, Refusal>;
/// An answer whose body is an object of the store, sent in ranges as the client asks.
struct StoredBody {
  std::string uri;
  http::Response head;  // its body is not looked at
};

using ReplyResult = std::variant<http::Response, StoredBody, Refusal>;

/// One documented endpoint. A value, listed in the dialect's table; everything else about an
/// endpoint is its pipeline file.
struct Route {
  http::Method method;
  std::string_view path;     // "/v1/dataflows/{id}", below the mount
  std::string_view name;     // "get": the pipeline is pipelines/<dialect>/<name>.json
  std::string_view summary;  // for OpenAPI
  Lane lane = Lane::Inline;
  Auth auth = Auth::Required;
  std::string_view schema =
      "{}";  // JSON, see request_schema.hpp: {"path": {...}, "query": {...}, "body": {...}, ...}
  std::function<TranslateResult(const http::Request&, const Caller&)> translate{};
  std::function<ReplyResult(const Answered&)> reply{};
  /// Instead of a pipeline, for the few that are not work but a view of the server (events,
  /// openapi, metrics). [HTTP thread, or control pool]
  std::function<void(std::shared_ptr<http::Request>, Caller, http::Reply)> direct{};
  /// False: the schema only describes, translate() makes the checks in an order of its own.
  bool checks_schema = true;
  /// How large a body that is kept may be.
  std::size_t body_bytes = http::kBodyBytes;
  /// Gives what takes the body of a request while it arrives, instead of Request::body; null: the
  /// body is kept. Only who may use the route is asked for a body. Of `head` the values in the path
  /// are known. [HTTP thread] Must not block.
  std::function<std::unique_ptr<http::BodySink>(const http::Request& head, const Caller&)>
      body_sink{};
  std::size_t upload_bytes = 0;  // how large a body may be that goes to a sink
  /// It hashes a password: it waits for one of the few threads that do nothing else, and takes none
  /// of those that others need.
  bool hashes_password = false;
  /// How long the inline lane may take for it; 0: as long as the server says.
  std::chrono::milliseconds time{0};
  /// Values that a JSON body may have, with the names of members: each takes some 100 bytes.
  std::size_t values_max = http::kUsualValues;
  /// The pipeline comes with the request: translate() puts it into Bound::job. There is no file.
  bool brings_pipeline = false;
};

/// Finds out who sent a request.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// Reads the sign-in, before the body is parsed. [HTTP thread] Must not block.
  virtual std::variant<Caller, Refusal> authenticate(const http::Request& request) const = 0;
  /// Looks at what the head alone tells, before anything of the body is taken in. A refusal is what
  /// authenticate() will say too. [HTTP thread] Must not block.
  virtual std::optional<Refusal> check_head(const http::Request& head) const {
    auto found = authenticate(head);
    auto* refused = std::get_if<Refusal>(&found);
    return refused != nullptr ? std::optional{std::move(*refused)} : std::nullopt;
  }
  /// Looks again at whom authenticate() has found, with what only a look elsewhere tells: whether
  /// they are still there. Asked before the route's own checks. A refusal with Unauthenticated
  /// means what one of authenticate() does. [control pool] May block.
  virtual std::optional<Refusal> confirm(const Caller&) const { return std::nullopt; }
  /// Whether confirm() does anything; then a direct route is called on the control pool too.
  [[nodiscard]] virtual bool confirms() const { return false; }
  /// Who a request without sign-in comes from, where a route does not demand it.
  virtual Caller anonymous() const { return {}; }
};

/// One of the documented APIs: its routes and its spelling of everything.
struct Dialect {
  std::string name;  // "atflow": prefix and folder of pipelines
  std::string title, version;
  std::vector<Route> routes;
  std::shared_ptr<const Authenticator> authenticator;  // shared with the reload of keys
  bool requires_sign_in =
      true;  // false: open by its document, so loopback only without --require-auth
  /// Whether its pipelines open file: addresses, below the roots that the server was given.
  bool opens_files = false;
  std::string challenge{};  // WWW-Authenticate of an answer 401; empty: none
  /// Words a refusal in the dialect's envelope and status.
  std::function<http::Response(const Refusal&, const http::Request&)> refuse;
  /// OPTIONS is answered for every path that there is, with 200 and what is allowed.
  bool answers_options = false;
  /// Headers that every answer carries.
  std::function<void(const http::Request&, http::Response&)> decorate{};
  /// How a request signs in, for the OpenAPI document: a Security Scheme Object.
  Json security_scheme = Json{{"type", "apiKey"}, {"in", "header"}, {"name", "Authorization"}};
};

}  // namespace millrace::api
