#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/augment/op.hpp"

namespace millrace::augment {

/// One definition for each file of ops/. A new operation is added here, in both lists, and to
/// CMakeLists.txt.
namespace ops {
extern const OpSpec blur, brightness, contrast, crop, flip, flop, jpeg, noise, noop, resize, rotate,
    transpose, transverse;
}

namespace {

// Sorted by name.
constexpr std::array kOps{
    &ops::blur,   &ops::brightness, &ops::contrast,   &ops::crop, &ops::flip,
    &ops::flop,   &ops::jpeg,       &ops::noise,      &ops::noop, &ops::resize,
    &ops::rotate, &ops::transpose,  &ops::transverse,
};

// Levenshtein's distance.
std::size_t edits_between(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const auto replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::span<const OpSpec* const> all_ops() { return kOps; }

const OpSpec* find_op(std::string_view name) {
  for (const auto* op : kOps) {
    const bool is_alias =
        std::find(op->aliases.begin(), op->aliases.end(), name) != op->aliases.end();
    if (op->name == name || is_alias) return op;
  }
  return nullptr;
}

std::string_view nearest_of(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t kLongestName = 64;  // a longer word was not meant to be one of ours
  if (name.size() > kLongestName) return {};
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  std::string_view nearest;
  for (const auto candidate : known) {
    const auto edits = edits_between(name, candidate);
    if (edits < least) {
      least = edits;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string_view nearest_op(std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto* op : kOps) {
    known.push_back(op->name);
    known.insert(known.end(), op->aliases.begin(), op->aliases.end());
  }
  return nearest_of(name, known);
}

}  // namespace millrace::augment
