#include <algorithm>

#include "plugins/label/regex_text.hpp"

namespace millrace::label {
namespace {

// A set of more ranges is taken as any character: it would make the automaton large and tell
// little.
constexpr std::size_t kMostRanges = 100;
// A set costs as much as so many characters, measured with sets of Han letters.
constexpr std::uint64_t kCharactersOfSet = 40;
// The most that one pattern may cost.
constexpr std::uint64_t kMostCharacters = 80'000;

bool can_be_empty(const PatternNode& node) {
  using Kind = PatternNode::Kind;
  switch (node.kind) {
    case Kind::Character:
    case Kind::Set:
      return false;
    case Kind::Branch:
      return std::any_of(node.children.begin(), node.children.end(), can_be_empty);
    case Kind::Conditional:
      return node.children.size() == 1 ||
             std::any_of(node.children.begin(), node.children.end(), can_be_empty);
    case Kind::Sequence:
    case Kind::Group:
    case Kind::Atomic:
      return std::all_of(node.children.begin(), node.children.end(), can_be_empty);
    case Kind::Repeat:
      return node.least == 0 || can_be_empty(node.children[0]);
    case Kind::Anchor:
    case Kind::Look:
    case Kind::Reference:
      return true;
  }
  return true;
}

// Characters of a part, loose: with endless repeats, else with repeats written out.
std::uint64_t filter_cost(const PatternNode& node, bool is_loose) {
  using Kind = PatternNode::Kind;
  if (node.kind == Kind::Look) return 0;
  if (node.kind == Kind::Character) return 1;
  if (node.kind == Kind::Set || node.kind == Kind::Reference) return kCharactersOfSet;
  std::uint64_t sum = 0;
  for (const auto& child : node.children) {
    sum = std::min(kMostCharacters + 1, sum + filter_cost(child, is_loose));
  }
  if (node.kind != Kind::Repeat || is_loose) return sum;
  return sum * (node.most == PatternNode::kNoMost ? std::max(node.least, 1U) : node.most);
}

// [one thread]
class PrefilterText {
 public:
  PrefilterText(const Pattern& pattern, bool is_loose) : pattern_{pattern}, is_loose_{is_loose} {}

  std::string write() {
    append(pattern_.root, true, true);
    return std::move(text_);
  }

 private:
  using Kind = PatternNode::Kind;

  // `is_first`, `is_last`: nothing of the pattern stands before or behind the node. Vectorscan
  // takes anchors there only; elsewhere they are left out.
  void append(const PatternNode& node, bool is_first, bool is_last) {
    switch (node.kind) {
      case Kind::Character:
        return regex_text::append_character(text_, node.code);
      case Kind::Set:
        return append_set(pattern_.sets[node.set]);
      case Kind::Anchor:
        return append_anchor(node.anchor, is_first, is_last);
      case Kind::Sequence:
        for (const auto& child : node.children) {
          append(child, is_first && &child == &node.children.front(),
                 is_last && &child == &node.children.back());
        }
        return;
      case Kind::Branch:
      case Kind::Group:
      case Kind::Atomic:
        return append_children(node, is_first, is_last);
      case Kind::Conditional:
        append_children(node, is_first, is_last);
        if (node.children.size() == 1) text_ += '?';
        return;
      case Kind::Repeat:
        if (node.most == 0) return;
        append_children(node, false, false);
        if (is_loose_) {
          text_ += node.least == 0 ? '*' : '+';
        } else {
          regex_text::append_counts(text_, node.least, node.most);
        }
        return;
      case Kind::Reference:
        text_ += ".*";
        return;
      case Kind::Look:
        return;  // as if it were satisfied
    }
  }

  void append_children(const PatternNode& node, bool is_first, bool is_last) {
    text_ += "(?:";
    for (const auto& child : node.children) {
      if (&child != &node.children.front()) text_ += '|';
      append(child, is_first, is_last);
    }
    text_ += ')';
  }

  void append_set(const CodeSet& set) {
    if (set.ranges().size() > kMostRanges || set.empty()) {
      text_ += '.';
    } else {
      regex_text::append_set(text_, set, false);
    }
  }

  void append_anchor(PatternAnchor anchor, bool is_first, bool is_last) {
    if (is_first && anchor == PatternAnchor::TextBegin) text_ += '^';
    if (is_last && anchor == PatternAnchor::TextEnd) text_ += "\\z";
    if (is_last && anchor == PatternAnchor::TextEndOrLine) text_ += '$';
  }

  const Pattern& pattern_;
  bool is_loose_;
  std::string text_;
};

}  // namespace

std::optional<std::string> text_for_prefilter(const Pattern& pattern, std::uint64_t& characters) {
  if (can_be_empty(pattern.root)) return std::nullopt;
  for (const bool is_loose : {false, true}) {
    const auto cost = filter_cost(pattern.root, is_loose);
    if (cost > std::min(kMostCharacters, characters)) continue;
    characters -= cost;
    return PrefilterText{pattern, is_loose}.write();
  }
  return std::nullopt;
}

}  // namespace millrace::label
