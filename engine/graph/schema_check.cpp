#include "engine/graph/schema_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>

#include <millrace/batch.hpp>

#include "engine/graph/pointer.hpp"
#include "engine/graph/suggestion.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

using Columns = std::map<std::string, std::string, std::less<>>;  // name -> type word

constexpr std::uint32_t kUnknown = 0;  // number of the column set of which nothing is known
constexpr std::size_t kMaxColumns =
    2000;  // a set that is larger is not followed: the work would grow with its square

bool fits(std::string_view wanted, std::string_view type) {
  constexpr std::array<std::string_view, 4> kNumbers{"int32", "int64", "float32", "float64"};
  const auto is_number = [&](std::string_view word) {
    return word == "number" || std::find(kNumbers.begin(), kNumbers.end(), word) != kNumbers.end();
  };
  if (const auto bar = wanted.find('|'); bar != std::string_view::npos)
    return fits(wanted.substr(0, bar), type) || fits(wanted.substr(bar + 1), type);
  if (wanted == "any" || type == "any" || wanted == type) return true;
  // "number" on either side leaves open which one it is.
  return (wanted == "number" && is_number(type)) || (type == "number" && is_number(wanted));
}

std::vector<std::string_view> names_of(const Columns& columns) {
  std::vector<std::string_view> names;
  for (const auto& [name, type] : columns) names.push_back(name);
  return names;
}

// The column sets that occur, each once: most nodes of a large graph share a few.
class ColumnSets {
 public:
  ColumnSets() : sets_(1) {}

  [[nodiscard]] const Columns& at(std::uint32_t set) const { return sets_[set]; }

  std::uint32_t add(const Columns& columns) {
    if (columns.size() > kMaxColumns) return kUnknown;
    const auto [found, is_new] =
        numbers_.try_emplace(columns, static_cast<std::uint32_t>(sets_.size()));
    if (is_new) sets_.push_back(columns);
    return found->second;
  }

  // Returns `set` with the columns that an operator adds; a name that is there already changes its
  // type.
  std::uint32_t with(std::uint32_t set, const OperatorInfo& info) {
    if (set == kUnknown || info.adds.empty()) return set;
    const auto [found, is_new] = extended_.try_emplace({set, &info}, kUnknown);
    if (is_new) found->second = add(extended(sets_[set], info.adds));
    return found->second;
  }

  std::uint32_t emitted(const OperatorInfo& info) {
    const auto [found, is_new] = extended_.try_emplace({kUnknown, &info}, kUnknown);
    if (is_new) found->second = add(extended(extended({}, info.emits), info.adds));
    return found->second;
  }

  // Returns the set of a batch that is put together from two: every column of both, null where one
  // part lacks it.
  std::uint32_t merged(std::uint32_t left, std::uint32_t right) {
    if (left == right) return left;
    if (left == kUnknown || right == kUnknown) return kUnknown;
    const auto [found, is_new] = merged_.try_emplace(std::minmax(left, right), kUnknown);
    if (is_new) {
      auto columns = sets_[left];
      columns.insert(sets_[right].begin(), sets_[right].end());
      found->second = add(columns);
    }
    return found->second;
  }

 private:
  static Columns extended(Columns columns, const Json& more) {
    for (const auto& [name, type] : more.items()) {
      columns.insert_or_assign(name, type.is_string() ? type.get<std::string>() : "any");
    }
    return columns;
  }

  std::vector<Columns> sets_;
  std::map<Columns, std::uint32_t> numbers_;
  std::map<std::pair<std::uint32_t, const OperatorInfo*>, std::uint32_t> extended_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> merged_;
};

class Checker {
 public:
  Checker(const Pipeline& pipeline, const Links& links,
          const std::vector<const CheckedNode*>& checked, FaultList& faults)
      : pipeline_{pipeline},
        links_{links},
        checked_{checked},
        faults_{faults},
        leaving_(checked.size(), kUnknown) {}

  void follow(const std::vector<std::uint32_t>& order) {
    for (const auto node : order) {
      if (checked_[node] != nullptr) leaving_[node] = follow_node(node, *checked_[node]->info);
    }
  }

 private:
  std::uint32_t follow_node(std::uint32_t node, const OperatorInfo& info) {
    const auto into = links_.into(node);
    std::uint32_t arriving = kUnknown;
    for (std::size_t i = 0; i < into.size(); ++i) {
      const auto set = leaving_[into[i].from];
      if (set != kUnknown && !info.reads.empty()) check_edge(into[i], set, info);
      if (i > 0) check_meeting(into[i], arriving, set);
      arriving = i == 0 ? set : sets_.merged(arriving, set);
    }
    if (arriving != kUnknown) check_arriving(node, arriving, info);
    // An output sends rows of its own: about what it wrote.
    if (!info.emits.is_null() || info.role == "output") return sets_.emitted(info);
    if (into.empty()) return kUnknown;
    return sets_.with(arriving, info);
  }

  void check_edge(const Link& link, std::uint32_t set, const OperatorInfo& info) {
    const auto [found, is_new] = fitting_.try_emplace({set, &info}, true);
    if (!is_new && found->second) return;
    const auto& columns = sets_.at(set);
    for (const auto& [name, type] : info.reads.items()) {
      const auto column = columns.find(name);
      const auto& wanted = type.get_ref<const std::string&>();
      if (name == kRootColumn) continue;  // every row has it
      if (column != columns.end() && fits(wanted, column->second)) continue;
      found->second = false;
      if (column == columns.end()) {
        report(link,
               fmt::format("\"{}\" ({}) reads the column \"{}\", which \"{}\" does not send{}",
                           name_of(link.to), info.id, name, name_of(link.from),
                           suggestion(name, names_of(columns))));
      } else {
        report(link,
               fmt::format("\"{}\" ({}) reads the column \"{}\" as {}, but \"{}\" sends it as {}",
                           name_of(link.to), info.id, name, wanted, name_of(link.from),
                           column->second));
      }
    }
  }

  // What an operator uses where a batch has it comes from one of the nodes before it at least.
  void check_arriving(std::uint32_t node, std::uint32_t arriving, const OperatorInfo& info) {
    const auto& columns = sets_.at(arriving);
    for (const auto& [name, type] : info.may_read.items()) {
      const auto column = columns.find(name);
      const auto& wanted = type.get_ref<const std::string&>();
      if (name == kRootColumn) continue;  // every row has it
      if (column != columns.end() && fits(wanted, column->second)) continue;
      const std::string why =
          column == columns.end()
              ? fmt::format("which no node before it sends{}", suggestion(name, names_of(columns)))
              : fmt::format("as {}, but it comes as {}", wanted, column->second);
      faults_.add("schema", node_pointer(node),
                  fmt::format("\"{}\" ({}) reads the column \"{}\"{}{}", name_of(node), info.id,
                              name, column == columns.end() ? ", " : " ", why));
    }
  }

  // Where branches meet, a name must not have two types: the batches could not be put one below the
  // other.
  void check_meeting(const Link& link, std::uint32_t arriving, std::uint32_t set) {
    if (arriving == set || arriving == kUnknown || set == kUnknown) return;
    const auto& before = sets_.at(arriving);
    for (const auto& [name, type] : sets_.at(set)) {
      const auto other = before.find(name);
      if (other == before.end() || fits(type, other->second)) continue;
      report(
          link,
          fmt::format(
              "the column \"{}\" reaches \"{}\" as {} from \"{}\" and as {} from a node before it",
              name, name_of(link.to), type, name_of(link.from), other->second));
    }
  }

  void report(const Link& link, std::string message) {
    const auto pointer =
        link.is_derived ? node_pointer(link.to) : node_pointer(link.to, "preOps", link.place);
    faults_.add("schema", pointer, std::move(message));
  }

  [[nodiscard]] const std::string& name_of(std::uint32_t node) const {
    return pipeline_.ops[node].name;
  }

  const Pipeline& pipeline_;
  const Links& links_;
  const std::vector<const CheckedNode*>& checked_;
  FaultList& faults_;
  ColumnSets sets_;
  std::vector<std::uint32_t> leaving_;  // node -> number of the column set that leaves it
  std::map<std::pair<std::uint32_t, const OperatorInfo*>, bool> fitting_;
};

}  // namespace

void check_schemas(const Pipeline& pipeline, const Links& links,
                   const std::vector<std::uint32_t>& order,
                   const std::vector<const CheckedNode*>& checked, FaultList& faults) {
  Checker{pipeline, links, checked, faults}.follow(order);
}

}  // namespace millrace
