#include <algorithm>

#include "plugins/label/regex_text.hpp"

namespace millrace::label {
namespace {

constexpr std::uint32_t kMostOfRe2 = 1000;  // its own bound of a count

// [one thread]
class Re2Text {
 public:
  explicit Re2Text(const Pattern& pattern) : pattern_{pattern} {}

  std::optional<std::string> write() {
    if (!append(pattern_.root, true)) return std::nullopt;
    return std::move(text_);
  }

 private:
  using Kind = PatternNode::Kind;

  // `is_last`: nothing of the pattern comes behind the node.
  bool append(const PatternNode& node, bool is_last) {
    switch (node.kind) {
      case Kind::Character:
        regex_text::append_character(text_, node.code);
        return true;
      case Kind::Set:
        regex_text::append_set(text_, pattern_.sets[node.set], false);
        return true;
      case Kind::Anchor:
        return append_anchor(node, is_last);
      case Kind::Sequence:
        for (const auto& child : node.children) {
          if (!append(child, is_last && &child == &node.children.back())) return false;
        }
        return true;
      case Kind::Branch:
        return append_branches(node, is_last);
      case Kind::Group:
        text_ += "(?:";
        if (!append(node.children[0], is_last)) return false;
        text_ += ')';
        return true;
      case Kind::Repeat:
        return append_repeat(node);
      case Kind::Atomic:
      case Kind::Look:
      case Kind::Reference:
      case Kind::Conditional:
        return false;
    }
    return false;
  }

  bool append_branches(const PatternNode& node, bool is_last) {
    text_ += "(?:";
    for (const auto& child : node.children) {
      if (&child != &node.children.front()) text_ += '|';
      if (!append(child, is_last)) return false;
    }
    text_ += ')';
    return true;
  }

  bool append_repeat(const PatternNode& node) {
    if (node.greed == PatternNode::Greed::Possessive) return false;
    const std::uint32_t most = node.most == PatternNode::kNoMost ? 0 : node.most;
    if (std::max(node.least, most) > kMostOfRe2) return false;
    text_ += "(?:";
    if (!append(node.children[0], false)) return false;
    text_ += ')';
    regex_text::append_counts(text_, node.least, node.most);
    if (node.greed == PatternNode::Greed::Lazy) text_ += '?';
    return true;
  }

  bool append_anchor(const PatternNode& node, bool is_last) {
    switch (node.anchor) {
      case PatternAnchor::TextBegin:
        text_ += "\\A";
        return true;
      case PatternAnchor::TextEnd:
        text_ += "\\z";
        return true;
      case PatternAnchor::TextEndOrLine:
        // Written as what it stands before, so nothing may follow.
        text_ += "(?:\\n?\\z)";
        return is_last;
      case PatternAnchor::LineBegin:
        text_ += "(?m:^)";
        return true;
      case PatternAnchor::LineEnd:
        text_ += "(?m:$)";
        return true;
      case PatternAnchor::WordEdge:
        text_ += "\\b";  // of ASCII words
        return node.is_ascii;
      case PatternAnchor::NotWordEdge:
        return false;  // RE2 has one in an empty text
    }
    return false;
  }

  const Pattern& pattern_;
  std::string text_;
};

}  // namespace

std::optional<std::string> text_for_re2(const Pattern& pattern) { return Re2Text{pattern}.write(); }

}  // namespace millrace::label
