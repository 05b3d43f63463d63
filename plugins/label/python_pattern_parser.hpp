#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/label/python_pattern.hpp"
#include "plugins/label/python_pattern_source.hpp"

namespace millrace::label::python {

/// Flags of re, by their inline letters.
enum Flag : unsigned {
  kTemplate = 1,    // t
  kIgnoreCase = 2,  // i
  kLocale = 4,      // L
  kMultiline = 8,   // m
  kDotAll = 16,     // s
  kUnicode = 32,    // u
  kVerbose = 64,    // x
  kAscii = 256,     // a
  kTypeFlags = kAscii | kLocale | kUnicode,
};

/// How many characters a part matches. Python's bounds, past which it no longer counts.
struct Width {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

struct RawNode;
struct RawSequence {
  std::vector<RawNode> nodes{};
  Width width{};
};

/// One item of a set: a category such as `\w`, or code points.
struct SetItem {
  enum class Kind : std::uint8_t { Literal, Range, Word, Digit, Space };
  Kind kind = Kind::Literal;
  bool is_negated = false;  // \W, \D, \S
  CodeRange range{};        // of Literal: the one code point twice
  auto operator<=>(const SetItem&) const = default;
};

/// A part of a pattern as it was written, before flags are applied.
struct RawNode {
  enum class Kind : std::uint8_t {
    Literal,
    NotLiteral,
    In,
    Any,
    At,
    Branch,
    Repeat,
    Subpattern,
    Atomic,
    Look,
    Reference,
    Conditional
  };
  enum class At : std::uint8_t { Begin, BeginText, Edge, NotEdge, End, EndText };

  Kind kind = Kind::Literal;
  At at = At::Begin;
  PatternNode::Greed greed = PatternNode::Greed::Greedy;
  bool is_negated = false;  // of In and Look
  bool is_behind = false;
  std::uint32_t code = 0;
  std::uint32_t least = 0;
  std::uint32_t most = 0;
  std::uint32_t group = 0;  // of a subpattern 0: none
  unsigned add_flags = 0;
  unsigned remove_flags = 0;
  std::vector<SetItem> items{};
  std::vector<RawSequence> parts{};
};

/// What was read, with the flags of the whole.
struct RawPattern {
  RawSequence root{};
  unsigned flags = 0;
  std::vector<std::string> warnings{};
};

/// Reads one pattern by the grammar of Python 3.11; throws Refused.
class PatternParser {
 public:
  PatternParser(std::string_view text, unsigned flags) : source_{text}, flags_{flags} {}
  RawPattern parse();

 private:
  // python_pattern_parser.cpp
  RawSequence parse_branches(bool is_verbose, unsigned depth);
  RawSequence parse_sequence(bool is_verbose, unsigned depth, bool is_first);
  void parse_repeat(RawSequence& sequence, char32_t sign);
  bool parse_counts(std::uint32_t& least, std::uint32_t& most);
  void measure(RawSequence& sequence) const;
  void warn(std::string_view what, std::size_t position);

  // python_pattern_group.cpp
  void parse_group(RawSequence& sequence, bool& is_verbose, unsigned depth, bool is_first);
  void parse_named_reference(RawSequence& sequence);
  void parse_look(RawSequence& sequence, std::u32string_view kind, bool is_verbose, unsigned depth,
                  std::size_t start);
  void parse_conditional(RawSequence& sequence, bool is_verbose, unsigned depth, std::size_t start);
  std::uint32_t conditional_group();
  void parse_comment(std::size_t start);
  std::optional<std::pair<unsigned, unsigned>> parse_flags(std::u32string_view letter);
  unsigned flags_to_remove();
  std::uint32_t open_group(const std::optional<std::u32string>& name);
  void check_name(const std::u32string& name) const;
  void check_closed(std::uint32_t group, std::size_t back) const;
  void check_behind(std::uint32_t group) const;
  void end_group(std::size_t start);

  // python_pattern_escape.cpp
  RawNode parse_escape(std::u32string_view token);
  RawNode parse_set();
  SetItem parse_set_item(std::u32string_view token);
  std::optional<std::uint32_t> coded_character(std::u32string_view token);
  std::uint32_t named_character();
  std::uint32_t hexadecimal(std::u32string_view token, std::size_t digits);
  void warn_of_set(std::u32string_view token, bool has_items);

  [[nodiscard]] std::uint32_t groups() const {  // and the whole
    return static_cast<std::uint32_t>(group_widths_.size());
  }
  [[nodiscard]] bool is_closed(std::uint32_t group) const {
    return group < groups() && group_widths_[group].has_value();
  }

  PatternSource source_;
  unsigned flags_;
  std::map<std::u32string, std::uint32_t> group_names_;
  std::vector<std::optional<Width>> group_widths_{std::nullopt};  // nothing while it is open
  std::optional<std::uint32_t> behind_groups_;  // groups before the outermost look-behind
  std::vector<std::pair<std::uint32_t, std::size_t>> asked_groups_;  // of conditionals, and where
  std::vector<std::string> warnings_;
};

}  // namespace millrace::label::python
