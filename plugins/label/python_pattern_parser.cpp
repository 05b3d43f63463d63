#include "plugins/label/python_pattern_parser.hpp"

#include <algorithm>
#include <iterator>

namespace millrace::label::python {
namespace {

using Kind = RawNode::Kind;

constexpr std::uint64_t kNoMost = PatternNode::kNoMost;  // Python's MAXREPEAT
constexpr std::u32string_view kDigits = U"0123456789";
constexpr std::u32string_view kBlanks = U" \t\n\r\v\f";

std::uint64_t times(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}
std::uint64_t plus(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

bool is_plain_group(const RawNode& node) {
  return node.kind == Kind::Subpattern && node.group == 0 && node.add_flags == 0 &&
         node.remove_flags == 0;
}

// Whether both are the same and hold no patterns of their own.
bool is_same_leaf(const RawNode& a, const RawNode& b) {
  return a.kind == b.kind && a.parts.empty() && b.parts.empty() && a.code == b.code &&
         a.at == b.at && a.group == b.group && a.is_negated == b.is_negated && a.items == b.items;
}

// Number of nodes with which all begin.
std::size_t common_prefix(const std::vector<RawSequence>& items) {
  const auto& first = items[0].nodes;
  std::size_t length = 0;
  for (; length < first.size(); ++length) {
    const bool is_common = std::all_of(items.begin(), items.end(), [&](const RawSequence& item) {
      return length < item.nodes.size() && is_same_leaf(first[length], item.nodes[length]);
    });
    if (!is_common) break;
  }
  return length;
}

// The items of a set that stands for the branches, where each is one character.
std::optional<std::vector<SetItem>> as_set(const std::vector<RawSequence>& branches) {
  std::vector<SetItem> items;
  for (const auto& branch : branches) {
    if (branch.nodes.size() != 1) return std::nullopt;
    const RawNode& node = branch.nodes[0];
    if (node.kind == Kind::Literal) {
      items.push_back({.range = {node.code, node.code}});
    } else if (node.kind == Kind::In && !node.is_negated) {
      items.insert(items.end(), node.items.begin(), node.items.end());
    } else {
      return std::nullopt;
    }
  }
  return items;
}

// Puts what stands in plain groups in their place.
void unpack_groups(RawSequence& sequence) {
  auto& nodes = sequence.nodes;
  if (std::none_of(nodes.begin(), nodes.end(), is_plain_group)) return;
  std::vector<RawNode> unpacked;
  for (auto& node : nodes) {
    if (is_plain_group(node)) {
      auto& inner = node.parts[0].nodes;
      std::move(inner.begin(), inner.end(), std::back_inserter(unpacked));
    } else {
      unpacked.push_back(std::move(node));
    }
  }
  nodes = std::move(unpacked);
}

// Digits as a count; too large ones end as kNoMost.
std::uint64_t count_of(std::u32string_view digits) {
  std::uint64_t count = 0;
  for (const char32_t digit : digits) {
    count = std::min<std::uint64_t>(count * 10 + (digit - U'0'), kNoMost);
  }
  return count;
}

}  // namespace

RawPattern PatternParser::parse() {
  RawPattern pattern;
  pattern.root = parse_branches((flags_ & kVerbose) != 0, 0);
  if ((flags_ & kAscii) == 0) {
    flags_ |= kUnicode;
  } else if ((flags_ & kUnicode) != 0) {
    PatternSource::refuse_whole("ASCII and UNICODE flags are incompatible");
  }
  if (!source_.at_end()) source_.refuse("unbalanced parenthesis");
  for (const auto& [group, position] : asked_groups_) {
    if (group >= groups()) {
      source_.refuse_at("invalid group reference " + std::to_string(group), position);
    }
  }
  pattern.flags = flags_;
  pattern.warnings = std::move(warnings_);
  return pattern;
}

RawSequence PatternParser::parse_branches(bool is_verbose, unsigned depth) {
  if (depth > kMostPatternDepth) {
    source_.refuse_ours("groups are nested more than " + std::to_string(kMostPatternDepth) +
                        " deep");
  }
  std::vector<RawSequence> branches;
  do {
    branches.push_back(parse_sequence(is_verbose, depth, depth == 0 && branches.empty()));
    if (depth == 0 && source_.next_is(U'|')) is_verbose = (flags_ & kVerbose) != 0;
  } while (source_.match(U'|'));
  if (branches.size() == 1) return std::move(branches[0]);

  RawSequence sequence;
  const auto prefix = static_cast<std::ptrdiff_t>(common_prefix(branches));
  if (prefix > 0) {
    auto& first = branches[0].nodes;
    std::move(first.begin(), first.begin() + prefix, std::back_inserter(sequence.nodes));
    for (auto& branch : branches) {
      branch.nodes.erase(branch.nodes.begin(), branch.nodes.begin() + prefix);
      measure(branch);
    }
  }
  RawNode node;
  if (auto items = as_set(branches)) {
    node.kind = Kind::In;
    node.items = std::move(*items);
  } else {
    node.kind = Kind::Branch;
    node.parts = std::move(branches);
  }
  sequence.nodes.push_back(std::move(node));
  measure(sequence);
  return sequence;
}

RawSequence PatternParser::parse_sequence(bool is_verbose, unsigned depth, bool is_first) {
  RawSequence sequence;
  while (!source_.at_end() && !source_.next_is(U'|') && !source_.next_is(U')')) {
    const auto token = source_.get();
    const char32_t sign = token[0];
    if (is_verbose && kBlanks.find(sign) != kBlanks.npos) continue;
    if (is_verbose && sign == U'#') {
      while (!source_.at_end() && !source_.next_is(U'\n')) source_.get();
      source_.match(U'\n');
    } else if (sign == U'\\') {
      sequence.nodes.push_back(parse_escape(token));
    } else if (sign == U'[') {
      sequence.nodes.push_back(parse_set());
    } else if (sign == U'*' || sign == U'+' || sign == U'?' || sign == U'{') {
      parse_repeat(sequence, sign);
    } else if (sign == U'.') {
      sequence.nodes.push_back({.kind = Kind::Any});
    } else if (sign == U'(') {
      parse_group(sequence, is_verbose, depth, is_first);
    } else if (sign == U'^' || sign == U'$') {
      sequence.nodes.push_back(
          {.kind = Kind::At, .at = sign == U'^' ? RawNode::At::Begin : RawNode::At::End});
    } else {
      sequence.nodes.push_back({.kind = Kind::Literal, .code = sign});
    }
  }
  unpack_groups(sequence);
  measure(sequence);
  return sequence;
}

// Reads what follows a brace; false where it is no repeat, and the brace itself is meant.
bool PatternParser::parse_counts(std::uint32_t& least, std::uint32_t& most) {
  const std::size_t here = source_.tell();
  if (source_.next_is(U'}')) return false;
  const auto low = source_.get_while(kMostPatternCharacters, kDigits);
  const auto high = source_.match(U',') ? source_.get_while(kMostPatternCharacters, kDigits) : low;
  if (!source_.match(U'}')) {
    source_.seek(here);
    return false;
  }
  const std::uint64_t low_count = count_of(low);
  const std::uint64_t high_count = high.empty() ? kNoMost : count_of(high);
  if (low_count >= kNoMost || (!high.empty() && high_count >= kNoMost)) {
    PatternSource::refuse_whole("the repetition number is too large");
  }
  if (high_count < low_count) {
    source_.refuse("min repeat greater than max repeat", source_.tell() - here);
  }
  least = static_cast<std::uint32_t>(low_count);
  most = static_cast<std::uint32_t>(high_count);
  return true;
}

void PatternParser::parse_repeat(RawSequence& sequence, char32_t sign) {
  const std::size_t here = source_.tell();
  std::uint32_t least = sign == U'+' ? 1 : 0;
  std::uint32_t most = sign == U'?' ? 1 : PatternNode::kNoMost;
  if (sign == U'{' && !parse_counts(least, most)) {
    sequence.nodes.push_back({.kind = Kind::Literal, .code = sign});
    return;
  }
  const std::size_t back = source_.tell() - here + 1;
  if (sequence.nodes.empty() || sequence.nodes.back().kind == Kind::At) {
    source_.refuse("nothing to repeat", back);
  }
  RawNode& last = sequence.nodes.back();
  if (last.kind == Kind::Repeat) source_.refuse("multiple repeat", back);
  if (least > kMostRepeats || (most != PatternNode::kNoMost && most > kMostRepeats)) {
    source_.refuse_ours("a repeat counts further than " + std::to_string(kMostRepeats));
  }
  RawNode repeat{.kind = Kind::Repeat, .least = least, .most = most};
  if (is_plain_group(last)) {
    repeat.parts = std::move(last.parts);
  } else {
    RawSequence item;
    item.nodes.push_back(std::move(last));
    measure(item);
    repeat.parts.push_back(std::move(item));
  }
  if (source_.match(U'?')) {
    repeat.greed = PatternNode::Greed::Lazy;
  } else if (source_.match(U'+')) {
    repeat.greed = PatternNode::Greed::Possessive;
  }
  sequence.nodes.back() = std::move(repeat);
}

// Counts the characters that a sequence matches, from what its parts do.
void PatternParser::measure(RawSequence& sequence) const {
  Width width;
  for (const auto& node : sequence.nodes) {
    Width part;
    switch (node.kind) {
      case Kind::Literal:
      case Kind::NotLiteral:
      case Kind::In:
      case Kind::Any:
        part = {1, 1};
        break;
      case Kind::At:
      case Kind::Look:
        break;
      case Kind::Subpattern:
      case Kind::Atomic:
        part = node.parts[0].width;
        break;
      case Kind::Repeat:
        part = {times(node.parts[0].width.least, node.least),
                times(node.parts[0].width.most, node.most)};
        break;
      case Kind::Reference:
        part = group_widths_[node.group].value_or(Width{});
        break;
      case Kind::Branch:
      case Kind::Conditional:
        part = node.parts[0].width;
        for (const auto& other : node.parts) {
          part = {std::min(part.least, other.width.least), std::max(part.most, other.width.most)};
        }
        if (node.kind == Kind::Conditional && node.parts.size() == 1) part.least = 0;
        break;
    }
    width = {plus(width.least, part.least), plus(width.most, part.most)};
  }
  sequence.width = {std::min(width.least, kNoMost - 1), std::min(width.most, kNoMost)};
}

void PatternParser::warn(std::string_view what, std::size_t position) {
  constexpr std::size_t kMostWarnings = 8;
  if (warnings_.size() < kMostWarnings) {
    warnings_.push_back("Possible " + std::string{what} + " at position " +
                        std::to_string(position));
  }
}

}  // namespace millrace::label::python
