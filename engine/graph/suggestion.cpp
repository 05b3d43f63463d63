#include "engine/graph/suggestion.hpp"

#include "engine/plugin/nearest.hpp"

#include <fmt/format.h>

namespace millrace {

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  const auto nearest = nearest_name(word, known);
  return nearest.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", nearest);
}

std::string Suggestions::of(std::string_view word, std::span<const std::string_view> known) {
  if (made_ == kMost || known.size() > kMostNames) return {};
  ++made_;
  return suggestion(word, known);
}

}  // namespace millrace
