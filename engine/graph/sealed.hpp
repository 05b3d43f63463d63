#pragma once

#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/fault.hpp"

namespace millrace {

/// Where in a bound document the value of a parameter stands that is declared secret, or to be kept
/// in a file since it may be large.
struct SealedPlace {
  std::string pointer;    // a JSON pointer
  std::string parameter;  // its name; empty: not known
  bool is_secret = true;
};

/// Takes such values out of a bound document, and returns them by their places: {"secret":
/// {"/connections/input/password": "..."}, "file": {"/ops/1/params/rules": {...}}}. In the document
/// {"$sealed": "NAME"} or {"$file": "NAME"} stands for each; that is for people alone, for a value
/// that somebody gave may look the same.
Json take_sealed(Json& document, const std::vector<SealedPlace>& places);

/// Puts them back, and returns the places. DataInvalid where the document has no such place.
Result<std::vector<SealedPlace>> put_sealed(Json& document, const Json& values);

/// Takes what operators say of secret values out of the faults that are about them.
void hide_sealed(std::vector<Fault>& faults, const std::vector<SealedPlace>& places);

}  // namespace millrace
