// Applies the flags to what was read, as Python's compiler does: every character and set becomes a
// set of code points, case and all, and every anchor says what it asks for.
#include "plugins/label/python_pattern.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "plugins/label/python_pattern_parser.hpp"
#include "plugins/label/python_pattern_unicode.hpp"

namespace millrace::label {
namespace python {
namespace {

using Raw = RawNode::Kind;
using Part = PatternNode::Kind;

constexpr std::uint32_t kLastOfBmp = 0xFFFF;

CodeSet single(std::uint32_t code) { return CodeSet{{{code, code}}}; }

const CodeSet& named_set(SetItem::Kind kind, bool is_ascii) {
  if (kind == SetItem::Kind::Word) return word(is_ascii);
  return kind == SetItem::Kind::Digit ? digit(is_ascii) : space(is_ascii);
}

class Resolver {
 public:
  Pattern resolve(RawPattern raw) {
    pattern_.warnings = std::move(raw.warnings);
    pattern_.root = sequence(raw.root, raw.flags);
    return std::move(pattern_);
  }

 private:
  PatternNode sequence(const RawSequence& raw, unsigned flags) {
    PatternNode node;
    node.children.reserve(raw.nodes.size());
    for (const auto& part : raw.nodes) node.children.push_back(resolved(part, flags));
    if (node.children.size() == 1) return PatternNode{std::move(node.children[0])};
    return node;
  }

  PatternNode resolved(const RawNode& raw, unsigned flags) {
    switch (raw.kind) {
      case Raw::Literal:
      case Raw::NotLiteral:
        return of_set(character(raw.code, raw.kind == Raw::NotLiteral, flags));
      case Raw::In:
        return of_set(set(raw, flags));
      case Raw::Any:
        return of_set((flags & kDotAll) != 0 ? CodeSet::all() : single('\n').complement());
      case Raw::At:
        return anchor(raw.at, flags);
      case Raw::Reference:
        return {.kind = Part::Reference, .group = raw.group};
      case Raw::Subpattern:
        return subpattern(raw, flags);
      case Raw::Look:
        check_width(raw);
        break;
      case Raw::Repeat:
        if ((flags & kTemplate) != 0) refuse_repeat(raw);
        break;
      case Raw::Branch:
      case Raw::Atomic:
      case Raw::Conditional:
        break;
    }
    PatternNode node{.kind = kind_of(raw.kind),
                     .greed = raw.greed,
                     .is_behind = raw.is_behind,
                     .is_negative = raw.is_negated,
                     .least = raw.least,
                     .most = raw.most,
                     .group = raw.group};
    for (const auto& part : raw.parts) node.children.push_back(sequence(part, flags));
    return node;
  }

  static Part kind_of(Raw kind) {
    switch (kind) {
      case Raw::Branch:
        return Part::Branch;
      case Raw::Atomic:
        return Part::Atomic;
      case Raw::Look:
        return Part::Look;
      case Raw::Conditional:
        return Part::Conditional;
      default:
        return Part::Repeat;
    }
  }

  static void check_width(const RawNode& raw) {
    const Width width = raw.parts[0].width;
    if (raw.is_behind && width.least != width.most) {
      PatternSource::refuse_whole("look-behind requires fixed-width pattern");
    }
  }

  static void refuse_repeat(const RawNode& raw) {
    const std::string greed = raw.greed == PatternNode::Greed::Greedy ? "MAX_REPEAT"
                              : raw.greed == PatternNode::Greed::Lazy ? "MIN_REPEAT"
                                                                      : "POSSESSIVE_REPEAT";
    PatternSource::refuse_whole("internal: unsupported template operator " + greed);
  }

  PatternNode subpattern(const RawNode& raw, unsigned flags) {
    if ((raw.add_flags & kTypeFlags) != 0) flags &= ~static_cast<unsigned>(kTypeFlags);
    flags = (flags | raw.add_flags) & ~raw.remove_flags;
    PatternNode inner = sequence(raw.parts[0], flags);
    if (raw.group == 0) return inner;
    PatternNode node{.kind = Part::Group, .group = raw.group};
    node.children.push_back(std::move(inner));
    return node;
  }

  static PatternNode anchor(RawNode::At at, unsigned flags) {
    const bool is_multiline = (flags & kMultiline) != 0;
    PatternNode node{.kind = Part::Anchor, .is_ascii = (flags & kUnicode) == 0};
    switch (at) {
      case RawNode::At::Begin:
        node.anchor = is_multiline ? PatternAnchor::LineBegin : PatternAnchor::TextBegin;
        break;
      case RawNode::At::BeginText:
        node.anchor = PatternAnchor::TextBegin;
        break;
      case RawNode::At::End:
        node.anchor = is_multiline ? PatternAnchor::LineEnd : PatternAnchor::TextEndOrLine;
        break;
      case RawNode::At::EndText:
        node.anchor = PatternAnchor::TextEnd;
        break;
      case RawNode::At::Edge:
        node.anchor = PatternAnchor::WordEdge;
        break;
      case RawNode::At::NotEdge:
        node.anchor = PatternAnchor::NotWordEdge;
        break;
    }
    return node;
  }

  // What a character outside of a set matches.
  static CodeSet character(std::uint32_t code, bool is_negated, unsigned flags) {
    const bool is_ascii = (flags & kUnicode) == 0;
    CodeSet found = single(code);
    if ((flags & kIgnoreCase) != 0 && is_cased(code, is_ascii)) {
      const std::uint32_t lowered = lower(code, is_ascii);
      found = single(lowered);
      if (!is_ascii) found = found.with(same_upper(lowered));
      found = with_lower_in(found, is_ascii);
    }
    return is_negated ? found.complement() : found;
  }

  static CodeSet set(const RawNode& raw, unsigned flags) {
    const bool is_ascii = (flags & kUnicode) == 0;
    const bool ignores_case = (flags & kIgnoreCase) != 0;
    std::vector<CodeRange> ranges;
    const auto add = [&](const CodeSet& part) {
      ranges.insert(ranges.end(), part.ranges().begin(), part.ranges().end());
    };
    bool has_cased = false;
    for (const auto& item : raw.items) {
      if (item.kind != SetItem::Kind::Literal && item.kind != SetItem::Kind::Range) {
        const CodeSet& named = named_set(item.kind, is_ascii);
        add(item.is_negated ? named.complement() : named);
      } else if (!ignores_case) {
        ranges.push_back(item.range);
      } else {
        add(lowered(item, is_ascii));
        has_cased = has_cased || has_case(item, is_ascii);
      }
    }
    CodeSet found{std::move(ranges)};
    if (raw.is_negated) found = found.complement();
    return has_cased ? with_lower_in(found, is_ascii) : found;
  }

  // The lower-case characters that an item stands for where case is ignored. Beyond the BMP Python
  // lowers no literal, and takes of a range also what is in it in upper case.
  static CodeSet lowered(const SetItem& item, bool is_ascii) {
    const auto [first, last] = item.range;
    if (item.kind == SetItem::Kind::Literal && first > kLastOfBmp) return CodeSet{{item.range}};
    std::vector<CodeRange> ranges;
    for (std::uint32_t code = first; code <= std::min(last, kLastOfBmp); ++code) {
      const std::uint32_t lower_case = lower(code, is_ascii);
      ranges.push_back({lower_case, lower_case});
      if (is_ascii) continue;
      const auto& others = same_upper(lower_case);
      ranges.insert(ranges.end(), others.ranges().begin(), others.ranges().end());
    }
    CodeSet found{std::move(ranges)};
    return last > kLastOfBmp ? found.with(CodeSet{{item.range}}).with(with_upper_in(item.range))
                             : found;
  }

  static bool has_case(const SetItem& item, bool is_ascii) {
    if (item.range.last > kLastOfBmp) return true;
    for (std::uint32_t code = item.range.first; code <= item.range.last; ++code) {
      if (is_cased(code, is_ascii)) return true;
    }
    return false;
  }

  PatternNode of_set(CodeSet set) {
    if (set.is_single()) return {.kind = Part::Character, .code = set.ranges()[0].first};
    const auto next = static_cast<std::uint32_t>(pattern_.sets.size());
    const auto [known, is_new] = numbers_.emplace(std::move(set), next);
    if (is_new) pattern_.sets.push_back(known->first);
    return {.kind = Part::Set, .set = known->second};
  }

  Pattern pattern_;
  std::map<CodeSet, std::uint32_t> numbers_;
};

}  // namespace
}  // namespace python

std::variant<Pattern, PatternError> parse_pattern(std::string_view text,
                                                  const PatternOptions& options) {
  try {
    python::PatternParser parser{text, options.ignores_case ? python::kIgnoreCase : 0U};
    return python::Resolver{}.resolve(parser.parse());
  } catch (python::Refused& refused) {
    return std::move(refused.error);
  }
}

}  // namespace millrace::label
