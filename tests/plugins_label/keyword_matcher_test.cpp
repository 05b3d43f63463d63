#include "plugins/label/keyword_matcher.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plugins/label/keyword_explainer.hpp"
#include "plugins/label/lower.hpp"
#include "tests/plugins_label/keyword_fixture.hpp"

using namespace millrace;
using namespace millrace::label;
using test::keyword_rules;

namespace {

using Texts = std::vector<std::optional<std::string>>;

std::vector<Choice> match(const KeywordRules& rules, const Texts& texts) {
  KeywordMatcher matcher{std::make_shared<const KeywordIndex>(rules, KeywordIndex::Target::Label),
                         [] { return false; }};
  std::vector<Choice> choices;
  const Batch batch = test::texts(texts);
  matcher.match(batch.column<std::string_view>("text"), choices);
  return choices;
}

Choice match(std::string_view rules, const std::string& text) {
  return match(keyword_rules(rules), Texts{text}).at(0);
}

// The same by the words of the definition.
Choice match_plainly(const KeywordRules& rules, const std::optional<std::string>& text) {
  Choice best;
  if (!text) return best;
  const auto low = lower(*text);
  for (std::size_t label = 0; label < rules.labels.size(); ++label) {
    std::int64_t count = 0;
    bool is_within = false;
    for (const KeywordRule& rule : rules.rules) {
      if (rule.label != label) continue;
      const auto keyword = lower(rule.keyword);
      is_within = is_within || (rule.matches.has(Match::Partially) && !keyword.empty() &&
                                low.find(keyword) != std::string::npos);
      count += rule.matches.has(Match::Start) && low.starts_with(keyword) ? 1 : 0;
      count += rule.matches.has(Match::End) && low.ends_with(keyword) ? 1 : 0;
      count += rule.matches.has(Match::Equal) && low == keyword ? 1 : 0;
    }
    count += is_within ? 1 : 0;
    if (count > best.count) best = {static_cast<std::int32_t>(label), count};
  }
  return best;
}

}  // namespace

TEST_CASE("partially counts once for a label, each other rule for itself", "[label][keyword]") {
  constexpr auto kRules =
      R"({"A": [["ab", "partially"], ["bc", "partially"]], "B": [["ab", "start"], ["c", "end"]]})";
  CHECK(match(kRules, "ABC") == Choice{1, 2});
  CHECK(match(kRules, "xabx") == Choice{0, 1});
  CHECK(match(kRules, "xx") == Choice{});
  CHECK(match(R"({"A": [["x", "start,end"]]})", "x") == Choice{0, 2});
  CHECK(match(R"({"A": [["x", "end"], ["x", "end"], ["X", "end"]]})", "yx") == Choice{0, 3});
}

TEST_CASE("absolutely is equality without regard to case, blanks count", "[label][keyword]") {
  constexpr auto kRules = R"({"A": [["Mickey", "absolutely"]]})";
  CHECK(match(kRules, "mickey") == Choice{0, 1});
  CHECK(match(kRules, "mickey ") == Choice{});
  CHECK(match(R"({"A": [["Tom", "exactly"]]})", "TOM") == Choice{0, 1});
  CHECK(match(R"({"A": [["Tom", "exactly"]]})", "tommy") == Choice{});
}

TEST_CASE("an empty keyword is in no text, but begins and ends every one", "[label][keyword]") {
  CHECK(match(R"({"A": [["", "partially"]]})", "x") == Choice{});
  CHECK(match(R"({"A": [["", "partially"]]})", "") == Choice{});
  CHECK(match(R"({"A": [["", "end"]]})", "x") == Choice{0, 1});
  CHECK(match(R"({"A": [["", "start,end"]]})", "") == Choice{0, 2});
  CHECK(match(R"({"A": [["", "absolutely"]]})", "") == Choice{0, 1});
  CHECK(match(R"({"A": [["", "absolutely"]]})", "x") == Choice{});
  CHECK(match(keyword_rules(R"({"A": [["", "start"]]})"), Texts{std::nullopt}) ==
        std::vector{Choice{}});
}

TEST_CASE("keywords and texts are lower-cased beyond ASCII", "[label][keyword]") {
  CHECK(match(R"({"A": [["ＴＯＭ", "start"]]})", "ｔｏｍ哥") == Choice{0, 1});
  CHECK(match(R"({"A": [["İ", "partially"]]})", "xİy") == Choice{0, 1});
  CHECK(match(R"({"A": [["É", "end"]]})", "CAFÉ") == Choice{0, 1});
  CHECK(match(R"({"A": [["a\u0000b", "partially"]]})", std::string{"xA\0Bx", 5}) == Choice{0, 1});
}

TEST_CASE("no keyword is found across two rows", "[label][keyword]") {
  const auto rules = keyword_rules(R"({"A": [["ab", "partially"]], "B": [["b", "partially"]]})");
  CHECK(match(rules, {"xa", "bx", "", "a", "", "b", std::nullopt, "ab"}) ==
        std::vector<Choice>{{}, {1, 1}, {}, {}, {}, {1, 1}, {}, {0, 1}});
  // At the border of two blocks too.
  Texts texts(3, std::string(40'000, 'a'));
  texts[1] = "b" + std::string(40'000, 'a');
  CHECK(match(rules, texts) == std::vector<Choice>{{}, {1, 1}, {}});
}

TEST_CASE("rows of a block that change their length stay apart", "[label][keyword]") {
  const auto rules =
      keyword_rules(R"({"A": [["z", "partially"]], "B": [["i\u0307q", "partially"]]})");
  Texts texts;
  std::vector<Choice> wanted;
  for (int i = 0; i < 3000; ++i) {
    if (i % 7 == 0) {
      texts.emplace_back("İİİQ" + std::string(static_cast<std::size_t>(i % 90), 'x'));
      wanted.push_back({1, 1});
    } else if (i % 7 == 3) {
      texts.emplace_back(std::string(static_cast<std::size_t>(i % 60), 'X') + "Ⱥz");
      wanted.push_back({0, 1});
    } else {
      texts.emplace_back(i % 5 == 0 ? std::nullopt : std::optional{std::string(i % 40, 'Q')});
      wanted.emplace_back();
    }
  }
  CHECK(match(rules, texts) == wanted);
}

TEST_CASE("choices are those of the definition for 20,000 random texts", "[label][keyword]") {
  std::mt19937 random{7};
  const std::vector<std::string> letters{"a",  "B",  "b",  "É", "é", "Ａ",
                                         "ａ", "生", "先", " ", "İ", "Σ"};
  const auto word = [&](std::size_t most) {
    std::string text;
    for (auto left = random() % (most + 1); left > 0; --left) {
      text += letters[random() % letters.size()];
    }
    return text;
  };
  constexpr std::array kMatches{Match::Partially, Match::Start, Match::End, Match::Equal};
  for (int set = 0; set < 10; ++set) {
    KeywordRules rules{{"A", "B", "C", "D"}, {}, 0};
    for (std::uint32_t label = 0; label < 4; ++label) {
      for (std::uint32_t place = 0; place < 8; ++place) {
        KeywordRule rule{label, place, {}, word(place == 0 ? 1 : 5)};
        rule.matches.add(kMatches[random() % 4]);
        if (random() % 4 == 0) rule.matches.add(kMatches[random() % 4]);
        rules.rules.push_back(rule);
      }
    }
    Texts texts;
    for (int i = 0; i < 2000; ++i) {
      texts.push_back(random() % 20 == 0 ? std::nullopt : std::optional{word(9)});
    }
    const auto choices = match(rules, texts);
    REQUIRE(choices.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO("set " << set << ", text " << texts[i].value_or("null"));
      REQUIRE(choices[i] == match_plainly(rules, texts[i]));
    }
  }
}

TEST_CASE("a block with more hits than are kept at once gives the same", "[label][keyword]") {
  KeywordRules rules;
  for (std::uint32_t label = 0; label < 200; ++label) {
    rules.labels.push_back("L" + std::to_string(label));
    KeywordRule rule{label, 0, {}, "a"};
    rule.matches.add(Match::Partially);
    if (label == 77) rule.matches.add(Match::End);
    rules.rules.push_back(rule);
  }
  const Texts texts(5000, "a");  // a million hits
  CHECK(match(rules, texts) == std::vector(texts.size(), Choice{77, 2}));
}

TEST_CASE("a row of 16 MB is searched like any other, and ends when it can have no more",
          "[label][keyword]") {
  const auto rules = keyword_rules(R"({"A": [["aa", "partially"]], "B": [["needle", "end"]]})");
  std::string text(16u << 20, 'a');
  CHECK(match(rules, {"x", text, "x"}) == std::vector<Choice>{{}, {0, 1}, {}});
  text += "NEEDLE";
  CHECK(match(rules, {text}) == std::vector<Choice>{{0, 1}});
}

TEST_CASE("a search that is told to stop is cancelled, within one row too", "[label][keyword]") {
  const auto rules = keyword_rules(R"({"A": [["a", "partially"]], "B": [["b", "partially"]]})");
  int asked = 0;
  KeywordMatcher matcher{std::make_shared<const KeywordIndex>(rules, KeywordIndex::Target::Label),
                         [&] { return ++asked > 1; }};
  std::vector<Choice> choices;
  const Batch batch = test::texts({std::string(1u << 20, 'a')});
  try {
    matcher.match(batch.column<std::string_view>("text"), choices);
    FAIL("it went on");
  } catch (const Failure& failure) {
    CHECK(failure.code() == MR_CANCELLED);
  }
  CHECK(asked == 2);
}

TEST_CASE("keywords that begin with one another are all found at the start and the end",
          "[label][keyword]") {
  const KeywordTargets keywords{{"a", {1}}, {"ab", {2, 2}}, {"abc", {3}}, {"b", {4}}, {"", {5}}};
  const auto found = [](const auto& table, std::string_view text) {
    std::vector<std::uint32_t> all;
    table.find(text, [&](std::span<const std::uint32_t> targets, std::size_t) {
      all.insert(all.end(), targets.begin(), targets.end());
    });
    return all;
  };
  using Found = std::vector<std::uint32_t>;
  const StartTable starts{keywords};
  CHECK(found(starts, "abcd") == Found{3, 2, 2, 1});
  CHECK(found(starts, "abb") == Found{2, 2, 1});
  CHECK(found(starts, "az") == Found{1});
  CHECK(found(starts, "c") == Found{});
  CHECK(found(starts, "") == Found{});
  const EndTable ends{keywords};
  CHECK(found(ends, "xabc") == Found{3});
  CHECK(found(ends, "ab") == Found{2, 2, 4});
  CHECK(found(EqualTable{keywords}, "ab") == Found{2, 2});
  CHECK(found(EqualTable{keywords}, "") == Found{5});
  CHECK(found(EqualTable{keywords}, std::string(300, 'a')) == Found{});
}
