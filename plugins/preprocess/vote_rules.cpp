#include "plugins/preprocess/vote_rules.hpp"

#include <unordered_map>

namespace millrace::preprocess {

VoteRules::VoteRules(Kind kind, const std::vector<std::vector<std::string>>& groups) : kind_{kind} {
  for (std::size_t group = 0; group < groups.size(); ++group) {
    for (const auto& panel : groups[group]) group_of_.emplace(panel, group);
  }
}

std::vector<bool> VoteRules::kept(std::span<const PanelVotes> panels) const {
  if (kind_ == Kind::Groups) return kept_by_groups(panels);
  std::vector<bool> stays(panels.size(), true);
  if (panels.size() > 1) stays[panels[0].votes > panels[1].votes ? 1 : 0] = false;
  return stays;
}

std::vector<bool> VoteRules::kept_by_groups(std::span<const PanelVotes> panels) const {
  struct Contest {
    std::int64_t most = 0;
    std::size_t winner = 0;
    bool is_tie = false;
  };
  std::vector<bool> stays(panels.size(), true);
  std::unordered_map<std::size_t, Contest> contests;  // by group
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const auto group = group_of_.find(panels[i].panel);
    if (group == group_of_.end()) continue;
    Contest& contest = contests[group->second];
    stays[i] = panels[i].votes > contest.most;
    if (panels[i].votes > contest.most) {
      if (contest.most > 0) stays[contest.winner] = false;
      contest = {panels[i].votes, i, false};
    } else if (panels[i].votes == contest.most) {
      contest.is_tie = true;
    }
  }
  for (const auto& [group, contest] : contests) {
    if (contest.is_tie) stays[contest.winner] = false;
  }
  return stays;
}

}  // namespace millrace::preprocess
