#pragma once

#include <string>
#include <vector>

#include "engine/graph/pipeline.hpp"

namespace millrace {

/// A document whose parameters were replaced, and the JSON pointers of the places where no good
/// value could be put: what is wrong at or below them follows from the binding's own faults.
struct BoundDocument {
  Json document;
  std::vector<std::string> holes;
};

/// What bind_parameters() does, with the places it could not fill.
BoundDocument bind_with_holes(const Json& document, const Json& given, std::vector<Fault>& faults);

/// Reports whether a fault at `pointer` lies at or below one of `holes`.
bool is_in_hole(const std::string& pointer, const std::vector<std::string>& holes);

}  // namespace millrace
