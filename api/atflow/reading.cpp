#include "api/atflow/reading.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json_members.hpp"

namespace millrace::atflow {

namespace {

struct NodeKind {
  std::string_view type;
  std::array<std::string_view, 4> params;  // what the document and its additions name
};
constexpr std::array kKinds{NodeKind{"input", {"file"}},
                            NodeKind{"filter", {"label", "values", "trim", "invert"}},
                            NodeKind{"augment", {"condition", "ops", "default"}},
                            NodeKind{"output", {"prefix", "file", "unique", "shuffle"}}};
constexpr std::array<std::string_view, 5> kNodeMembers{"name", "type", "preOps", "postOps",
                                                       "params"};

// Of these an empty text is none: it counts as absent.
constexpr std::array<std::string_view, 3> kNeverEmpty{"file", "prefix", "label"};

bool is_absent(std::string_view name, const Json& value) {
  if (value.is_null()) return true;
  const bool is_empty = value.is_string() && value.get_ref<const std::string&>().empty();
  return is_empty && std::find(kNeverEmpty.begin(), kNeverEmpty.end(), name) != kNeverEmpty.end();
}

template <class Names>
Json keep(Json object, const Names& names) {
  Json kept = Json::object();
  for (const std::string_view name : names) {
    const auto found = name.empty() ? object.end() : object.find(name);
    if (found != object.end() && !is_absent(name, *found))
      append_member(kept, name, std::move(*found));
  }
  return kept;
}

// What is wrong with a node is told by who validates the graph.
Json known_node(Json node) {
  if (!node.is_object()) return node;
  Json kept = keep(std::move(node), kNodeMembers);
  const auto params = kept.find("params");
  const auto type = kept.find("type");
  if (params == kept.end() || !params->is_object() || type == kept.end() || !type->is_string())
    return kept;
  for (const NodeKind& kind : kKinds) {
    if (type->get_ref<const std::string&>() == kind.type)
      *params = keep(std::move(*params), kind.params);
  }
  return kept;
}

Json known_body(const ParameterRule& rule, Json given) {
  std::vector<std::string_view> names;
  for (const auto& member : rule.properties) names.push_back(member.name);
  Json kept = keep(std::move(given), names);
  if (const auto ops = kept.find("ops"); ops != kept.end() && ops->is_array())
    for (Json& node : *ops) node = known_node(std::move(node));
  return kept;
}

bool is_beyond_64_bits(std::string_view text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc::result_out_of_range && stop == end && !text.starts_with('-');
}

Result<std::optional<Json>, api::Unfit> coerce(const api::Parameter& parameter, Json given,
                                               api::Place place) {
  if (parameter.is_body && given.is_object())
    return std::optional<Json>{known_body(parameter.own(), std::move(given))};
  const bool is_integer = parameter.own().type == ParameterRule::Type::Integer;
  if (place == api::Place::Query && is_integer &&
      is_beyond_64_bits(given.get_ref<const std::string&>()))
    return std::optional<Json>{std::numeric_limits<std::int64_t>::max()};
  return api::Reading::strict(parameter, std::move(given), place);
}

}  // namespace

api::Reading make_reading() {
  api::Reading reading;
  reading.coerce = coerce;
  return reading;
}

}  // namespace millrace::atflow
