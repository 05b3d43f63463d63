// What stands in parentheses.
#include <string>
#include <tuple>
#include <utility>

#include "plugins/label/python_pattern_parser.hpp"
#include "plugins/label/python_pattern_unicode.hpp"

namespace millrace::label::python {
namespace {

using Kind = RawNode::Kind;

constexpr std::uint64_t kMostGroups = 1073741823;  // Python's MAXGROUPS

std::optional<unsigned> flag_of(std::u32string_view letter) {
  if (letter.size() != 1) return std::nullopt;
  switch (letter[0]) {
    case U'i':
      return kIgnoreCase;
    case U'L':
      return kLocale;
    case U'm':
      return kMultiline;
    case U's':
      return kDotAll;
    case U'x':
      return kVerbose;
    case U'a':
      return kAscii;
    case U't':
      return kTemplate;
    case U'u':
      return kUnicode;
    default:
      return std::nullopt;
  }
}

bool is(std::u32string_view token, char32_t sign) { return token.size() == 1 && token[0] == sign; }

bool is_letters(std::u32string_view token) { return token.size() == 1 && is_letter(token[0]); }

}  // namespace

// After the opening parenthesis.
void PatternParser::parse_group(RawSequence& sequence, bool& is_verbose, unsigned depth,
                                bool is_first) {
  const std::size_t start = source_.tell() - 1;
  RawNode node{.kind = Kind::Subpattern};
  std::optional<std::u32string> name;
  bool is_capture = true;
  if (source_.match(U'?')) {
    const auto sign = source_.get();
    if (sign.empty()) source_.refuse("unexpected end of pattern");
    is_capture = false;
    if (is(sign, U'P')) {
      if (!source_.match(U'<')) return parse_named_reference(sequence);
      is_capture = true;
      name = source_.get_until(U'>', "group name");
      check_name(*name);
    } else if (is(sign, U'#')) {
      return parse_comment(start);
    } else if (is(sign, U'=') || is(sign, U'!') || is(sign, U'<')) {
      return parse_look(sequence, sign, is_verbose, depth, start);
    } else if (is(sign, U'(')) {
      return parse_conditional(sequence, is_verbose, depth, start);
    } else if (is(sign, U'>')) {
      node.kind = Kind::Atomic;
    } else if (flag_of(sign) || is(sign, U'-')) {
      const auto flags = parse_flags(sign);
      if (!flags) {
        if (!is_first || !sequence.nodes.empty()) {
          source_.refuse("global flags not at the start of the expression", source_.tell() - start);
        }
        is_verbose = (flags_ & kVerbose) != 0;
        return;
      }
      std::tie(node.add_flags, node.remove_flags) = *flags;
    } else if (!is(sign, U':')) {
      source_.refuse("unknown extension ?" + to_utf8(sign), sign.size() + 1);
    }
  }
  if (is_capture) node.group = open_group(name);
  const bool is_inner_verbose =
      (is_verbose || (node.add_flags & kVerbose) != 0) && (node.remove_flags & kVerbose) == 0;
  node.parts.push_back(parse_branches(is_inner_verbose, depth + 1));
  end_group(start);
  if (node.group != 0) group_widths_[node.group] = node.parts[0].width;
  sequence.nodes.push_back(std::move(node));
}

void PatternParser::end_group(std::size_t start) {
  if (!source_.match(U')')) {
    source_.refuse("missing ), unterminated subpattern", source_.tell() - start);
  }
}

std::uint32_t PatternParser::open_group(const std::optional<std::u32string>& name) {
  const std::uint32_t group = groups();
  group_widths_.emplace_back();
  if (name) {
    const auto [known, is_new] = group_names_.emplace(*name, group);
    if (!is_new) {
      source_.refuse("redefinition of group name " + repr(*name) + " as group " +
                         std::to_string(group) + "; was group " + std::to_string(known->second),
                     name->size() + 1);
    }
  }
  return group;
}

void PatternParser::check_name(const std::u32string& name) const {
  if (!is_identifier(name)) {
    source_.refuse("bad character in group name " + repr(name), name.size() + 1);
  }
}

void PatternParser::check_closed(std::uint32_t group, std::size_t back) const {
  if (!is_closed(group)) source_.refuse("cannot refer to an open group", back);
}

// Within a look-behind, a group is known when it was closed before that began.
void PatternParser::check_behind(std::uint32_t group) const {
  if (!behind_groups_) return;
  check_closed(group, 0);
  if (group >= *behind_groups_) {
    source_.refuse("cannot refer to group defined in the same lookbehind subpattern");
  }
}

// After "?P", where no group begins.
void PatternParser::parse_named_reference(RawSequence& sequence) {
  if (!source_.match(U'=')) {
    const auto sign = source_.get();
    if (sign.empty()) source_.refuse("unexpected end of pattern");
    source_.refuse("unknown extension ?P" + to_utf8(sign), sign.size() + 2);
  }
  const auto name = source_.get_until(U')', "group name");
  check_name(name);
  const auto known = group_names_.find(name);
  if (known == group_names_.end()) {
    source_.refuse("unknown group name " + repr(name), name.size() + 1);
  }
  check_closed(known->second, name.size() + 1);
  check_behind(known->second);
  sequence.nodes.push_back({.kind = Kind::Reference, .group = known->second});
}

void PatternParser::parse_comment(std::size_t start) {
  while (true) {
    if (source_.at_end()) {
      source_.refuse("missing ), unterminated comment", source_.tell() - start);
    }
    if (is(source_.get(), U')')) return;
  }
}

void PatternParser::parse_look(RawSequence& sequence, std::u32string_view kind, bool is_verbose,
                               unsigned depth, std::size_t start) {
  RawNode node{.kind = Kind::Look, .is_behind = is(kind, U'<')};
  const auto outer_groups = behind_groups_;
  if (node.is_behind) {
    kind = source_.get();
    if (kind.empty()) source_.refuse("unexpected end of pattern");
    if (!is(kind, U'=') && !is(kind, U'!')) {
      source_.refuse("unknown extension ?<" + to_utf8(kind), kind.size() + 2);
    }
    if (!behind_groups_) behind_groups_ = groups();
  }
  node.is_negated = is(kind, U'!');
  node.parts.push_back(parse_branches(is_verbose, depth + 1));
  if (node.is_behind) behind_groups_ = outer_groups;
  end_group(start);
  sequence.nodes.push_back(std::move(node));
}

// Reads the name or number between the parentheses of a conditional.
std::uint32_t PatternParser::conditional_group() {
  const auto name = source_.get_until(U')', "group name");
  const std::size_t back = name.size() + 1;
  if (is_identifier(name)) {
    const auto known = group_names_.find(name);
    if (known == group_names_.end()) source_.refuse("unknown group name " + repr(name), back);
    return known->second;
  }
  const auto number = integer(name);
  if (!number || number->starts_with('-')) {
    source_.refuse("bad character in group name " + repr(name), back);
  }
  if (*number == "0") source_.refuse("bad group number", back);
  constexpr std::size_t kMostDigits = 10;  // of kMostGroups
  if (number->size() > kMostDigits || std::stoull(*number) >= kMostGroups) {
    source_.refuse("invalid group reference " + *number, back);
  }
  const auto group = static_cast<std::uint32_t>(std::stoull(*number));
  asked_groups_.emplace_back(group, source_.tell() - back);
  return group;
}

void PatternParser::parse_conditional(RawSequence& sequence, bool is_verbose, unsigned depth,
                                      std::size_t start) {
  RawNode node{.kind = Kind::Conditional};
  node.group = conditional_group();
  check_behind(node.group);
  if (node.group < groups() && !is_closed(node.group)) {
    source_.refuse_ours("a conditional on the group that it stands in is not supported");
  }
  if (depth >= kMostPatternDepth) {
    source_.refuse_ours("groups are nested more than " + std::to_string(kMostPatternDepth) +
                        " deep");
  }
  node.parts.push_back(parse_sequence(is_verbose, depth + 1, false));
  if (source_.match(U'|')) {
    node.parts.push_back(parse_sequence(is_verbose, depth + 1, false));
    if (source_.next_is(U'|')) {
      source_.refuse("conditional backref with more than two branches");
    }
  }
  end_group(start);
  sequence.nodes.push_back(std::move(node));
}

// Reads inline flags from the first letter on; nothing when they are of the whole pattern.
std::optional<std::pair<unsigned, unsigned>> PatternParser::parse_flags(
    std::u32string_view letter) {
  unsigned added = 0;
  while (!is(letter, U'-')) {
    const unsigned flag = *flag_of(letter);
    if (flag == kLocale) {
      source_.refuse("bad inline flags: cannot use 'L' flag with a str pattern");
    }
    added |= flag;
    if ((flag & kTypeFlags) != 0 && (added & kTypeFlags) != flag) {
      source_.refuse("bad inline flags: flags 'a', 'u' and 'L' are incompatible");
    }
    letter = source_.get();
    if (letter.empty()) source_.refuse("missing -, : or )");
    if (is(letter, U')') || is(letter, U':')) break;
    if (!is(letter, U'-') && !flag_of(letter)) {
      source_.refuse(is_letters(letter) ? "unknown flag" : "missing -, : or )", letter.size());
    }
  }
  if (is(letter, U')')) {
    flags_ |= added;
    return std::nullopt;
  }
  if ((added & kTemplate) != 0) {
    source_.refuse("bad inline flags: cannot turn on global flag", 1);
  }
  const unsigned removed = is(letter, U'-') ? flags_to_remove() : 0;
  if ((removed & kTemplate) != 0) {
    source_.refuse("bad inline flags: cannot turn off global flag", 1);
  }
  if ((added & removed) != 0) {
    source_.refuse("bad inline flags: flag turned on and off", 1);
  }
  return std::pair{added, removed};
}

// After the minus.
unsigned PatternParser::flags_to_remove() {
  auto letter = source_.get();
  if (letter.empty()) source_.refuse("missing flag");
  if (!flag_of(letter)) {
    source_.refuse(is_letters(letter) ? "unknown flag" : "missing flag", letter.size());
  }
  unsigned removed = 0;
  while (true) {
    const unsigned flag = *flag_of(letter);
    if ((flag & kTypeFlags) != 0) {
      source_.refuse("bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
    }
    removed |= flag;
    letter = source_.get();
    if (letter.empty()) source_.refuse("missing :");
    if (is(letter, U':')) return removed;
    if (!flag_of(letter)) {
      source_.refuse(is_letters(letter) ? "unknown flag" : "missing :", letter.size());
    }
  }
}

}  // namespace millrace::label::python
