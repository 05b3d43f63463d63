#include "plugins/label/regex_search.hpp"

#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/label/python_pattern_source.hpp"
#include "plugins/label/python_pattern_unicode.hpp"
#include "plugins/label/regex_rules.hpp"
#include "plugins/label/regex_text.hpp"

using namespace millrace::label;

namespace {

constexpr std::size_t kMemory = std::size_t{8} << 20;

Pattern pattern_of(std::string_view text) {
  auto found = parse_pattern(text, {});
  if (const auto* error = std::get_if<PatternError>(&found)) FAIL(error->message);
  return std::get<Pattern>(std::move(found));
}

RegexSearch compiled_search(std::string_view text, std::size_t memory_bytes = kMemory) {
  auto compiled = RegexSearch::compile(pattern_of(text), memory_bytes);
  if (const auto* why = std::get_if<std::string>(&compiled)) FAIL(*why);
  return std::get<RegexSearch>(std::move(compiled));
}

SearchResult search_for(std::string_view pattern, std::string_view text, SearchLimits limits = {}) {
  SearchMemory memory{limits};
  return compiled_search(pattern).search(text, memory);
}

std::shared_ptr<const RegexRules> regex_rules(const std::vector<RegexLabel>& labels) {
  return std::make_shared<const RegexRules>(labels, true, [] { return false; });
}

}  // namespace

TEST_CASE("the linear engine is taken where a pattern allows it", "[label][regex]") {
  using Engine = RegexSearch::Engine;
  for (const auto* linear :
       {"a|b", "(a|aa)+$", "^a.{0,3}b", "\\w+", "(?m)^a$", "(?a)\\ba", "a{1000}"}) {
    INFO(linear);
    CHECK(compiled_search(linear).engine() == Engine::Re2);
  }
  for (const auto* other : {"(?<!a)b", "(a)\\1", "(?>a)b", "a++b", "\\ba", "a$\\n", "(a)?(?(1)b|c)",
                            "a{1001}", "(?a)\\Ba"}) {
    INFO(other);
    CHECK(compiled_search(other).engine() == Engine::Pcre2);
  }
}

TEST_CASE("the end of a text is before a last line feed too, a line begins after it",
          "[label][regex]") {
  for (const std::size_t memory : {kMemory, std::size_t{0}}) {
    const auto finds = [&](std::string_view pattern, std::string_view text) {
      SearchMemory searched{{}};
      return compiled_search(pattern, memory).search(text, searched) == SearchResult::Found;
    };
    CHECK(finds("a$", "a\n"));
    CHECK_FALSE(finds("a\\Z", "a\n"));
    CHECK_FALSE(finds("a$", "a\n\n"));
    CHECK(finds("a$\\n", "a\n"));
    CHECK(finds("(?m)a\\n^", "a\n"));
    CHECK(finds("a{,2}b", "b"));
    CHECK_FALSE(finds("\\B", ""));
    CHECK_FALSE(finds("[[:alpha:]]", "alpha"));
    CHECK(finds("[[:alpha:]]", "x:]"));
  }
}

TEST_CASE("a place is that of the first match, whichever engine finds it", "[label][regex]") {
  using Place = std::pair<std::size_t, std::size_t>;
  for (const std::size_t memory : {kMemory, std::size_t{0}}) {
    const auto place_of = [&](std::string_view pattern, std::string_view text) {
      SearchMemory searched{{}};
      SearchPlace place{99, 99};
      static_cast<void>(compiled_search(pattern, memory).search(text, searched, &place));
      return Place{place.begin, place.end};
    };
    CHECK(place_of("b+", "abbab") == Place{1, 3});
    CHECK(place_of("a|ab", "xab") == Place{1, 2});
    CHECK(place_of("a{2,3}?", "aaaa") == Place{0, 2});
    CHECK(place_of("$", "ab") == Place{2, 2});
    CHECK(place_of("", "") == Place{0, 0});
    CHECK(place_of("生", "先生") == Place{3, 6});
    CHECK(place_of("z", "ab") == Place{99, 99});
  }
}

TEST_CASE("a search that could take for ever ends over its limit", "[label][regex]") {
  const std::string many(5000, 'a');
  // What the text lacks is a class: PCRE2 sees at once that a character is missing. Exponential,
  // cubic from one place, quadratic over many places, over a long class, in a
  // look-ahead, and by a long reference.
  CHECK(search_for("(?:a|aa)+(?!a)$", many + "b") == SearchResult::OverLimit);
  CHECK(search_for("(?=a*a*a*[bc])", many) == SearchResult::OverLimit);
  CHECK(search_for("(?:x|a).*[yz](?!z)", std::string(1'000'000, 'a')) == SearchResult::OverLimit);
  CHECK(search_for("(?!b)[^b]{0,60000}[bc]", std::string(200'000, 'a')) == SearchResult::OverLimit);
  CHECK(search_for("(?=(?:.*?){20}[xy])a", many) == SearchResult::OverLimit);
  CHECK(search_for("^(.*)\\1[xy]", std::string(1'000'000, 'a')) == SearchResult::OverLimit);
  CHECK(search_for("(?!z)a{60000}", std::string(2'000'000, 'a') + "b") == SearchResult::Found);
}

TEST_CASE("the limit counts over the whole search, not from each place", "[label][regex]") {
  // From each place some 2,000 steps, so that a limit for one place never ends it.
  const std::string text(2000, 'a');
  CHECK(search_for("(?!b)a*a[bc]", text) == SearchResult::NotFound);
  CHECK(search_for("(?!b)a*a[bc]", text, {.steps = 100'000}) == SearchResult::OverLimit);
  CHECK(search_for("(?!b)a*a[bc]", text, {.steps = 10'000'000}) == SearchResult::NotFound);
}

TEST_CASE("linear searches have a bound too, and a long text none of its own", "[label][regex]") {
  std::string text(16u << 20, 'a');
  CHECK(search_for("b", text) == SearchResult::NotFound);
  CHECK(search_for("a$", text) == SearchResult::Found);
  CHECK(search_for("(?:a|b)*c(?:a|b){900}", text, {.steps = 10'000}) == SearchResult::OverLimit);
}

TEST_CASE("all searches of one text have a bound together", "[label][regex]") {
  const auto evil = compiled_search("(?:a|aa)+(?!a)$");
  const std::string text = std::string(5000, 'a') + "b";
  SearchMemory memory{{.steps = 1000}};
  for (int i = 0; i < 10; ++i) CHECK(evil.search(text, memory) == SearchResult::OverLimit);
  const auto cheap = compiled_search("b+(?!a)");
  CHECK(cheap.search(text, memory) == SearchResult::OverLimit);
  memory.begin_text();
  CHECK(cheap.search(text, memory) == SearchResult::Found);
}

TEST_CASE("a scan ends when it is to stop", "[label][regex]") {
  bool is_stopping = false;
  RegexScan scan{regex_rules({{"A", {"a*", "b*"}}}), {}, [&] { return is_stopping; }};
  scan.run("a");
  CHECK(scan.found().size() == 2);
  is_stopping = true;
  CHECK_THROWS_WITH(scan.run("a"), "stopped");
}

TEST_CASE("memory for places to come back to is bounded", "[label][regex]") {
  const std::string text(1'000'000, 'a');
  CHECK(search_for("(?:(?:a|b)(?=a|$))*[cd]", text, {.heap_bytes = 1u << 20}) ==
        SearchResult::OverLimit);
}

TEST_CASE("the letters and digits of PCRE2 are Python's", "[label][regex]") {
  const auto word = compiled_search("\\w(?!\\Z\\Z\\w)"),
             digit = compiled_search("\\d(?!\\Z\\Z\\d)");
  const auto edge = compiled_search("\\A\\b");
  REQUIRE(word.engine() == RegexSearch::Engine::Pcre2);
  SearchMemory memory{{}};
  std::vector<std::uint32_t> different;
  for (std::uint32_t code = 0; code <= kLastCodePoint; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    const auto c = static_cast<char32_t>(code);
    const std::string text = python::to_utf8({&c, 1});
    const auto is_in = [&](const RegexSearch& search) {
      return search.search(text, memory) == SearchResult::Found;
    };
    const bool is_word = python::word(false).has(code);
    if (is_in(word) != is_word || is_in(edge) != is_word ||
        is_in(digit) != python::digit(false).has(code)) {
      different.push_back(code);
    }
  }
  CHECK(different == std::vector<std::uint32_t>{});
}

TEST_CASE("a rule set finds each of its patterns once, filtered or not", "[label][regex]") {
  const auto set = regex_rules({{"男性", {"我女友", "a*", "(?<!不)女友(?!嗎)"}},
                                {"女性", {"我男友|女友$", "[^\\w]", "x(?=y)", "a$b|z"}}});
  RegexScan scan{set, {}, [] { return false; }};
  scan.run("我女友");
  CHECK(scan.found() == std::vector<std::uint32_t>{0, 1, 2, 3});
  scan.run("");
  CHECK(scan.found() == std::vector<std::uint32_t>{1});
  scan.run("不女友 z");
  CHECK(scan.found() == std::vector<std::uint32_t>{1, 4, 6});
  CHECK(scan.over().empty());
}

TEST_CASE("bytes that are no UTF-8 are searched as U+FFFD", "[label][regex]") {
  RegexScan scan{regex_rules({{"A", {"x.y", "(?!z)\\uFFFDz", "女"}}}), {}, [] { return false; }};
  const auto found = [&](std::string_view text) {
    scan.run(text);
    return scan.found();
  };
  CHECK(found("x\xFFy") == std::vector<std::uint32_t>{0});
  CHECK(found("\xC3z") == std::vector<std::uint32_t>{1});
  CHECK(found("\xE5\xA5").empty());
  CHECK(found("\xB3\xED\xA0\x80").empty());
  CHECK(found("\xFF女") == std::vector<std::uint32_t>{2});
}

TEST_CASE("a wrong pattern is refused with its label and index", "[label][regex]") {
  CHECK_THROWS_WITH(regex_rules({{"A", {"b", "*a"}}}),
                    "label A, pattern 1: nothing to repeat at position 0");
}

TEST_CASE("patterns that are too large together are refused", "[label][regex]") {
  std::vector<RegexLabel> labels{{"A", {}}};
  // Each is 50 KB: PCRE2 writes repeats of groups out.
  labels[0].patterns.assign(10'000, "(?!x)(?:ab){5000}");
  CHECK_THROWS_WITH(regex_rules(labels), Catch::Contains("MiB when compiled"));
}

TEST_CASE("a pattern too large for Vectorscan is searched for without a filter", "[label][regex]") {
  const auto filter = [](std::string_view text, std::uint64_t characters = kPrefilterCharacters) {
    return text_for_prefilter(pattern_of(text), characters);
  };
  CHECK_FALSE(filter("a*"));
  CHECK_FALSE(filter("(?=a)"));
  CHECK(filter("(?<!a)b{2,3}(?!c)") == "(?:b){2,3}");
  std::string large;
  for (int i = 0; i < 3000; ++i) large += "[ab]";
  CHECK_FALSE(filter(large));
  CHECK(filter("(?:ab{1000}){1000}c") == "(?:a(?:b)+)+c");
  // What is left for it decides too.
  CHECK(filter("[ab]{3}c", 121) == "(?:[ab]){3}c");
  CHECK(filter("[ab]{3}c", 120) == "(?:[ab])+c");
  CHECK_FALSE(filter("[ab]{3}c", 40));
}
