#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/preprocess/vote_rules.hpp"
#include "plugins/preprocess/vote_window.hpp"

using namespace millrace;
using namespace millrace::preprocess;

namespace {

using KeptPanels = std::vector<bool>;

const std::vector<std::vector<std::string>> kConflicts{{"/male", "/female"},
                                                       {"/unmarried", "/married"}};

KeptPanels by_groups(const std::vector<PanelVotes>& panels) {
  return VoteRules{VoteRules::Kind::Groups, kConflicts}.kept(panels);
}

KeptPanels by_first_two(const std::vector<PanelVotes>& panels) {
  return VoteRules{VoteRules::Kind::FirstTwo, {}}.kept(panels);
}

// What survives, as "table author panel votes id".
std::vector<std::string> given_rows(VoteWindow& window) {
  Context none{nullptr};  // all is in memory
  std::vector<std::string> lines;
  for (VoteWindow::Survivor survivor; window.next(none, survivor);)
    lines.push_back(std::string{survivor.row} + " " + std::to_string(survivor.votes));
  return lines;
}

void add_vote(VoteWindow& window, const Vote& vote) {
  Context none{nullptr};
  window.add(none, vote, [&](std::string& row) {
    row.append(vote.table).append(" ").append(vote.author).append(" ");
    row.append(vote.panel).append(" ").append(vote.id);
  });
}

constexpr std::size_t kMemory = std::size_t{1} << 20;
constexpr std::uint64_t kSecret = 7;

}  // namespace

TEST_CASE("in a group the panel with most votes stays, and all go at a tie",
          "[preprocess][clean_votes]") {
  CHECK(by_groups({{"/female", 1}, {"/male", 2}}) == KeptPanels{false, true});
  CHECK(by_groups({{"/female", 3}, {"/male", 2}}) == KeptPanels{true, false});
  CHECK(by_groups({{"/female", 2}, {"/male", 2}}) == KeptPanels{false, false});
  CHECK(by_groups({{"/male", 1}}) == KeptPanels{true});
}

TEST_CASE("groups do not touch one another, nor panels outside of them",
          "[preprocess][clean_votes]") {
  CHECK(by_groups({{"/female", 1},
                   {"/male", 5},
                   {"/married", 2},
                   {"/student", 1},
                   {"/unmarried", 2},
                   {"/young", 9}}) == KeptPanels{false, true, false, true, false, true});
  const VoteRules three{VoteRules::Kind::Groups, {{"a", "b", "c", "d"}}};
  const auto kept = [&](std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t d) {
    return three.kept(std::vector<PanelVotes>{{"a", a}, {"b", b}, {"c", c}, {"d", d}});
  };
  CHECK(kept(1, 1, 2, 1) == KeptPanels{false, false, true, false});
  CHECK(kept(2, 2, 1, 1) == KeptPanels{false, false, false, false});
  CHECK(kept(1, 1, 1, 3) == KeptPanels{false, false, false, true});
  CHECK(kept(3, 2, 2, 3) == KeptPanels{false, false, false, false});
  CHECK(kept(4, 1, 2, 3) == KeptPanels{true, false, false, false});
}

TEST_CASE("the first two panels contradict each other, whatever they are",
          "[preprocess][clean_votes]") {
  CHECK(by_first_two({{"女性", 2}, {"男性", 2}}) == KeptPanels{false, true});
  CHECK(by_first_two({{"/female", 2}, {"/male", 2}}) == KeptPanels{false, true});
  CHECK(by_first_two({{"已婚", 1}, {"未婚", 1}}) == KeptPanels{false, true});
  CHECK(by_first_two({{"男性", 1}, {"青年", 1}}) == KeptPanels{false, true});
  CHECK(by_first_two({{"a", 2}, {"b", 1}, {"c", 1}}) == KeptPanels{true, false, true});
  CHECK(by_first_two({{"a", 1}, {"b", 2}, {"c", 9}, {"d", 9}}) ==
        KeptPanels{false, true, true, true});
  CHECK(by_first_two({{"a", 1}}) == KeptPanels{true});
}

TEST_CASE("of an author and panel the latest row survives, then the greatest id, then the last",
          "[preprocess][clean_votes]") {
  VoteWindow window{VoteRules{VoteRules::Kind::Groups, {}}, {}, kMemory, kSecret};
  add_vote(window, {"", "u", "p", 5, "b"});
  add_vote(window, {"", "u", "p", 4, "z"});
  add_vote(window, {"", "u", "p", 5, "a"});
  CHECK(given_rows(window) == std::vector<std::string>{" u p b 3"});
  CHECK(window.empty());
  std::vector<std::string> rows;
  Context none{nullptr};
  for (const auto* row : {"first", "second"})
    window.add(none, {"", "u", "p", 5, "b"}, [&](std::string& out) { out = row; });
  CHECK(given_rows(window) == std::vector<std::string>{"second 2"});
}

TEST_CASE("what survives comes by table, time and id", "[preprocess][clean_votes]") {
  VoteWindow window{VoteRules{VoteRules::Kind::Groups, {}}, {"news", "Ptt"}, kMemory, kSecret};
  add_vote(window, {"z", "u", "p", 1, "a"});
  add_vote(window, {"Ptt", "u", "p", 9, "a"});
  add_vote(window, {"Ptt", "u", "q", 2, "b"});
  add_vote(window, {"Ptt", "v", "p", 2, "a"});
  add_vote(window, {"a", "u", "p", 9, "a"});
  add_vote(window, {"news", "u", "p", 9, "a"});
  CHECK(given_rows(window) == std::vector<std::string>{"news u p a 1", "Ptt v p a 1", "Ptt u q b 1",
                                                       "Ptt u p a 1", "a u p a 1", "z u p a 1"});
}

TEST_CASE("what survives agrees with a plain list of all votes", "[preprocess][clean_votes]") {
  const auto rules = GENERATE(VoteRules(VoteRules::Kind::Groups, kConflicts),
                              VoteRules(VoteRules::Kind::FirstTwo, {}));
  const std::vector<std::string> listed{"news", "Ptt"}, tables{"Ptt", "a", "news", "z", ""},
      panels{"/female", "/male", "/married", "/student", "/unmarried"};
  VoteWindow window{rules, listed, 16 * kMemory, kSecret};
  // In the order in which rows leave: place of the table, table, time, id, author, panel.
  using Left = std::tuple<std::size_t, std::string, std::int64_t, std::string, std::string,
                          std::string, std::int64_t>;
  for (std::uint64_t random = 42, round = 0; round < 3; ++round) {
    std::map<std::pair<std::string, std::string>, std::map<std::string, Left>> authors;
    for (int i = 0; i < 3'000; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const auto& table = tables[(random >> 20) % tables.size()];
      const auto& panel = panels[(random >> 30) % panels.size()];
      const auto author = "u" + std::to_string((random >> 40) % 200);
      const auto id = std::to_string((random >> 50) % 3);
      const auto time = static_cast<std::int64_t>((random >> 60) % 4);
      add_vote(window, {table, author, panel, time, id});
      const auto place = std::find(listed.begin(), listed.end(), table) - listed.begin();
      auto& left = authors[{table, author}]
                       .try_emplace(panel, static_cast<std::size_t>(place), table, time, id, author,
                                    panel, 0)
                       .first->second;
      if (std::tie(time, id) >= std::tie(std::get<2>(left), std::get<3>(left))) {
        std::get<2>(left) = time;
        std::get<3>(left) = id;
      }
      ++std::get<6>(left);
    }
    std::set<Left> expected;
    for (const auto& [author, votes] : authors) {
      std::vector<PanelVotes> counted;
      for (const auto& [panel, left] : votes) counted.push_back({panel, std::get<6>(left)});
      const auto kept = rules.kept(counted);
      std::size_t panel = 0;
      for (const auto& vote : votes) {
        if (kept[panel++]) expected.insert(vote.second);
      }
    }
    std::vector<std::string> lines;
    for (const auto& [place, table, time, id, author, panel, count] : expected) {
      lines.push_back(table + " " + author + " " + panel + " " + id + " " + std::to_string(count));
    }
    CHECK(given_rows(window) == lines);
  }
}

TEST_CASE("votes come back from their state, and a broken state is refused",
          "[preprocess][clean_votes]") {
  const auto made = [] {
    return VoteWindow{VoteRules{VoteRules::Kind::FirstTwo, {}}, {}, kMemory, kSecret};
  };
  auto window = made();
  add_vote(window, {"t", "u", "a", -5, std::string_view{"\0\xff", 2}});
  add_vote(window, {"t", "u", "a", -4, ""});
  add_vote(window, {"t", "", "b", 1, "x"});
  const auto state = window.snapshot(kMemory);
  REQUIRE(state);
  CHECK_FALSE(window.snapshot(10));
  auto again = made();
  again.restore(*state);
  CHECK(again.snapshot(kMemory) == state);
  add_vote(again, {"t", "u", "a", -9, ""});
  add_vote(window, {"t", "u", "a", -9, ""});
  CHECK(given_rows(again) == given_rows(window));
  for (const std::string& broken :
       {std::string{}, std::string{" 1"}, std::string{" -"}, std::string{" 1 x x x x x 1"},
        *state + " ", state->substr(0, state->size() - 3), " 9" + state->substr(2)}) {
    auto other = made();
    INFO(broken);
    CHECK_THROWS_AS(other.restore(broken), Failure);
  }
}
