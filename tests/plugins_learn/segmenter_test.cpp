#include "plugins/learn/segmenter.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plugins/learn/word_tables.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace::learn;

namespace {

using WordList = std::vector<std::string>;

WordList words_of(std::string_view text, Segmenter::Mode mode) {
  static Segmenter segmenter{debian_word_tables()};
  WordList words;
  segmenter.cut(text, mode, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

std::string all_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// Cuts what the oracle wrote, and returns the first texts whose tokens differ.
WordList different(const std::filesystem::path& folder, const char* name, Segmenter::Mode mode,
                   std::size_t& count) {
  const std::string texts = all_of(folder / "texts"), expected = all_of(folder / name);
  WordList found;
  Segmenter segmenter{debian_word_tables()};
  std::string ours;
  std::size_t there = 0;
  count = 0;
  for (std::size_t at = 0; at < texts.size(); ++count) {
    const auto end = texts.find('\0', at), end_there = expected.find('\0', there);
    const auto text = std::string_view{texts}.substr(at, end - at);
    ours.clear();
    segmenter.cut(text, mode, [&](std::string_view word) { ours.append(word).push_back('\1'); });
    if (ours != std::string_view{expected}.substr(there, end_there - there) && found.size() < 10)
      found.emplace_back(text);
    at = end + 1;
    there = end_there + 1;
  }
  return found;
}

void compare_with_jieba(const std::string& count_and_seed, const std::string& rows,
                        std::size_t texts) {
  const millrace::test::TemporaryFolder folder;
  const std::string command = "/usr/bin/python3 " MR_SOURCE_DIR
                              "/tests/plugins_learn/jieba_oracle.py " +
                              count_and_seed + " '" + folder.path().string() + "' " + rows;
  REQUIRE(std::system(command.c_str()) == 0);
  std::size_t count = 0;
  CHECK(different(folder.path(), "full", Segmenter::Mode::Full, count) == WordList{});
  CHECK(count == texts);
  CHECK(different(folder.path(), "accurate", Segmenter::Mode::Accurate, count) == WordList{});
  CHECK(count == texts);
}

}  // namespace

TEST_CASE("texts are cut into the words of the dictionary and into unknown ones",
          "[learn][segmenter]") {
  CHECK(words_of("我来到北京清华大学", Segmenter::Mode::Full) ==
        WordList{"我", "来到", "北京", "清华", "清华大学", "华大", "大学"});
  CHECK(words_of("我来到北京清华大学", Segmenter::Mode::Accurate) ==
        WordList{"我", "来到", "北京", "清华大学"});
  CHECK(words_of("他来到了网易杭研大厦", Segmenter::Mode::Accurate) ==
        WordList{"他", "来到", "了", "网易", "杭研", "大厦"});
  CHECK(words_of("", Segmenter::Mode::Full).empty());
  CHECK(words_of(" ", Segmenter::Mode::Full) == WordList{"", " ", ""});
  CHECK(words_of("a\r\nb，c", Segmenter::Mode::Accurate) == WordList{"a", "\r\n", "b", "，", "c"});
}

TEST_CASE("words cover the text in accurate mode, also where it is not UTF-8",
          "[learn][segmenter]") {
  std::string bytes, joined;
  for (unsigned i = 0; i < 20'000; ++i) bytes.push_back(static_cast<char>((i * 2654435761U) >> 24));
  for (const auto& word : words_of(bytes, Segmenter::Mode::Accurate)) joined += word;
  CHECK(joined == bytes);
}

TEST_CASE("a text of megabytes without a blank takes linear time", "[learn][segmenter]") {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += "的的是";
  std::size_t bytes = 0;
  for (const auto& word : words_of(text, Segmenter::Mode::Accurate)) bytes += word.size();
  CHECK(bytes == text.size());
}

TEST_CASE("texts are cut as jieba cuts them, token for token", "[learn][segmenter]") {
  compare_with_jieba("3000 1", "", 3000);
}

TEST_CASE("25,000 mixed texts are cut as jieba cuts them", "[.slow][learn][jieba25000]") {
  compare_with_jieba("25000 2", "", 25'000);
}

TEST_CASE("rows of a file are cut as jieba cuts them", "[.slow][learn][jieba_rows]") {
  const char* rows = std::getenv("MILLRACE_ROWS");
  if (rows == nullptr) FAIL("MILLRACE_ROWS is to name a file of 20,000 rows (docs/testing.md)");
  compare_with_jieba("20000 3", "'" + std::string{rows} + "'", 20'000);
}
