#include "tools/audience_workload/authors.hpp"

#include <array>
#include <string_view>
#include <vector>

#include "tools/audience_workload/random_stream.hpp"
#include "tools/audience_workload/source_ids.hpp"
#include "tools/audience_workload/words.hpp"

#include <fmt/format.h>

namespace millrace::workload {
namespace {

std::string pick_site(RandomStream& random) {
  const auto one_of = [&random](const std::vector<std::string>& ids) {
    return ids[random.below(ids.size())];
  };
  const auto drawn = random.below(1000);
  if (drawn < 550) return "WH_F0045";
  if (drawn < 700) return "WH_F0001";
  if (drawn < 780) return "WH_F0165";
  if (drawn < 860) return one_of(forum_ids());
  if (drawn < 910) return one_of(news_ids());
  if (drawn < 950) return "WH_F0147";
  if (drawn < 970) return "WH_F0157";
  if (drawn < 985) return one_of(blog_ids());
  if (drawn < 990) return "wh_v001";
  return fmt::format("WH_X{:04}", random.below(10'000));
}

std::u32string chinese_name(RandomStream& random) {
  std::u32string name(1, han(random.below(100)));
  const bool is_popular = random.below(100) < 40;
  return name + (is_popular ? popular_pair(random.below(2000)) : name_pair(random.below(90'000)));
}

// Letters are a to z.
char32_t upper(char32_t letter) { return letter - U'a' + U'A'; }
char32_t full_width_upper(char32_t letter) { return letter - U'a' + U'Ａ'; }

std::u32string latin_full_name(RandomStream& random) {
  auto first = first_name(random.below(4000));
  auto last = last_name(random.below(1000));
  const auto spelling = random.below(8);
  if (spelling == 0) {
    for (auto& letter : first) letter = upper(letter);
    for (auto& letter : last) letter = upper(letter);
  } else if (spelling >= 2) {
    first.front() = upper(first.front());
    last.front() = upper(last.front());
  }
  return first + U' ' + last;
}

std::u32string handle(RandomStream& random) {
  std::u32string name(4 + random.below(11), U'\0');
  for (auto& letter : name) letter = handle_letter(random.below(34));
  return name;
}

std::u32string titled_name(RandomStream& random) {
  constexpr std::array<std::u32string_view, 6> kTitles{U"哥", U"姐",   U"媽",
                                                       U"爸", U"小姐", U"先生"};
  std::u32string name(1, han(random.below(100)));
  return name.append(kTitles[random.below(kTitles.size())]);
}

// Names that are told apart only by who lower-cases and strips as Unicode says.
std::u32string odd_name(RandomStream& random) {
  const auto kind = random.below(3);
  if (kind == 0) {
    auto name = first_name(random.below(4000));
    for (auto& letter : name) letter = full_width_upper(letter);
    return name;
  }
  auto name = chinese_name(random);
  if (kind == 1) return name + static_cast<char32_t>(0x1F600 + random.below(64));
  return U' ' + name + U'\u3000';
}

std::u32string make_name(RandomStream& random) {
  const auto drawn = random.below(100);
  if (drawn < 45) return chinese_name(random);
  if (drawn < 75) return latin_full_name(random);
  if (drawn < 90) return handle(random);
  if (drawn < 95) return titled_name(random);
  return odd_name(random);
}

}  // namespace

Author make_author(std::uint64_t seed, std::uint64_t index) {
  constexpr std::uint64_t kAuthors = 2;
  RandomStream random{seed, kAuthors, index};
  Author author;
  author.s_id = pick_site(random);
  author.name = to_utf8(make_name(random));
  return author;
}

}  // namespace millrace::workload
