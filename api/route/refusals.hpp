#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/fault.hpp"

namespace millrace::api {

/// Where a value stands in a request. Form: the fields of a body that is a form. File: its files.
enum class Place { Path, Query, Header, Body, Form, File };

/// Returns "path", "query", "header", "body", "form" or "file".
std::string_view to_string(Place place);

/// One thing that is wrong with a request. All of them are told.
struct RequestFault {
  Place place = Place::Body;
  std::string path{};  // JSON pointer below the place: "/ops/2/params", "/limit"; "" for all of it
  std::string code{};  // a word for programs, which stays: "parameter_range", "unknown_operator"
  std::string text{};  // for people: names the thing and the way out
  Json steps = {};     // `path` as names and indices, where they are told apart; else null
};

/// Returns the fault as one pointer tells it: "/query/limit", of a body "/ops/2/params".
std::string pointer_of(const RequestFault& fault);

/// Returns the faults of a pipeline that stands in a body at `pointer`.
std::vector<RequestFault> faults_in_body(std::vector<Fault> faults, std::string_view pointer);

/// Why a request was not served. Dialects word it, and add nothing of their own to what it says.
struct Refusal {
  Error error;
  int status = 0;      // of the answer, where it is not the one of error.code
  std::string code{};  // a word for programs, which stays: "marker"; empty: error.code says it
  std::vector<RequestFault> faults{};
  Json values{};  // what a dialect's words need besides: {"error": "MissingTokenHeader"}
  std::chrono::seconds retry_after{0};  // when it may be served, told in the header; 0: not known
};

/// Returns a refusal with the status that its code has, or else its error. Codes that the road
/// gives: no_route, method, json, schema, queue_full, busy, deadline, aborted, stopping (the server
/// stops), client_left (nobody reads it).
Refusal refusal(Code error, std::string_view code, std::string message);

/// A request whose values are wrong: code "schema".
Refusal refusal(std::vector<RequestFault> faults);

/// Returns the refusal for an answer that the HTTP server gives by itself. Codes: malformed,
/// sign_in (401), rights (403), conflict, timeout, body_size, head_size, range, expectation,
/// server, method_unknown (501), http_version, disk_full (507).
Refusal server_refusal(int status, std::string_view why);

/// The one mapping from what went wrong to an HTTP status, for dialects without statuses of their
/// own.
int status_of(const Refusal& refusal);

}  // namespace millrace::api
