#include "tools/audience_workload/phrases.hpp"

#include "tools/audience_workload/words.hpp"

namespace millrace::workload {

std::u32string phrase_stem(std::uint64_t p) { return {han(2800 + p), han(500 + p)}; }

std::u32string other_phrase_stem(std::uint64_t p) { return {han(2860 + p), han(500 + p)}; }

std::u32string make_phrase(std::uint64_t p, RandomStream& random) {
  if (p < 20) return random.below(2) == 0 ? phrase_stem(p) : other_phrase_stem(p);
  auto phrase = phrase_stem(p);
  if (p < 55) {
    phrase.append(random.below(4), han(400));
    phrase += U"123"[random.below(3)];
    phrase += U'年';
  }
  return phrase;
}

}  // namespace millrace::workload
