#include "engine/graph/links.hpp"

#include <algorithm>
#include <unordered_set>

#include "engine/graph/pointer.hpp"
#include "engine/graph/suggestion.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

struct Reference {
  std::string_view name, port;
};

class Finder {
 public:
  Finder(const Pipeline& pipeline, const NameIndex& names, const PipelineRules& rules,
         FaultList& faults)
      : ops_{pipeline.ops}, names_{names}, rules_{rules}, faults_{faults}, seen_(ops_.size(), 0) {}

  Links find() {
    links_.all.reserve(ops_.size() + ops_.size() / 8);
    for (std::uint32_t to = 0; to < ops_.size(); ++to) read_pre_ops(to);
    index_sources();
    const auto written = links_.all.size();
    named_.assign(ops_.size(), 0);
    std::fill(seen_.begin(), seen_.end(), 0);
    for (std::uint32_t from = 0; from < ops_.size(); ++from) read_post_ops(from);
    if (links_.all.size() != written) {
      std::stable_sort(links_.all.begin(), links_.all.end(),
                       [](const Link& a, const Link& b) { return a.to < b.to; });
      place_derived();
      index_sources();
    }
    index_targets();
    return std::move(links_);
  }

 private:
  void fault(std::string_view kind, std::string pointer, std::string message) {
    faults_.add(kind, std::move(pointer), std::move(message));
  }

  // A name never holds a colon, so the first one begins the port. The mix format has no ports.
  Reference split(std::string_view text) const {
    const auto colon = rules_.strict_mix ? std::string_view::npos : text.find(':');
    if (colon == std::string_view::npos || colon + 1 == text.size()) return {text, {}};
    return {text.substr(0, colon), text.substr(colon + 1)};
  }

  void unknown(std::uint32_t node, std::string_view list, std::size_t place,
               std::string_view name) {
    fault("unknown_reference", node_pointer(node, list, place),
          fmt::format("{} of \"{}\" names a node that does not exist: \"{}\"{}", list,
                      ops_[node].name, name, suggestions_.of(name, names_.names())));
  }

  void repeated(std::uint32_t node, std::string_view list, std::size_t place,
                std::string_view name) {
    fault("name_repeated", node_pointer(node, list, place),
          fmt::format("{} of \"{}\" names \"{}\" twice", list, ops_[node].name, name));
  }

  void read_pre_ops(std::uint32_t to) {
    const auto& spec = ops_[to];
    written_.clear();
    compared_ = 0;
    for (std::uint32_t place = 0; place < spec.pre_ops.size(); ++place) {
      const std::string_view written = spec.pre_ops[place];
      if (written.empty() && !spec.is_readable) continue;
      const auto [name, port] = split(written);
      const auto from = names_.find(name);
      if (from == NameIndex::kNone) {
        unknown(to, "preOps", place, name);
        continue;
      }
      // Two ports of one node are two edges, so only when a node is named again the whole texts are
      // compared.
      if (seen_[from] == to + 1 && is_repeated(spec, place)) {
        repeated(to, "preOps", place, written);
        continue;
      }
      seen_[from] = to + 1;
      links_.all.push_back({from, to, place, false, port});
    }
  }

  bool is_repeated(const NodeSpec& spec, std::uint32_t place) {
    for (; compared_ <= place; ++compared_) {
      const bool is_new = written_.insert(spec.pre_ops[compared_]).second;
      if (compared_ == place) {
        ++compared_;
        return !is_new;
      }
    }
    return false;
  }

  void read_post_ops(std::uint32_t from) {
    const auto& spec = ops_[from];
    if (!spec.has_post_ops) return;
    const auto out = links_.out(from);
    for (const auto link : out) named_[links_.all[link].to] = from + 1;
    for (std::uint32_t place = 0; place < spec.post_ops.size(); ++place) {
      const std::string_view name = spec.post_ops[place];
      if (name.empty() && !spec.is_readable) continue;
      // Most documents list successors in the order in which they stand, and comparing is cheaper
      // than looking up.
      const bool is_next = place < out.size() && ops_[links_.all[out[place]].to].name == name;
      const auto to = is_next ? links_.all[out[place]].to : names_.find(name);
      if (to == NameIndex::kNone) {
        unknown(from, "postOps", place, name);
      } else if (seen_[to] == from + 1) {
        repeated(from, "postOps", place, name);
      } else {
        seen_[to] = from + 1;
        if (named_[to] != from + 1) add_backward(from, to, place);
      }
    }
    for (const auto link : out) {
      const auto to = links_.all[link].to;
      if (seen_[to] == from + 1) continue;
      fault("edge_one_way", node_pointer(to, "preOps", links_.all[link].place),
            fmt::format("\"{}\" names \"{}\" in preOps, but \"{}\" does not name it in postOps",
                        ops_[to].name, spec.name, spec.name));
    }
  }

  // An edge that only its source tells of: a fault when the target's own list was written without
  // it.
  void add_backward(std::uint32_t from, std::uint32_t to, std::uint32_t place) {
    if (ops_[to].has_pre_ops) {
      fault("edge_one_way", node_pointer(from, "postOps", place),
            fmt::format("\"{}\" names \"{}\" in postOps, but \"{}\" does not name it in preOps",
                        ops_[from].name, ops_[to].name, ops_[to].name));
    } else {
      links_.all.push_back({from, to, 0, true, {}});
    }
  }

  // Derived edges into a node stand in the order in which their sources stand in the document.
  void place_derived() {
    for (std::size_t i = 1; i < links_.all.size(); ++i) {
      auto& link = links_.all[i];
      const auto& before = links_.all[i - 1];
      if (link.is_derived && before.to == link.to) link.place = before.place + 1;
    }
  }

  void index_sources() {
    auto& first = links_.first_out_of;
    first.assign(ops_.size() + 1, 0);
    for (const auto& link : links_.all) ++first[link.from + 1];
    for (std::size_t node = 0; node < ops_.size(); ++node) first[node + 1] += first[node];
    links_.out_of.resize(links_.all.size());
    std::vector<std::uint32_t> next(first.begin(), first.end() - 1);
    for (std::uint32_t i = 0; i < links_.all.size(); ++i)
      links_.out_of[next[links_.all[i].from]++] = i;
  }

  void index_targets() {
    auto& first = links_.first_into;
    first.assign(ops_.size() + 1, 0);
    for (const auto& link : links_.all) ++first[link.to + 1];
    for (std::size_t node = 0; node < ops_.size(); ++node) first[node + 1] += first[node];
  }

  const std::vector<NodeSpec>& ops_;
  const NameIndex& names_;
  const PipelineRules& rules_;
  FaultList& faults_;
  Links links_;
  std::vector<std::uint32_t> seen_;               // node -> 1 + the node whose list named it last
  std::vector<std::uint32_t> named_;              // node -> 1 + the node that it named in preOps
  std::unordered_set<std::string_view> written_;  // of the list being read, up to `compared_`
  std::uint32_t compared_ = 0;
  Suggestions suggestions_;
};

}  // namespace

std::span<const Link> Links::into(std::size_t node) const {
  return {all.data() + first_into[node], first_into[node + 1] - first_into[node]};
}

std::span<const std::uint32_t> Links::out(std::size_t node) const {
  return {out_of.data() + first_out_of[node], first_out_of[node + 1] - first_out_of[node]};
}

Links find_links(const Pipeline& pipeline, const NameIndex& names, const PipelineRules& rules,
                 FaultList& faults) {
  return Finder{pipeline, names, rules, faults}.find();
}

}  // namespace millrace
