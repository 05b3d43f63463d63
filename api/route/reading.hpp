#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/route/refusals.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/parameter_rules.hpp"

namespace millrace::http {
struct Request;
}

namespace millrace::api {

/// A parameter as a route declares it.
struct Parameter {
  std::vector<ParameterRule> rule;  // the one, as a ValueChecker takes it
  std::vector<std::string> also;    // other names that it goes by
  std::string missing;              // says that it is not there; empty: as the dialect says it
  bool is_nullable = true;          // null may be given
  bool has_commas = false;          // of a list: one text may hold several items
  bool is_body = false;             // it is the body as a whole
  bool is_text = false;             // its JSON stays the text that came
  std::string format;               // "date", or empty

  [[nodiscard]] const ParameterRule& own() const { return rule.front(); }
};

/// Why a value is none of what is declared.
struct Unfit {
  std::string code, text;     // as those of a RequestFault
  Json below = {};            // names and indices that lead to what is meant in the value; null: it
                              // is the value itself
  std::vector<Unfit> more{};  // what is wrong besides, in the order in which it is told
};

/// How a dialect reads the parameters of a request, so that one reader serves all of them.
struct Reading {
  /// Where a field is looked for. The first place that has it counts.
  std::vector<Place> order{Place::Body, Place::Query, Place::Form};
  /// Turns what came into what the parameter declares; nothing: it counts as absent. What stands in
  /// a path, query, header or form is a text, or, for a parameter that is a list, the list of all
  /// texts of that name. Ranges are checked behind it.
  std::function<Result<std::optional<Json>, Unfit>(const Parameter&, Json given, Place)> coerce =
      strict;
  /// Reads a body, which must be there, as the object whose members are the fields, of which those
  /// named in `as_text` stay texts; null: as RequestFields does by itself.
  std::function<Result<Json, Refusal>(const http::Request&,
                                      const std::vector<std::string>& as_text)>
      read_body{};
  std::string missing{};  // what is said of a field that is not there; empty: what it must be
  bool tells_all = true;  // of all faults; otherwise of the first alone
  bool last_key_counts = false;  // of JSON keys that stand twice; otherwise they are refused

  /// A value has the type that is declared. A text of a path, query, header or form is read as it,
  /// and is UTF-8; null is absent, or refused where it may not be given.
  static Result<std::optional<Json>, Unfit> strict(const Parameter& parameter, Json given,
                                                   Place place);
  /// As Flask-RESTful's reqparse reads: any value has a text, of a list the first element's; an
  /// integer is what Python's int() takes; a flag is false for the words false, 0, no, off, none,
  /// null and for nothing; an object may come as JSON in a text; of a list each item counts once,
  /// and empty ones not at all. Where a list takes all texts of its name, these are items as they
  /// stand; otherwise blanks around an item are none of it.
  static Result<std::optional<Json>, Unfit> reqparse(const Parameter& parameter, Json given,
                                                     Place place);
  /// An integer as reqparse() reads it, for what a route takes out of a text.
  static Result<Json, Unfit> reqparse_integer(const Json& given);
};

}  // namespace millrace::api
