#include "plugins/learn/word_trie.hpp"

#include <bit>
#include <string>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::learn {

WordTrie::WordTrie() : slots_(1024), shift_{64 - 10} {}

WordTrie::Node WordTrie::grow(Node node, char32_t next) {
  if (const Node found = child(node, next); found != kRoot) return found;
  if (count_ > kMostNodes)
    throw Failure{MR_EXHAUSTED,
                  "words have too many beginnings: more than " + std::to_string(kMostNodes)};
  if (2 * count_ >= slots_.size()) {
    auto before = std::exchange(slots_, std::vector<std::uint64_t>(2 * slots_.size()));
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(slots_.size()));
    for (const auto entry : before) {
      if (entry != 0) put(entry);
    }
  }
  const auto made = static_cast<Node>(count_++);
  put((key_of(node, next) << kNodeBits) | made);
  return made;
}

void WordTrie::put(std::uint64_t entry) {
  auto slot = slot_of(entry >> kNodeBits);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = entry;
}

}  // namespace millrace::learn
