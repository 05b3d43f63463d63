#include <algorithm>
#include <optional>

#include "engine/graph/plan.hpp"
#include "engine/graph/plan_edit.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::size_t kMaxLanes = 24;    // wider plans are listed without the lines
constexpr std::size_t kMaxNames = 4;     // of a fused chain
constexpr std::size_t kMaxDrawn = 2000;  // nodes; longer plans are listed without the lines
constexpr std::size_t kMaxLines = 5000;

std::string name_of(const PlanNode& node) {
  std::string name;
  for (std::size_t i = 0; i < std::min(node.chain.size(), kMaxNames); ++i) {
    name += (i == 0 ? "" : " + ") + node.chain[i].name;
  }
  if (node.chain.size() > kMaxNames)
    name += fmt::format(" + {} more", node.chain.size() - kMaxNames);
  return name;
}

std::string operators_of(const PlanNode& node) {
  std::string text;
  for (std::size_t i = 0; i < std::min(node.chain.size(), kMaxNames); ++i) {
    text += (i == 0 ? "" : " + ") + node.chain[i].info->id;
  }
  if (node.chain.size() > kMaxNames) text += " + ...";
  return text;
}

// How the node runs: side by side or one call at a time, and on which pool.
std::string manner_of(const PlanNode& node) {
  std::string text = node.replicable() ? "replicable" : "serial";
  if (node.head().info->instances > 0)
    text += fmt::format(", {} at once at the most", node.head().info->instances);
  if (node.head().waits()) text += ", waiting pool";
  const auto& resources = node.head().resources;
  if (resources.threads > 0) text += fmt::format(", {} threads", resources.threads);
  if (resources.memory_bytes > 0) text += fmt::format(", {} bytes", resources.memory_bytes);
  if (node.head().info->grain > 0) text += fmt::format(", {} rows a call", node.head().info->grain);
  if (node.head().retry.tries > 1) text += fmt::format(", {} tries", node.head().retry.tries);
  if (node.head().timeout.count() > 0)
    text += fmt::format(", {} ms for a batch", node.head().timeout.count());
  if (!node.note.empty()) text += fmt::format(" ({})", node.note);
  return text;
}

struct Row {
  std::string lines;                // the drawing
  std::optional<std::size_t> node;  // beside it; nothing on lines where edges meet or part
};

// Draws the edges as lines that go down from node to node. A lane holds one edge on its way to the
// node that it leads to.
class Drawing {
 public:
  explicit Drawing(const Plan& plan) : plan_{plan}, successors_{plan} {}

  // Returns nothing when the plan is too wide to be drawn.
  std::optional<std::vector<Row>> draw() {
    for (std::size_t node = 0; node < plan_.nodes.size(); ++node) {
      const auto lane = join(node);
      std::string line;
      for (std::size_t i = 0; i < lanes_.size(); ++i)
        line += i == lane ? "o " : (lanes_[i] ? "| " : "  ");
      rows_.push_back({std::move(line), node});
      fork(node, lane);
      if (lanes_.size() > kMaxLanes) return std::nullopt;
    }
    return std::move(rows_);
  }

 private:
  // Brings the lanes that lead to `node` together in the first of them; returns that one, or a free
  // one.
  std::size_t join(std::size_t node) {
    std::vector<std::size_t> mine;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      if (lanes_[lane] == node) mine.push_back(lane);
    }
    if (mine.empty()) return free_lane();
    draw_crossing(mine, '\'');
    for (std::size_t i = 1; i < mine.size(); ++i) lanes_[mine[i]].reset();
    trim();
    return mine.front();
  }

  void fork(std::size_t node, std::size_t lane) {
    lanes_[lane].reset();
    std::vector<std::size_t> mine;
    for (const auto edge : successors_.of(node)) {
      mine.push_back(mine.empty() ? lane : free_lane());
      lanes_[mine.back()] = static_cast<std::size_t>(plan_.edges[edge].to.value);
    }
    std::sort(mine.begin(), mine.end());
    draw_crossing(mine, '.');
    trim();
  }

  // Adds the line on which the lanes of one node meet or part: "|-|-'".
  void draw_crossing(const std::vector<std::size_t>& mine, char corner) {
    if (mine.size() < 2) return;
    std::string line;
    for (std::size_t lane = 0; lane < lanes_.size(); ++lane) {
      const bool is_between = lane >= mine.front() && lane < mine.back();
      if (lane != mine.front() && std::find(mine.begin(), mine.end(), lane) != mine.end()) {
        line += corner;
      } else {
        line += lanes_[lane] ? '|' : (is_between ? '-' : ' ');
      }
      line += is_between ? '-' : ' ';
    }
    rows_.push_back({std::move(line), std::nullopt});
  }

  std::size_t free_lane() {
    const auto found = std::find(lanes_.begin(), lanes_.end(), std::nullopt);
    if (found != lanes_.end()) return static_cast<std::size_t>(found - lanes_.begin());
    lanes_.emplace_back();
    return lanes_.size() - 1;
  }

  void trim() {
    while (!lanes_.empty() && !lanes_.back()) lanes_.pop_back();
  }

  const Plan& plan_;
  Successors successors_;
  std::vector<std::optional<std::size_t>> lanes_;  // the node that the edge in each lane leads to
  std::vector<Row> rows_;
};

// What stands for a drawing where there would be too many lines: each node with the nodes before
// it.
std::vector<Row> list_nodes(const Plan& plan) {
  std::vector<Row> rows;
  for (std::size_t node = 0; node < plan.nodes.size(); ++node) rows.push_back({"", node});
  return rows;
}

std::string predecessors_of(const Plan& plan, std::size_t node) {
  std::string text;
  for (const auto& edge : edges_into(plan, node)) {
    const auto& from = plan.nodes[static_cast<std::size_t>(edge.from.value)];
    text += text.empty() ? "  <- " : ", ";
    text += from.tail().name;
    if (!edge.port.empty()) text += ":" + edge.port;
  }
  return text;
}

Json node_json(const Plan& plan, std::size_t place) {
  const auto& node = plan.nodes[place];
  Json json = Json::object();
  json["name"] = node.head().name;
  json["replicable"] = node.replicable();
  json["pool"] = node.head().waits() ? "waiting" : "compute";
  json["grain"] = node.head().info->grain;
  json["instances"] = node.head().info->instances;
  if (!node.head().resources.empty()) json["resources"] = to_json(node.head().resources);
  if (!node.note.empty()) json["note"] = node.note;
  Json inputs = Json::array();
  for (const auto& edge : edges_into(plan, place)) {
    Json input{{"node", plan.nodes[static_cast<std::size_t>(edge.from.value)].head().name}};
    if (!edge.port.empty()) input["port"] = edge.port;
    inputs.push_back(std::move(input));
  }
  json["inputs"] = std::move(inputs);
  Json chain = Json::array();
  for (const auto& member : node.chain) {
    Json link{{"name", member.name}, {"operator", member.info->id}, {"params", *member.params}};
    if (member.retry.tries > 1) link["tries"] = member.retry.tries;
    if (member.timeout.count() > 0) link["timeout_ms"] = member.timeout.count();
    chain.push_back(std::move(link));
  }
  json["chain"] = std::move(chain);
  return json;
}

}  // namespace

std::string explain(const Plan& plan) {
  const bool is_long = plan.nodes.size() > kMaxDrawn;
  auto drawn = is_long ? std::nullopt : Drawing{plan}.draw();
  const auto rows = drawn ? *std::move(drawn) : list_nodes(plan);
  std::size_t lines_width = 0;
  std::size_t name_width = 0;
  std::size_t operator_width = 0;
  for (const auto& row : rows) {
    lines_width = std::max(lines_width, row.lines.size());
    if (!row.node) continue;
    name_width = std::max(name_width, name_of(plan.nodes[*row.node]).size());
    operator_width = std::max(operator_width, operators_of(plan.nodes[*row.node]).size());
  }
  auto text = fmt::format("plan{}{}: {} {}, seed {}\n", plan.name.empty() ? "" : " ", plan.name,
                          plan.nodes.size(), plan.nodes.size() == 1 ? "node" : "nodes", plan.seed);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == kMaxLines) {
      text += fmt::format("  ... {} more\n", rows.size() - i);
      break;
    }
    const auto& row = rows[i];
    auto line = fmt::format("  {:<{}}", row.lines, lines_width);
    if (row.node) {
      const auto& node = plan.nodes[*row.node];
      line += fmt::format("  {:<{}}  {:<{}}  {}", name_of(node), name_width, operators_of(node),
                          operator_width, manner_of(node));
      if (lines_width == 0) line += predecessors_of(plan, *row.node);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  text += plan.steps.empty() ? "\nno pass changed anything\n" : "\nwhat the planner did\n";
  for (const auto& step : plan.steps) text += "  " + step + "\n";
  if (const Node* node = without_checkpoint(plan)) {
    text += fmt::format(
        "\nno checkpoints: {} ({}) tells no state, so a job that is interrupted begins anew\n",
        node->name, node->info->id);
  }
  return text;
}

Json explain_json(const Plan& plan) {
  Json json = Json::object();
  json["name"] = plan.name;
  json["seed"] = plan.seed;
  if (!plan.log_file.empty()) json["logFile"] = plan.log_file;
  Json nodes = Json::array();
  for (std::size_t place = 0; place < plan.nodes.size(); ++place)
    nodes.push_back(node_json(plan, place));
  json["nodes"] = std::move(nodes);
  json["steps"] = plan.steps;
  if (const Node* node = without_checkpoint(plan)) json["no_checkpoints"] = node->name;
  return json;
}

}  // namespace millrace
