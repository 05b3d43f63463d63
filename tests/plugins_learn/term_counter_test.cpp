#include "plugins/learn/term_counter.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

using millrace::Failure;
using millrace::learn::TermCounter;

namespace {

using Terms = std::vector<std::string>;
using Counted = std::map<std::string, std::int64_t>;

Counted counted(const Terms& terms, std::string_view text) {
  const TermCounter counter{terms};
  TermCounter::Scratch scratch;
  Counted found;
  for (const auto& [term, count] : counter.count(text, scratch)) found[terms[term]] = count;
  return found;
}

// What Python's str.count() counts, one term after the other.
Counted counted_one_by_one(const Terms& terms, std::string_view text) {
  Counted found;
  for (const auto& term : terms) {
    for (auto at = text.find(term); at != std::string_view::npos;
         at = text.find(term, at + term.size()))
      ++found[term];
  }
  return found;
}

}  // namespace

TEST_CASE("a term does not overlap itself, but others", "[learn][term_counter]") {
  CHECK(counted({"aa"}, "aaa") == Counted{{"aa", 1}});
  CHECK(counted({"aa", "a", "aaa"}, "aaaaa") == Counted{{"a", 5}, {"aa", 2}, {"aaa", 1}});
  CHECK(counted({"ab", "bc", "abc", "c"}, "abcabc") ==
        Counted{{"ab", 2}, {"bc", 2}, {"abc", 2}, {"c", 2}});
  CHECK(counted({"哈哈"}, "哈哈哈哈哈") == Counted{{"哈哈", 2}});
  CHECK(counted({"利率"}, "") == Counted{});
  CHECK(counted(Terms{}, "利率") == Counted{});
}

TEST_CASE("one pass counts what one search for each term counts", "[learn][term_counter]") {
  std::mt19937 random{11};
  const Terms letters{"a", "b", "哈", "的", "𠀀"};
  const auto text_of = [&](std::size_t most) {
    std::string text;
    for (auto left = 1 + random() % most; left > 0; --left) text += letters[random() % 5];
    return text;
  };
  for (int round = 0; round < 300; ++round) {
    Counted distinct;
    for (auto left = random() % 40; left > 0; --left) distinct[text_of(6)] = 0;
    Terms terms;
    for (const auto& [term, unused] : distinct) terms.push_back(term);
    std::shuffle(terms.begin(), terms.end(), random);
    const auto text = text_of(200);
    CHECK(counted(terms, text) == counted_one_by_one(terms, text));
  }
}

TEST_CASE("memory of one text does not show in the next", "[learn][term_counter]") {
  const TermCounter counter{Terms{"aa", "b"}};
  TermCounter::Scratch scratch;
  CHECK(counter.count("aaaab", scratch).size() == 2);
  CHECK(counter.count("xaa", scratch) == std::vector<TermCounter::Count>{{0, 1}});
  CHECK(counter.count("", scratch).empty());
  CHECK(counter.count("b", scratch) == std::vector<TermCounter::Count>{{1, 1}});
}

TEST_CASE("terms are 1 to 4,096 bytes, each once", "[learn][term_counter][limits]") {
  CHECK_THROWS_AS(TermCounter{Terms{""}}, Failure);
  CHECK_THROWS_AS((TermCounter{Terms{"a", "b", "a"}}), Failure);
  CHECK_THROWS_AS(TermCounter{Terms{std::string(4097, 'a')}}, Failure);
  CHECK(counted({std::string(4096, 'a')}, std::string(10'000, 'a')).begin()->second == 2);
}

TEST_CASE("words have no more beginnings than a trie holds", "[learn][word_trie][limits]") {
  millrace::learn::WordTrie trie;
  using Node = millrace::learn::WordTrie::Node;
  Node node = millrace::learn::WordTrie::kRoot;
  for (std::size_t i = 0; i < millrace::learn::WordTrie::kMostNodes; ++i)
    node = trie.grow(node, 'a');
  CHECK(trie.size() == millrace::learn::WordTrie::kMostNodes + 1);
  CHECK(trie.child(millrace::learn::WordTrie::kRoot, 'a') != millrace::learn::WordTrie::kRoot);
  CHECK_THROWS_WITH(trie.grow(node, 'a'), Catch::Contains("too many beginnings"));
}
