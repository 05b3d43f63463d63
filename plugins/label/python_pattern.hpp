#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plugins/label/python_pattern_set.hpp"

namespace millrace::label {

/// A place in the text that a pattern asks for.
enum class PatternAnchor : std::uint8_t {
  TextBegin,      // \A, and ^ of one line
  TextEnd,        // \Z
  TextEndOrLine,  // $ of one line: the end, or before a line feed that ends the text
  LineBegin,      // ^ of many lines: the begin, or behind a line feed, also one that ends the text
  LineEnd,        // $ of many lines: the end, or before a line feed
  WordEdge,       // \b, never in an empty text
  NotWordEdge,    // \B, never in an empty text either
};

/// A part of a pattern. Flags are resolved: what one character may be is a set.
struct PatternNode {
  enum class Kind : std::uint8_t {
    Character,    // code
    Set,          // set: place in Pattern::sets
    Anchor,       // anchor; is_ascii of a word edge
    Sequence,     // children, one behind the other; may be empty
    Branch,       // children, one of them
    Repeat,       // child, least to most times
    Group,        // child; group: its number from 1
    Atomic,       // child, whose first match is kept
    Look,         // child; is_behind, is_negative
    Reference,    // group
    Conditional,  // group; one child where it matched, the other where not
  };
  enum class Greed : std::uint8_t { Greedy, Lazy, Possessive };
  static constexpr std::uint32_t kNoMost = std::numeric_limits<std::uint32_t>::max();

  Kind kind = Kind::Sequence;
  PatternAnchor anchor = PatternAnchor::TextBegin;
  Greed greed = Greed::Greedy;
  bool is_ascii = false;
  bool is_behind = false;
  bool is_negative = false;
  std::uint32_t code = 0;
  std::uint32_t set = 0;
  std::uint32_t least = 0;
  std::uint32_t most = 0;
  std::uint32_t group = 0;
  std::vector<PatternNode> children{};
};

/// A pattern that was read.
struct Pattern {
  PatternNode root;
  std::vector<CodeSet> sets;  // each once
  std::vector<std::string>
      warnings;  // FutureWarning of Python: "Possible nested set at position 1"
};

/// Why a pattern was refused: the text that str(re.error) gives, position and all. Where Python
/// takes the pattern and we do not, the text says so.
struct PatternError {
  std::string message;
  bool is_python = true;  // Python refuses it too
};

struct PatternOptions {
  bool ignores_case = false;  // re.IGNORECASE
};

/// The longest pattern, in characters, and the deepest nesting of groups.
inline constexpr std::size_t kMostPatternCharacters = 65536;
inline constexpr unsigned kMostPatternDepth = 200;
/// The largest count of a repeat.
inline constexpr std::uint32_t kMostRepeats = 65535;

/// Reads a pattern (UTF-8) as re.compile() of Python 3.11 reads a str: same grammar, same errors.
/// Where case is ignored, a reference to a group compares as it stands, which is what Python does
/// in a text that was lower-cased. Refused though Python takes it: what is over the limits above,
/// and a conditional on a group within that group. [any thread]
std::variant<Pattern, PatternError> parse_pattern(std::string_view text,
                                                  const PatternOptions& options);

}  // namespace millrace::label
