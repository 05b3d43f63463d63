#include "tools/audience_workload/keywords.hpp"

#include <array>

#include "tools/audience_workload/random_stream.hpp"
#include "tools/audience_workload/words.hpp"

namespace millrace::workload {
namespace {

constexpr std::uint64_t kOfNames = 1'400;  // keywords that can occur in names

std::string_view pick_type(RandomStream& random) {
  const auto drawn = random.below(1000);
  if (drawn < 780) return "partially";
  if (drawn < 994) return "absolutely";
  return drawn < 996 ? "start" : "end";
}

std::u32string chinese_keyword(std::uint64_t n, std::string_view type, RandomStream& random) {
  std::u32string text;
  if (n < kOfNames) {
    if (type == "absolutely") text += han(n % 100);
    return text + popular_pair(n);
  }
  const auto drawn = random.below(10);
  const std::size_t length = drawn < 4 ? 2 : drawn < 9 ? 3 : 4;
  while (text.size() + 1 < length) text += han(100 + random.below(300));
  return text + han(2900 + random.below(80));
}

std::u32string latin_keyword(std::uint64_t n, RandomStream& random) {
  std::u32string text;
  if (n < kOfNames) {
    text = first_name(2 * n);
  } else {
    const auto length = 4 + random.below(6);
    while (text.size() + 1 < length) text += handle_letter(random.below(24));
    text += U'q';  // no name has one
  }
  if (random.below(35) == 0) text.front() += U'A' - U'a';
  return text;
}

Keyword make_keyword(std::uint64_t seed, std::uint64_t n) {
  struct Title {
    std::string_view text, type;
  };
  constexpr std::array<Title, 6> kTitles{{{"先生", "partially"},
                                          {"小姐", "partially"},
                                          {"哥", "end"},
                                          {"姐", "end"},
                                          {"爸", "end"},
                                          {"媽", "end"}}};
  const std::string_view label = n % 2 == 0 ? "男性" : "女性";
  if (n < kTitles.size()) return {label, std::string{kTitles[n].text}, kTitles[n].type};
  constexpr std::uint64_t kKeywords = 3;
  RandomStream random{seed, kKeywords, n};
  const auto type = pick_type(random);
  const bool is_chinese = random.below(100) < 64;
  return {label, to_utf8(is_chinese ? chinese_keyword(n, type, random) : latin_keyword(n, random)),
          type};
}

}  // namespace

std::vector<Keyword> make_keywords(std::uint64_t seed, std::uint64_t count) {
  std::vector<Keyword> keywords;
  keywords.reserve(count);
  for (const std::uint64_t first : {0, 1})
    for (auto n = first; n < count; n += 2) keywords.push_back(make_keyword(seed, n));
  return keywords;
}

}  // namespace millrace::workload
