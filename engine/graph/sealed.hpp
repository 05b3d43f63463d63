#pragma once

#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/fault.hpp"

namespace millrace {

/// Where a secret parameter stands in a bound document.
struct SealedPlace {
  std::string pointer;    // a JSON pointer
  std::string parameter;  // its name; empty: not known
};

/// Takes the values of secret parameters out of a bound document, and returns them by their places:
/// {"/connections/input/password": "..."}. In the document {"$sealed": "NAME"} stands for each;
/// that is for people alone, for a value that somebody gave may look the same.
Json take_sealed(Json& document, const std::vector<SealedPlace>& places);

/// Puts them back. DataInvalid where the document has no such place.
Result<void> put_sealed(Json& document, const Json& values);

/// Takes what operators say of secret values out of the faults that are about them.
void hide_sealed(std::vector<Fault>& faults, const std::vector<SealedPlace>& places);

}  // namespace millrace
