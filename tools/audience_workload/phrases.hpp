#pragma once

#include <cstdint>
#include <string>

#include "tools/audience_workload/random_stream.hpp"

namespace millrace::workload {

/// Phrases of contents; pattern p finds phrase p (patterns.hpp).
constexpr std::uint64_t kPhrases = 60;

/// The two characters that phrase `p` begins with, and those that stand for them in its other form.
std::u32string phrase_stem(std::uint64_t p);
std::u32string other_phrase_stem(std::uint64_t p);

/// Returns phrase `p` of 0..kPhrases-1 in one of its forms.
std::u32string make_phrase(std::uint64_t p, RandomStream& random);

}  // namespace millrace::workload
