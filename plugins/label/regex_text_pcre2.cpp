#include <algorithm>
#include <set>

#include "plugins/label/regex_text.hpp"

namespace millrace::label {
namespace {

constexpr std::string_view kAsciiWord = "[0-9A-Za-z_]";

// Whether a part matches no character, as edges do and what looks around.
bool is_without_width(const PatternNode& node) {
  using Kind = PatternNode::Kind;
  switch (node.kind) {
    case Kind::Character:
    case Kind::Set:
    case Kind::Reference:
      return false;
    case Kind::Anchor:
    case Kind::Look:
      return true;
    case Kind::Repeat:
      return node.most == 0 || is_without_width(node.children[0]);
    default:
      return std::all_of(node.children.begin(), node.children.end(), is_without_width);
  }
}

// Characters that may be compared from one step to the next. What repeats as often as it likes has
// steps of its own.
std::uint64_t stretch(const PatternNode& node) {
  using Kind = PatternNode::Kind;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  if (node.kind == Kind::Character || node.kind == Kind::Set) return 1;
  std::uint64_t sum = 0;
  for (const auto& child : node.children) sum = std::min(kMost, sum + stretch(child));
  return node.kind == Kind::Repeat ? std::min(kMost, sum * std::max(node.least, 1U)) : sum;
}

// [one thread]
class Pcre2Text {
 public:
  explicit Pcre2Text(const Pattern& pattern) : pattern_{pattern} {}

  std::string write() {
    find_references(pattern_.root);
    constexpr std::uint64_t kCharacters = 256, kMostNumber = 255;
    const auto cost = std::min(stretch(pattern_.root) / kCharacters, kMostNumber);
    callout_ = "(?C" + std::to_string(cost) + ")";
    // Where every try costs, each place where a match may begin is one.
    if (cost > 0) text_ += callout_;
    append_item(pattern_.root);
    return std::move(text_);
  }

 private:
  using Kind = PatternNode::Kind;

  void find_references(const PatternNode& node) {
    if (node.kind == Kind::Reference || node.kind == Kind::Conditional) wanted_.insert(node.group);
    for (const auto& child : node.children) find_references(child);
  }

  bool has_wanted_group(const PatternNode& node) const {
    return (node.kind == Kind::Group && wanted_.contains(node.group)) ||
           std::any_of(node.children.begin(), node.children.end(),
                       [this](const PatternNode& child) { return has_wanted_group(child); });
  }

  // Only groups that are referred to are groups here, so their numbers differ.
  std::string number_of(std::uint32_t group) const {
    const auto place = std::distance(wanted_.begin(), wanted_.find(group));
    return std::to_string(place + 1);
  }

  // A part, and a step behind it where the search may come back and go another way. One before it
  // where it may go far, so that the way is measured.
  void append_item(const PatternNode& node) {
    constexpr std::uint32_t kFar = 256;
    if (node.kind == Kind::Repeat && node.most - node.least >= kFar) text_ += callout_;
    append(node);
    const bool is_choice = node.kind == Kind::Branch || node.kind == Kind::Reference ||
                           (node.kind == Kind::Repeat && node.least != node.most);
    if (is_choice) text_ += callout_;
  }

  void append(const PatternNode& node) {
    switch (node.kind) {
      case Kind::Character:
        return regex_text::append_character(text_, node.code);
      case Kind::Set:
        return regex_text::append_set(text_, pattern_.sets[node.set], true);
      case Kind::Anchor:
        return append_anchor(node);
      case Kind::Sequence:
        for (const auto& child : node.children) append_item(child);
        return;
      case Kind::Branch:
        return append_children(node, "(?:");
      case Kind::Group:
        return append_children(node, wanted_.contains(node.group) ? "(" : "(?:");
      case Kind::Atomic:
        return append_children(node, "(?>");
      case Kind::Look:
        return append_children(
            node, std::string{node.is_behind ? "(?<" : "(?"} + (node.is_negative ? '!' : '='));
      case Kind::Conditional:
        return append_children(node, "(?(" + number_of(node.group) + ")");
      case Kind::Repeat:
        return append_repeat(node);
      case Kind::Reference:
        text_ += "(?C{" + number_of(node.group) + "})\\g{" + number_of(node.group) + "}";
        return;
    }
  }

  void append_children(const PatternNode& node, std::string_view begin) {
    text_ += begin;
    for (const auto& child : node.children) {
      if (&child != &node.children.front()) text_ += '|';
      append_item(child);
    }
    text_ += ')';
  }

  void append_repeat(const PatternNode& node) {
    const PatternNode& child = node.children[0];
    // A group that is referred to must be there, though it never matches.
    if (node.most == 0 && !has_wanted_group(child)) return;
    if (node.most != 0 && is_without_width(child)) return append_repeat_without_width(node);
    const bool is_one = child.kind == Kind::Character || child.kind == Kind::Set;
    is_one ? append(child) : append_children(node, "(?:");
    regex_text::append_counts(text_, node.least, node.most);
    if (node.greed == PatternNode::Greed::Lazy) text_ += '?';
    if (node.greed == PatternNode::Greed::Possessive) text_ += '+';
  }

  // One more time changes nothing. Within a look-behind PCRE2 takes no other repeats of such a
  // part.
  void append_repeat_without_width(const PatternNode& node) {
    text_ += node.greed == PatternNode::Greed::Possessive ? "(?>" : "(?:";
    if (node.least == 0 && node.greed == PatternNode::Greed::Lazy) text_ += '|';
    append(node.children[0]);
    if (node.least == 0 && node.greed != PatternNode::Greed::Lazy) text_ += '|';
    text_ += ')';
  }

  void append_anchor(const PatternNode& node) {
    switch (node.anchor) {
      case PatternAnchor::TextBegin:
        text_ += "\\A";
        return;
      case PatternAnchor::TextEnd:
        text_ += "\\z";
        return;
      case PatternAnchor::TextEndOrLine:
        text_ += '$';
        return;
      case PatternAnchor::LineBegin:
        text_ += "(?m:^)";
        return;
      case PatternAnchor::LineEnd:
        text_ += "(?m:$)";
        return;
      case PatternAnchor::WordEdge:
        text_ += node.is_ascii ? ascii_edge("(?!", "(?=", "") : "\\b";
        return;
      case PatternAnchor::NotWordEdge:
        text_ += node.is_ascii ? ascii_edge("(?=", "(?!", "(?!\\A\\z)") : "(?:(?!\\A\\z)\\B)";
        return;
    }
  }

  // What follows a word character, and what follows another.
  static std::string ascii_edge(std::string_view after_word, std::string_view after_other,
                                std::string_view besides) {
    const std::string word{kAsciiWord};
    return "(?:(?<=" + word + ")" + std::string{after_word} + word + ")|(?<!" + word + ")" +
           std::string{after_other} + word + ")" + std::string{besides} + ")";
  }

  const Pattern& pattern_;
  std::set<std::uint32_t> wanted_;  // groups, by their number in Python
  std::string callout_;
  std::string text_;
};

}  // namespace

std::string text_for_pcre2(const Pattern& pattern) { return Pcre2Text{pattern}.write(); }

}  // namespace millrace::label
