#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/preprocess/text_hash.hpp"

namespace millrace::preprocess {

/// A panel of an author, and how many of the author's rows have it.
struct PanelVotes {
  std::string_view panel;
  std::int64_t votes = 0;
};

/// Which panels of an author go, since they contradict others. [any thread]
class VoteRules {
 public:
  enum class Kind {
    /// Panels of one group contradict one another: the one with the most votes stays. Where several
    /// have as many, all of the group go. Panels outside of the groups stay.
    Groups,
    /// The first two panels by code point contradict each other, whatever they are: the one with
    /// fewer votes goes, of equal ones the first. All others stay.
    FirstTwo
  };

  /// `groups` count for Kind::Groups. A panel stands in one of them at the most.
  VoteRules(Kind kind, const std::vector<std::vector<std::string>>& groups);

  /// Returns for each panel whether it stays. They are those of one author, each once, by code
  /// point.
  [[nodiscard]] std::vector<bool> kept(std::span<const PanelVotes> panels) const;

 private:
  [[nodiscard]] std::vector<bool> kept_by_groups(std::span<const PanelVotes> panels) const;

  Kind kind_;
  TextMap<std::size_t> group_of_;  // by panel
};

}  // namespace millrace::preprocess
