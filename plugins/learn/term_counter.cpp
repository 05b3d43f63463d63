#include "plugins/learn/term_counter.hpp"

#include <algorithm>
#include <numeric>

#include <millrace/context.hpp>

#include "plugins/learn/utf8.hpp"

namespace millrace::learn {

TermCounter::TermCounter(const std::vector<std::string>& terms) {
  std::vector<std::pair<Node, char32_t>> parents(1);  // by node: its parent, and the step from it
  terms_.assign(1, kNoTerm);
  for (const auto& term : terms) {
    if (term.empty() || term.size() > kMostTermBytes)
      throw Failure{MR_DATA_INVALID,
                    "a term has 1 to 4,096 bytes: it has " + std::to_string(term.size())};
    auto node = WordTrie::kRoot;
    std::uint32_t length = 0;
    for (std::size_t at = 0; at < term.size(); ++length) {
      const auto next = next_code_point(term, at);
      const auto parent = node;
      node = trie_.grow(parent, next);
      if (node == parents.size()) parents.emplace_back(parent, next);
    }
    terms_.resize(parents.size(), kNoTerm);
    if (terms_[node] != kNoTerm) throw Failure{MR_DATA_INVALID, "a term is there twice: " + term};
    terms_[node] = static_cast<std::uint32_t>(lengths_.size());
    lengths_.push_back(length);
  }
  link(parents);
}

// Parents have smaller numbers than their children, but fall-backs need the order of depths.
void TermCounter::link(const std::vector<std::pair<Node, char32_t>>& parents) {
  std::vector<std::uint32_t> depths(parents.size());
  for (std::size_t node = 1; node < parents.size(); ++node)
    depths[node] = depths[parents[node].first] + 1;
  std::vector<Node> order(parents.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](Node left, Node right) { return depths[left] < depths[right]; });
  fall_backs_.assign(parents.size(), WordTrie::kRoot);
  shorter_.assign(parents.size(), WordTrie::kRoot);
  for (const auto node : order) {
    if (depths[node] < 2) continue;
    const auto [parent, step] = parents[node];
    auto from = parent;
    auto found = WordTrie::kRoot;
    while (from != WordTrie::kRoot && found == WordTrie::kRoot) {
      from = fall_backs_[from];
      found = trie_.child(from, step);
    }
    fall_backs_[node] = found;
    shorter_[node] = terms_[found] != kNoTerm ? found : shorter_[found];
  }
}

const std::vector<TermCounter::Count>& TermCounter::count(std::string_view text,
                                                          Scratch& scratch) const {
  for (const auto& [term, count] : scratch.counts) scratch.places[term] = 0;
  scratch.counts.clear();
  scratch.places.resize(lengths_.size());
  scratch.free.resize(lengths_.size());
  auto node = WordTrie::kRoot;
  std::uint64_t position = 0;  // in code points, behind the one at hand
  for (std::size_t at = 0; at < text.size();) {
    const auto next = next_code_point(text, at);
    ++position;
    auto child = trie_.child(node, next);
    while (child == WordTrie::kRoot && node != WordTrie::kRoot) {
      node = fall_backs_[node];
      child = trie_.child(node, next);
    }
    node = child;
    for (auto end = terms_[node] != kNoTerm ? node : shorter_[node]; end != WordTrie::kRoot;
         end = shorter_[end]) {
      const auto term = terms_[end];
      auto& place = scratch.places[term];
      if (place == 0) {
        scratch.counts.emplace_back(term, 0);
        place = static_cast<std::uint32_t>(scratch.counts.size());
        scratch.free[term] = 0;
      }
      if (position - lengths_[term] < scratch.free[term]) continue;
      ++scratch.counts[place - 1].second;
      scratch.free[term] = position;
    }
  }
  return scratch.counts;
}

}  // namespace millrace::learn
