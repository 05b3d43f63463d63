#include "plugins/preprocess/row_shapes.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::preprocess {

std::size_t RowShapes::number_of(const Schema& schema) {
  for (std::size_t i = shapes_.size(); i-- > 0;) {
    if (shapes_[i].schema == schema) return i;
  }
  if (shapes_.size() == kMostShapes) {
    throw Failure{MR_EXHAUSTED, "rows come with more than " + std::to_string(kMostShapes) +
                                    " different sets of columns"};
  }
  Shape shape{schema, {}};
  for (const Field& field : schema) {
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const Field& known) { return known.name == field.name; });
    if (found != all_.end() && !(*found == field)) {
      throw Failure{MR_DATA_INVALID, "column '" + field.name + "' has another type than before"};
    }
    shape.places.push_back(static_cast<std::size_t>(found - all_.begin()));
    if (found == all_.end()) all_.push_back(field);
  }
  shapes_.push_back(std::move(shape));
  return shapes_.size() - 1;
}

std::span<const std::size_t> RowShapes::places(std::size_t number) const {
  if (number >= shapes_.size()) throw Failure{MR_DATA_INVALID, "a row on the disk has no schema"};
  return shapes_[number].places;
}

}  // namespace millrace::preprocess
