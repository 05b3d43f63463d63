#include "api/route/router.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

namespace millrace::api {

namespace {

struct Target {
  http::Method method;
  std::size_t number;
  std::vector<std::string> names;  // of the path's values, in order
};

struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literal;
  std::unique_ptr<Node> number;  // "{id:int}": decimal digits
  std::unique_ptr<Node> named;
  std::vector<Target> targets;
};

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(std::min<std::size_t>(path.size(), 1));  // the first "/"
  for (;;) {
    const auto end = path.find('/');
    segments.push_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

bool is_name(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

constexpr std::string_view kNumber = ":int";

// Ids are 64-bit: more digits name nothing.
bool is_number(std::string_view segment) {
  return !segment.empty() && segment.size() <= 18 &&
         std::all_of(segment.begin(), segment.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What is looked for in the tree.
struct Wanted {
  http::Method method;
  Router::Leniency leniency;

  [[nodiscard]] const Target* in(const Node& node) const { return find(node, method); }

 private:
  [[nodiscard]] const Target* find(const Node& node, http::Method of) const {
    for (const auto& target : node.targets)
      if (target.method == of) return &target;
    return of == http::Method::Head && leniency.head ? find(node, http::Method::Get) : nullptr;
  }
};

struct Text {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace

struct Router::State {
  Node root;
  std::unordered_map<std::string, const Node*, Text, std::equal_to<>>
      exact;  // paths without names, into the tree

  /// Finds the node of a path that has the method, preferring literal segments; `known` gathers
  /// nodes of other methods.
  const Node* find(const Node& node, const std::vector<std::string_view>& segments,
                   std::size_t depth, const Wanted& wanted, std::vector<std::string_view>& values,
                   const Node*& known) const {
    if (depth == segments.size()) {
      if (wanted.in(node) != nullptr) return &node;
      if (known == nullptr && !node.targets.empty()) known = &node;
      if (!wanted.leniency.missing_slash) return nullptr;
      const auto slash = node.literal.find(std::string_view{});
      if (slash == node.literal.end()) return nullptr;
      return find(*slash->second, segments, depth, wanted, values, known);
    }
    const auto segment = segments[depth];
    if (const auto next = node.literal.find(segment); next != node.literal.end())
      if (const auto* found = find(*next->second, segments, depth + 1, wanted, values, known))
        return found;
    for (const auto* next : {is_number(segment) ? node.number.get() : nullptr,
                             segment.empty() ? nullptr : node.named.get()}) {
      if (next == nullptr) continue;
      values.push_back(segment);
      if (const auto* found = find(*next, segments, depth + 1, wanted, values, known)) return found;
      values.pop_back();
    }
    return nullptr;
  }
};

Router::Router() : state_{std::make_unique<State>()} {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<void> Router::add(http::Method method, std::string_view path, std::size_t number) {
  if (!path.starts_with('/'))
    return Error{Code::InvalidArgument, fmt::format("route: path must begin with \"/\": {}", path)};
  Node* node = &state_->root;
  std::vector<std::string> names;
  for (const auto segment : split(path)) {
    if (is_name(segment)) {
      auto name = segment.substr(1, segment.size() - 2);
      const bool takes_number = name.ends_with(kNumber);
      if (takes_number) name.remove_suffix(kNumber.size());
      names.emplace_back(name);
      auto& next = takes_number ? node->number : node->named;
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    } else {
      auto& next = node->literal[std::string{segment}];
      if (!next) next = std::make_unique<Node>();
      node = next.get();
    }
  }
  const auto same = [&](const Target& target) { return target.method == method; };
  if (std::any_of(node->targets.begin(), node->targets.end(), same))
    return Error{Code::Conflict,
                 fmt::format("route: given twice: {} {}", http::to_string(method), path)};
  if (names.empty()) state_->exact.emplace(path, node);
  node->targets.push_back({method, number, std::move(names)});
  return {};
}

Router::Match Router::match(http::Method method, std::string_view path, Leniency leniency) const {
  const Wanted wanted{method, leniency};
  const Node* node = nullptr;
  const Node* known = nullptr;
  std::vector<std::string_view> values;
  if (const auto exact = state_->exact.find(path); exact != state_->exact.end()) {
    if (wanted.in(*exact->second) != nullptr) node = exact->second;
  }
  if (node == nullptr && path.starts_with('/'))
    node = state_->find(state_->root, split(path), 0, wanted, values, known);
  Match match;
  if (node != nullptr) {
    const auto& target = *wanted.in(*node);
    match.kind = Match::Kind::Found;
    match.number = target.number;
    for (std::size_t i = 0; i < target.names.size(); ++i)
      match.values.emplace_back(target.names[i], values[i]);
  } else if (known != nullptr) {
    match.kind = Match::Kind::WrongMethod;
    for (const auto& target : known->targets) match.allowed.push_back(target.method);
  }
  return match;
}

}  // namespace millrace::api
