#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/json.hpp"

namespace millrace {

// What a number of JSON becomes where it leaves JSON: a parameter, a value of a plugin, a column.
// Either it stays what it is or it is refused; these functions alone decide. The library's get<T>()
// makes -1 of 2^64 - 1 and 2^53 of 2^53 + 1.

/// Returns a whole number that was written as one; nothing for anything else, and for one beyond 64
/// bits with a sign.
std::optional<std::int64_t> whole_number(const Json& value);

/// Returns a number as the double that is equal to it; nothing for an integer that has none (2^53 +
/// 1), and for anything that is no number.
std::optional<double> exact_number(const Json& value);

/// A number as the double next to it, and what is to be added to that for the number itself: 0 for
/// each that is a double, as all integers up to 2^53 are. Numbers are ordered as these pairs are.
struct SplitNumber {
  double nearest = 0;
  std::int64_t rest = 0;
};

/// Splits a number; nothing for an integer beyond 64 bits with a sign, and for what is no number.
std::optional<SplitNumber> split_number(const Json& value);

/// From here on, and down from its negative, an integer may lie beside the doubles.
inline constexpr double kBesideDoubles = 0x1p53;

/// Compares an integer with a double as the numbers they are. Negative: it is less; 0: equal.
/// `bound` is finite.
int compare_exactly(std::int64_t value, double bound);

/// An integer that neither side of a border could keep.
struct UnfitNumber {
  std::string pointer;  // JSON pointer to it, "" for the document itself
  std::string text;     // as it was written
};

/// Returns the first integer of a document that is beyond 64 bits with a sign.
std::optional<UnfitNumber> unfit_number(const Json& document);

}  // namespace millrace
