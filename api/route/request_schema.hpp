#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "api/http/message.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/fault.hpp"

namespace millrace {
class ParameterRules;
}

namespace millrace::api {

/// What a route's request must look like. Written as JSON with the members, all optional:
///   "path", "query"  name -> declaration of a value in the path or the query
///   "body"           declaration of the JSON body; "mandatory": true when there must be one
///   "type"           media type of a body that is not JSON; such a body is not looked into
///   "responses"      status -> {"doc": text, "schema": JSON Schema, "type": media type}
/// Declarations are those of operator parameters (docs/writing-a-plugin.md): type, default, doc,
/// minimum, maximum, enum, minLength, maxLength, pattern, items, properties, required,
/// additionalProperties.
class RequestSchema {
 public:
  /// DataInvalid names the member and what is wrong with it: a mistake of ours, found when the
  /// server starts.
  static Result<RequestSchema> read(std::string_view text);

  /// Returns every fault of the request. Pointers begin with "/path/" or "/query/", or are those of
  /// the body's values; a body that is not JSON is one fault of kind "json". Query parameters that
  /// are not declared are passed over.
  [[nodiscard]] std::vector<Fault> check(const http::Request& request) const;

  /// The same for the body alone, as it was read.
  [[nodiscard]] std::vector<Fault> check_body(const Json& body) const;

  /// The schema as it was written.
  [[nodiscard]] const Json& document() const { return document_; }

 private:
  void check_given(const Json& given, std::vector<Fault>& faults) const;

  Json document_;
  std::shared_ptr<const ParameterRules> path_, query_,
      body_;  // shared by copies of the schema; null: nothing declared
};

}  // namespace millrace::api
