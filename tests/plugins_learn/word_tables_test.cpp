#include "plugins/learn/word_tables.hpp"

#include <cmath>
#include <span>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/learn/python_table.hpp"

using namespace millrace::learn;
using millrace::Failure;

namespace {

template <class Function>
std::string failure_of(Function function) {
  try {
    function();
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "nothing failed";
}

std::string dictionary_failure(std::string_view text) {
  return failure_of([&] { Dictionary::read(text); });
}

std::string table_failure(std::string_view text, std::size_t depth = 1) {
  return failure_of([&] { read_python_table("t.py", text, depth, [](auto, double) {}); });
}

}  // namespace

TEST_CASE("a dictionary has the log probability of each word", "[learn][dictionary]") {
  const auto words = Dictionary::read("ab 3 n\r\na 1\nab 4\n");
  const auto a = words.beginnings().child(WordTrie::kRoot, 'a');
  const auto ab = words.beginnings().child(a, 'b');
  CHECK(words.weight(a) == std::log(1.0) - std::log(8.0));
  CHECK(words.weight(ab) == std::log(4.0) - std::log(8.0));
  CHECK(words.unknown_weight() == -std::log(8.0));
  CHECK(words.beginnings().child(a, 'c') == WordTrie::kRoot);
  CHECK(Dictionary::read("ab 3").weight(1) == Dictionary::kNoWord);  // a beginning alone
}

TEST_CASE("a line that is no entry is refused by its number", "[learn][dictionary]") {
  CHECK(dictionary_failure("a 1\nb\n") ==
        "dictionary: line 2: it is to be a word, a space and a frequency");
  CHECK_THAT(dictionary_failure("a 1\n\nb 2"), Catch::Contains("line 2"));
  CHECK_THAT(dictionary_failure("a -1"), Catch::Contains("line 1: the frequency"));
  CHECK_THAT(dictionary_failure("a 1x"), Catch::Contains("line 1: the frequency"));
  CHECK_THAT(dictionary_failure("a 9007199254740993"), Catch::Contains("the frequency"));
  CHECK_THAT(dictionary_failure("a 9007199254740992\nb 1"), Catch::Contains("in all"));
  CHECK_THAT(dictionary_failure("\xff 1"), Catch::Contains("not UTF-8"));
  CHECK_THAT(dictionary_failure(std::string(65, 'x') + " 1"), Catch::Contains("64 characters"));
  CHECK_THAT(dictionary_failure(""), Catch::Contains("no word has a frequency"));
  CHECK_THAT(dictionary_failure(std::string(Dictionary::kMostBytes + 1, 'x')),
             Catch::Contains("64 MiB"));
}

TEST_CASE("a trie has a limit", "[learn][dictionary][limits]") {
  WordTrie trie;
  for (std::size_t i = 1; i < WordTrie::kMostNodes + 1; ++i)
    trie.grow(static_cast<WordTrie::Node>(i / 1000), static_cast<char32_t>(i % 1000 + 1));
  CHECK(trie.size() == WordTrie::kMostNodes + 1);
  CHECK(trie.child(5, 501) == 5500);
  CHECK_THROWS_AS(trie.grow(1, 0x10FFFF), Failure);
}

TEST_CASE("a Python table is read, never run", "[learn][python_table]") {
  std::string seen;
  const auto each = [&](std::span<const char32_t> keys, double value) {
    seen += std::to_string(static_cast<unsigned>(keys[0])) + ',' +
            std::to_string(static_cast<unsigned>(keys[1])) + '=' + std::to_string(value) + ' ';
  };
  read_python_table("t.py",
                    "# a comment\nfrom __future__ import unicode_literals\n\n"
                    "P={'B': {'\\u4e00': -3.5,\n 'x': 1e2,}, 'E':{}}\n",
                    2, each);
  CHECK(seen == "66,19968=-3.500000 66,120=100.000000 ");
  CHECK(table_failure("import os\nP={}") == "t.py: line 1: here is to stand P");
  CHECK_THAT(table_failure("P={}\nimport os"), Catch::Contains("line 2: nothing may follow"));
  CHECK_THAT(table_failure("P={'B': __import__('os')}"), Catch::Contains("a number"));
  CHECK_THAT(table_failure("P={'B': inf}"), Catch::Contains("a number"));
  CHECK_THAT(table_failure("P={'B': {'x': 1}}"), Catch::Contains("a number"));
  CHECK_THAT(table_failure("P={'B': 1}", 2), Catch::Contains("here is to stand {"));
  CHECK_THAT(table_failure("P={'BC': 1}"), Catch::Contains("one character"));
  CHECK_THAT(table_failure("P={'\\u4e': 1}"), Catch::Contains("hexadecimal"));
  CHECK_THAT(table_failure("P={'\\n': 1}"), Catch::Contains("one character or \\u"));
  CHECK_THAT(table_failure("P={'B': 1"), Catch::Contains("here is to stand }"));
  CHECK_THAT(table_failure("P={'"), Catch::Contains("no end"));
  CHECK_THAT(table_failure(""), Catch::Contains("here is to stand P"));
  CHECK_THAT(table_failure(std::string(kMostTableBytes + 1, ' ')), Catch::Contains("16 MiB"));
}

TEST_CASE("tables of a folder that lacks one say which", "[learn][word_tables]") {
  const auto only_words = [](const std::string& path) -> std::string {
    if (path == "dict.txt") return "a 1\n";
    throw Failure{MR_NOT_FOUND, "no " + path};
  };
  CHECK_THAT(failure_of([&] { read_word_tables(only_words); }),
             Catch::StartsWith("no finalseg/prob_"));
  CHECK_THAT(failure_of([] { CharacterModel::read("P={'Q': 1}", "P={}", "P={}"); }),
             Catch::Contains("B, E, M and S"));
  CHECK_THAT(failure_of([] { CharacterModel::read("P={}", "P={}", "P={}"); }),
             Catch::Contains("no Chinese character"));
}

TEST_CASE("who asks for Debian's tables at a time shares them", "[learn][word_tables]") {
  const auto tables = debian_word_tables();
  CHECK(tables == debian_word_tables());
  CHECK(tables->dictionary.beginnings().size() > 400'000);
}
