#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plugins/label/python_pattern.hpp"

namespace millrace::label {

/// Writes a pattern for RE2, with `.` for any character; nothing where RE2 has no words for it:
/// what looks around, refers back or keeps a match, an edge of Unicode words, a count over 1,000.
std::optional<std::string> text_for_re2(const Pattern& pattern);

/// Writes a pattern for PCRE2 with UTF, UCP, DOTALL, ALT_CIRCUMFLEX and lines that end in a line
/// feed. Callouts stand where a search may go on in more than one way, so that steps are counted:
/// their numbers are what a try costs besides, in 256 characters; a callout with a text names the
/// group whose match is compared next.
std::string text_for_pcre2(const Pattern& pattern);

/// What the filter of a rule set may cost to compile, in characters: a million are some five
/// seconds.
inline constexpr std::uint64_t kPrefilterCharacters = 1'000'000;

/// Writes for Vectorscan, with `.` for any character, a pattern that is found in each text in which
/// this one is, and in others; nothing where that would be nearly every text. What it costs is
/// taken from `characters`; where too little is left, repeats become endless ones, which cost less,
/// and where that is too much still, there is nothing.
std::optional<std::string> text_for_prefilter(const Pattern& pattern, std::uint64_t& characters);

namespace regex_text {

void append_character(std::string& text, std::uint32_t code);
/// Appends a set. `has_properties`: the engine's \p{L}, \p{N} and \p{Nd} are those of Unicode 14.
void append_set(std::string& text, const CodeSet& set, bool has_properties);
/// Appends the sign of a repeat: "*", "{2,3}".
void append_counts(std::string& text, std::uint32_t least, std::uint32_t most);

}  // namespace regex_text
}  // namespace millrace::label
