#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/http/body_plan.hpp"
#include "api/http/form_upload.hpp"
#include "api/http/message.hpp"
#include "api/route/cors.hpp"
#include "api/route/reading.hpp"
#include "api/route/refusals.hpp"
#include "api/route/values.hpp"
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

enum class Lane {
  Inline,  // answered by the request's own thread, not journalled
  Queued,  // a job, answered as soon as it is on disk
  Awaited  // a job, answered when it has ended
};
enum class Auth {
  Open,      // nobody signs in
  Optional,  // who signs in is known; whoever does not, or badly, is anonymous
  Required
};

/// A request on its way, as a route sees it: who sent it, and its parameters as they are declared.
struct Call {
  const http::Request& request;
  const Caller& caller;
  Values& values;  // translate() may take one out that is large; a reply finds it no more
  const Outcome* found = nullptr;  // translate() of a route that looks first, when it did
};

/// What became of one of many jobs.
struct OneSubmitted {
  JobId id;
  bool is_existing = false;
  std::optional<Refusal> refusal{};  // then there is no job
};

/// What a route's answer is made from.
struct Answered : Call {
  const Outcome* outcome = nullptr;  // inline lane: rows and result
  const Job* job = nullptr;          // queued lane: as submitted; awaited lane: as it has ended
  bool is_existing = false;          // of a job: its idempotency key named an earlier one
  const std::vector<OneSubmitted>* each = nullptr;  // queued lane: of a request for many jobs
};

/// Returns the rows that a node of an inline run emitted, or null.
const Batch* rows_of(const Outcome& outcome, std::string_view node);

/// An answer whose body is an object of the store, sent in ranges as the client asks.
struct StoredBody {
  std::string uri;
  http::Response head;  // its body is not looked at
};

using ReplyResult = Result<std::variant<http::Response, StoredBody>, Refusal>;
using Reply = std::function<ReplyResult(const Answered&)>;

/// A job that is submitted with the one of a request, and waits for it or for one that stands
/// before it.
struct Follower {
  std::string pipeline;  // "audience/label_task": pipelines/audience/label_task.json
  Json parameters = Json::object();
  JobRequest job{};       // its id, queue, attempts and facts, and of `after` all but the job
  std::size_t after = 0;  // 0: the job of the request; k: the k-th follower
  /// What is wrong with its nodes fails this job when it begins, as it would fail amid its work,
  /// and not the request. A parameter without a good value refuses that all the same.
  bool fails_alone = false;
};

/// What translate() makes of a request: the values of the pipeline's parameters, and for a job how
/// to queue it.
struct Bound {
  Json parameters = Json::object();
  JobRequest job{};  // pipeline is filled in by the road, unless the route brings its own
  PipelineRules rules{};
  std::string pipeline{};     // lanes of jobs: another one than the route's, "audience/abort_task"
  std::string pipeline_at{};  // of a pipeline that was brought: JSON pointer to it in the body, ""
                              // for the body itself
  bool sees_all = false;      // inline lane: rows of all owners; the pipeline itself tells who may
  /// Makes the answer in the place of Route::reply, with what translate() has found out and holds
  /// until then.
  Reply reply{};
  /// Makes the refusal of a run that failed, of the queued lane's none, and of a job that was not
  /// taken, where the error says too little; of a route that asks a database, also of a run that
  /// took too long. The Call lives as long in the inline lane alone: an awaited route holds copies.
  std::function<Refusal(Error)> refuse{};
  /// Queued and awaited lane: submitted with the job in one transaction, all or none. The answer is
  /// made of that one alone. Of a request for many jobs none has any.
  std::vector<Follower> then{};
  /// Queued lane: a request for many jobs, each queued or refused by itself; the rest of this is
  /// not looked at then.
  std::vector<Result<Bound, Refusal>> each{};
};

using TranslateResult = Result<Bound, Refusal>;

/// What a route is called with that answers by itself. It may be kept until the reply is given.
struct DirectCall {
  std::shared_ptr<http::Request> request;
  Caller caller;
  Values values;

  [[nodiscard]] Call view() { return {*request, caller, values}; }
};

/// What a route asks before it translates, where translate() depends on what is found.
struct Look {
  std::string pipeline;  // "audience/models_of_task", run as on the inline lane
  /// The values of its parameters; nothing: this request need not look.
  std::function<std::optional<Json>(const Call&)> parameters;
  std::function<Refusal(Error)> refuse{};  // of a run that failed; null: by its error
};

/// One documented endpoint. A value, listed in the dialect's table; everything else about an
/// endpoint is its pipeline file.
struct Route {
  http::Method method;
  std::string path;     // "/v1/dataflows/{id}", below the mount
  std::string name;     // "get": the pipeline is pipelines/<dialect>/<name>.json
  std::string summary;  // for OpenAPI
  Lane lane = Lane::Inline;
  Auth auth = Auth::Required;
  std::string schema = "{}";  // of its parameters: see request_schema.hpp
  std::function<TranslateResult(const Call&)> translate{};  // null: the pipeline has no parameters
  Reply reply{};                                            // null: an answer without a body
  /// Instead of a pipeline, for the few that are not work but a view of the server (events,
  /// openapi, metrics). [HTTP thread, or control pool]
  std::function<void(DirectCall, http::Reply)> direct{};
  /// How large a body that is kept may be; 0: as the dialect says.
  std::size_t body_bytes = 0;
  /// Opens what takes a file of a form while it arrives: the body is a form then. Where the dialect
  /// signs in by fields, a token in front of the file has been looked at, and `caller` is null when
  /// there was none. [threads for blocking work]
  std::function<Result<std::unique_ptr<http::FileWriter>>(const http::PartHead&,
                                                          const Caller* caller)>
      open_file{};
  http::FormLimits form{};  // of such a form
  /// Gives what takes another body while it arrives, instead of Request::body; null: the body is
  /// kept. Only who may use the route is asked for a body. Of `head` the values in the path are
  /// known. [HTTP thread] Must not block.
  std::function<std::unique_ptr<http::BodySink>(const http::Request& head, const Caller&)>
      body_sink{};
  std::size_t upload_bytes = 0;  // how large a body may be that is not kept
  /// It hashes a password: it waits for one of the few threads that do nothing else, and takes none
  /// of those that others need.
  bool hashes_password = false;
  /// It asks a database of the user, which may be slow or away: no more of these requests than the
  /// server lets in are under way at a time, on threads of their own, until they are answered.
  bool asks_database = false;
  /// How long the inline lane may take for it, and an answer of the awaited lane may wait; 0: as
  /// long as the server says.
  std::chrono::milliseconds time{0};
  /// Awaited lane: the job is stopped when nobody waits for it any more: clients have gone, time
  /// has passed, or the server stops. Otherwise it goes on.
  bool stops_with_client = true;
  /// Values that a JSON body may have, with the names of members: each takes some 100 bytes.
  std::size_t values_max = http::kUsualValues;
  /// Instead of the dialect's.
  std::optional<Cors> cors{};
  /// The pipeline comes with the request: translate() puts it into Bound::job. There is no file.
  bool brings_pipeline = false;
  bool is_documented = true;   // stands in OpenAPI documents
  std::string operation{};     // operationId there; empty: "<dialect>_<name>"
  std::string tag{};           // in the document of its dialect alone; empty: the dialect's name
  std::optional<Look> look{};  // asked before translate()
};

/// Finds out who sent a request.
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// Where the sign-in stands. In fields: it is read with the parameters, when all of them are
  /// there and before they mean anything.
  enum class In { Head, Fields };
  [[nodiscard]] virtual In stands_in() const { return In::Head; }
  /// The field that the sign-in is, where it stands in fields.
  [[nodiscard]] virtual std::string_view field() const { return {}; }

  /// Reads the sign-in. `token` is the field's text; empty where it stands in the head.
  /// [HTTP thread, or control pool] Must not block.
  virtual Result<Caller, Refusal> authenticate(const http::Request& request,
                                               std::string_view token) const = 0;
  /// Looks at what the head alone tells, before anything of the body is taken in. A refusal is what
  /// authenticate() will say too. [HTTP thread] Must not block.
  virtual Result<void, Refusal> check_head(const http::Request& head) const {
    auto found = authenticate(head, {});
    if (!found.ok()) return std::move(found).error();
    return {};
  }
  /// Looks again at whom authenticate() has found, with what only a look elsewhere tells: whether
  /// they are still there. Asked before the route's own checks. A refusal with Unauthenticated
  /// means what one of authenticate() does. [control pool] May block.
  virtual Result<void, Refusal> confirm(const Caller&) const { return {}; }
  /// Whether confirm() does anything; then a direct route is called on the control pool too.
  [[nodiscard]] virtual bool confirms() const { return false; }
  /// Who a request without sign-in comes from, where a route does not demand it.
  virtual Caller anonymous() const { return {}; }
};

/// What a path gets that differs from that of a route by its final slash alone.
enum class FinalSlash {
  Refuse,            // 404
  Serve,             // without the slash: what it gets with it
  MovedPermanently,  // without the slash: 301 to the path with it, methods that change something
                     // are served
  TemporaryRedirect  // without it or with some too many: 307 to the path of the route
};

/// What a dialect serves about itself: the OpenAPI document at /openapi.json, and the page that
/// shows it at /docs.
struct RootDocuments {
  std::string openapi = "3.1.0";  // or "3.0.x"
  std::string title{};            // empty: that of the dialect
  std::string version{};          // the same
  bool leads_from_root = true;    // "/" leads to /docs
  bool has_redoc = false;         // ReDoc shows the document too, at /redoc
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
  /// Folders of its own, below which its pipelines open `file:` addresses, whether or not it opens
  /// others. Asked for each request. [any thread] Null: none.
  std::function<std::vector<std::filesystem::path>()> folders{};
  /// Whether its pipelines reach databases: those that the server was given by name, and others.
  bool reaches_databases = false;
  Reading reading{};
  std::string challenge{};  // WWW-Authenticate of an answer 401; empty: none
  FinalSlash final_slash = FinalSlash::Serve;
  bool answers_head = true;   // HEAD by the route of GET
  bool tells_methods = true;  // 405 has Allow
  /// OPTIONS is answered for every path that there is, with 200 and what is allowed.
  bool answers_options = false;
  Cors cors{};
  /// How large a body that is kept may be, where its route does not say more.
  std::size_t body_bytes = http::kBodyBytes;
  /// Words a refusal in the dialect's envelope and status.
  std::function<http::Response(const Refusal&, const http::Request&)> refuse;
  /// Headers that every answer carries.
  std::function<void(const http::Request&, http::Response&)> decorate{};
  /// How a request signs in, for the OpenAPI document: a Security Scheme Object.
  Json security_scheme = Json{{"type", "apiKey"}, {"in", "header"}, {"name", "Authorization"}};
  /// The body of every refusal, for the OpenAPI document: a JSON Schema.
  Json refusal_schema = Json{{"type", "object"}};
  /// Other JSON Schemas by name. {"$ref": "Model"} in a schema of the dialect names one of them.
  Json schemas = Json::object();
  /// Statuses of refusals that OpenAPI documents show where a route does not say; empty: all that
  /// it may give.
  std::vector<int> shown_refusals{};
  /// Served at its root, on the main port below its name; nothing: it serves none.
  std::optional<RootDocuments> documents = RootDocuments{};
};

}  // namespace millrace::api
