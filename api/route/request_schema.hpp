#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.hpp"
#include "api/route/reading.hpp"
#include "api/route/values.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::api {

/// The parameters of a route, declared once: they are read by it, and shown by the OpenAPI
/// document. Written as JSON with the members, all optional:
///   "path", "query", "header"  name -> declaration of a value that stands there and nowhere else
///   "fields"     name -> declaration of a value that may stand wherever the dialect looks for one:
///                a JSON body, the query, a form
///   "file"       name -> declaration of a file of a form, which the route takes in: "doc";
///                "mandatory": true, with "missing" as below; "instead", a field that may stand in
///                its place
///   "body"       declaration of the JSON body as a whole; "mandatory": true when there must be one
///   "type"       media type of a body that is not JSON; such a body is not looked into
///   "envelope"   name of a field whose members, an object's or those of a text that is JSON, go
///                before all other fields
///   "named"      name that the object of the fields has among the schemas of the OpenAPI document:
///                they stand in a JSON body, whatever the method
///   "responses"  status -> {"doc": text, "schema": JSON Schema, "type": media type, "example":
///   any}
/// Declarations are those of operator parameters (docs/writing-a-plugin.md): type, default, doc,
/// minimum, maximum, enum, minLength, maxLength, pattern, items, properties, required,
/// additionalProperties; a parameter may besides have "also" (a list of other names), "missing"
/// (what is said when it is not there), "nullable": false (null is refused), "commas": true (of an
/// array: one text holds several items with commas between them; "\," is a comma within one),
/// "format": "date" (of a string), "as_text": true (of a member of a JSON body: the value is its
/// JSON as a text, whatever its size, where the dialect reads bodies so) and "example"; a body
/// "shown", the JSON Schema that OpenAPI shows where the declaration cannot say it. An array takes
/// all texts of its name, but a field with commas the first alone.
class RequestSchema {
 public:
  /// DataInvalid names the member and what is wrong with it: a mistake of ours, found when the
  /// server starts.
  static Result<RequestSchema> read(std::string_view text);

  /// Reads the values of a request by name, that of the body by the name "body". Query parameters
  /// and fields that are not declared are passed over. A refusal has the code "json" for a body
  /// that cannot be taken apart, else "schema" with the faults in the order of the declarations.
  [[nodiscard]] Result<Values, Refusal> values(const http::Request& request,
                                               const Reading& reading) const;

  /// Returns the faults of a body alone that was read elsewhere.
  [[nodiscard]] std::vector<RequestFault> check_body(Json body) const;

  /// Whether a value of that name is declared, wherever it stands.
  [[nodiscard]] bool declares(std::string_view name) const;

  /// The schema as it was written.
  [[nodiscard]] const Json& document() const { return document_; }

 private:
  using Parameters = std::vector<Parameter>;
  /// A file of a form that must be there, or something in its place.
  struct File {
    std::string name, missing, instead;
  };
  static Result<Parameters> read_parameters(const Json& document, const char* member);
  static Result<Parameters> read_body_rule(const Json& document);
  Result<void> read_files();

  Json document_;
  Parameters path_, query_, header_, fields_, body_;
  std::vector<File> files_;
  std::vector<std::string> as_text_;  // fields whose JSON stays a text
  std::string envelope_;
};

}  // namespace millrace::api
