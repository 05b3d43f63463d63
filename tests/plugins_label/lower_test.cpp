#include "plugins/label/lower.hpp"

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace::label;

namespace {

void append_utf8(std::string& text, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      put(0xE0 | (c >> 12));
    } else {
      put(0xF0 | (c >> 18));
      put(0x80 | ((c >> 12) & 0x3F));
    }
    put(0x80 | ((c >> 6) & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

std::string utf8(std::uint32_t c) {
  std::string text;
  append_utf8(text, c);
  return text;
}

// What lower_ascii() makes of a text, and where it suspects more.
std::string lowered_ascii(std::string_view text, std::vector<std::size_t>& suspects) {
  suspects.clear();
  std::string low(text.size(), '?');
  lower_ascii(text.data(), low.data(), text.size(), suspects);
  return low;
}

}  // namespace

TEST_CASE("letters beyond ASCII are lower-cased by Unicode's full mappings", "[label][lower]") {
  CHECK(lower("ABC xyz [@`{") == "abc xyz [@`{");
  CHECK(lower("／Ｍ Ａ１！") == "／ｍ ａ１！");
  CHECK(lower("İ") == "i\u0307");
  CHECK(lower("ΑΣ ΑΣΒ Σ") == "ας ασβ σ");
  CHECK(lower("ẞ") == "ß");
  CHECK(lower("先生Amy") == "先生amy");
  CHECK(lower("") == "");
  CHECK(lower(std::string_view{"A\0B", 3}) == std::string_view{"a\0b", 3});
  CHECK(lower("Ⱥ").size() == std::string_view{"Ⱥ"}.size() + 1);  // the lower case is longer
}

TEST_CASE("every code point is lower-cased as Python's str.lower() does it", "[label][lower]") {
  const millrace::test::TemporaryFolder folder;
  const auto file = folder.path() / "lowered";
  const std::string command =
      "python3 " MR_SOURCE_DIR "/tests/plugins_label/lower_oracle.py '" + file.string() + "'";
  REQUIRE(std::system((command + " > /dev/null").c_str()) == 0);
  std::ifstream lines{file, std::ios::binary};
  std::string line, ours, text;
  std::size_t points = 0, newer = 0;
  std::vector<std::string> different;
  while (std::getline(lines, line)) {
    ++points;
    const auto number = static_cast<std::uint32_t>(std::stoul(line));
    const auto category = line.substr(line.find('\t') + 1, 2);
    const std::string c = utf8(number), sigma = "Σ";
    ours = std::to_string(number) + "\t" + category;
    for (const auto& one :
         {c, c + sigma, "A" + c + sigma, "A" + sigma + c, "A" + sigma + c + "B"}) {
      lower_into(one, text);
      ours.append("\t").append(text);
    }
    if (ours == line) continue;
    // What Python's version of Unicode does not have yet, it cannot know.
    if (category == "Cn") {
      ++newer;
    } else if (different.size() < 20) {
      different.push_back(line + " | " + ours);
    }
  }
  CHECK(points == 0x110000 - 0x800 - 2);
  CHECK(different == std::vector<std::string>{});
  CHECK(newer < 1000);
}

TEST_CASE("the fast pass suspects every letter beyond ASCII that has a lower case, wherever it is",
          "[label][lower]") {
  std::vector<std::size_t> suspects;
  std::size_t suspected = 0, missed = 0;
  for (std::uint32_t c = 0x80; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const auto text = utf8(c);
    if (lowered_ascii(text, suspects) != text) ++missed;
    if (!suspects.empty()) ++suspected;
    auto place = text;
    const bool is_done = lower_in_place(place.data(), place.size());
    if (suspects.empty() && !(is_done && place == text)) ++missed;
    if (is_done && place != lower(text)) ++missed;
  }
  CHECK(missed == 0);
  CHECK(suspected > 1000);
}

TEST_CASE("the fast pass lowers texts of every length, and says in which stride a suspect begins",
          "[label][lower]") {
  std::vector<std::size_t> suspects;
  for (std::size_t size = 0; size < 300; ++size) {
    const std::string text(size, 'Q');
    CHECK(lowered_ascii(text, suspects) == std::string(size, 'q'));
    CHECK(suspects.empty());
  }
  for (const std::string_view letter : {"É", "Ａ", "𐐀", "Ა"}) {
    for (std::size_t before = 0; before < 200; ++before) {
      const std::string text = std::string(before, 'Z') + std::string{letter} + "Z";
      CHECK(lowered_ascii(text, suspects) == std::string(before, 'z') + std::string{letter} + "z");
      CHECK(suspects == std::vector<std::size_t>{before / kLowerStride * kLowerStride});
    }
  }
}

TEST_CASE("the fast pass suspects nothing in Han, kana, Hangul, their signs and pictographs",
          "[label][lower]") {
  std::vector<std::size_t> suspects;
  for (const std::string_view text : {"陳先生與小姐，你好！", "ありがとう。カタカナ", "안녕하세요",
                                      "「引號」、（括號）…“”—～", "😀👍", "１２３，：；？"}) {
    CHECK(lowered_ascii(text, suspects) == text);
    CHECK(suspects.empty());
  }
}
