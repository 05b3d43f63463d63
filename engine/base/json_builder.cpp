#include "engine/base/json_builder.hpp"

#include <algorithm>
#include <utility>

#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace {

bool JsonBuilder::refuse(std::string fault) {
  fault_ = std::move(fault);
  return false;
}

// Whether there is room for one more value or name.
bool JsonBuilder::count() {
  if (++values_ <= limits_.max_values) return true;
  return refuse(
      fmt::format("more than {} values (names of members count too)", limits_.max_values));
}

bool JsonBuilder::name(std::string name) {
  auto& level = levels_.back();
  if (!count()) return false;
  if (name.size() > limits_.max_name_bytes)
    return refuse(fmt::format("a name of more than {} bytes", limits_.max_name_bytes));
  level.known = place_of(level, name);
  if (level.known && !limits_.last_key_counts) return refuse("key given twice: " + printable(name));
  level.pending_name = std::move(name);
  return true;
}

// Where the member of that name stands; of a new one nothing, and its place is known from now on.
std::optional<std::size_t> JsonBuilder::place_of(Level& level, const std::string& name) {
  const auto& members = level.value->get_ref<const Json::object_t&>();
  if (members.size() < kFewNames) {
    const auto found = std::find_if(members.begin(), members.end(),
                                    [&](const auto& member) { return member.first == name; });
    if (found == members.end()) return std::nullopt;
    return static_cast<std::size_t>(found - members.begin());
  }
  if (level.names.empty()) {
    for (const auto& member : members) level.names.emplace(member.first, level.names.size());
  }
  const auto [known, is_new] = level.names.emplace(name, members.size());
  return is_new ? std::nullopt : std::optional{known->second};
}

// Null when there is no room for it.
Json* JsonBuilder::add(Json value) {
  if (!count()) return nullptr;
  if (levels_.empty()) {
    root_ = std::move(value);
    return &root_;
  }
  auto& level = levels_.back();
  if (level.value->is_array())
    return &level.value->get_ref<Json::array_t&>().emplace_back(std::move(value));
  // The map behind an ordered object is a vector; its own insert would search it again.
  Json::object_t::Container& members = level.value->get_ref<Json::object_t&>();
  if (level.known) {
    auto& member = members[*level.known].second;
    member = std::move(value);
    return &member;
  }
  return &members.emplace_back(std::move(level.pending_name), std::move(value)).second;
}

bool JsonBuilder::open(Json empty) {
  if (levels_.size() >= static_cast<std::size_t>(limits_.max_depth))
    return refuse(fmt::format("nested more than {} levels deep", limits_.max_depth));
  auto* value = add(std::move(empty));
  if (value == nullptr) return false;
  levels_.push_back({value, {}});
  return true;
}

}  // namespace millrace
