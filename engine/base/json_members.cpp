#include "engine/base/json_members.hpp"

#include <string>
#include <utility>

namespace millrace {

namespace {

// The map behind an ordered object is a vector; its own insert would search it.
using Members = Json::object_t::Container;

Members& members_of(Json& object) {
  return static_cast<Members&>(object.get_ref<Json::object_t&>());
}

}  // namespace

void append_member(Json& object, std::string_view name, Json value) {
  members_of(object).emplace_back(std::string{name}, std::move(value));
}

void put_members(Json& object, const Json& members) {
  auto& own = members_of(object);
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t place = 0; place < own.size(); ++place) places.emplace(own[place].first, place);
  for (const auto& [name, value] : members.get_ref<const Json::object_t&>()) {
    const auto [known, is_new] = places.emplace(name, own.size());
    if (is_new) {
      own.emplace_back(name, value);
    } else {
      own[known->second].second = value;
    }
  }
}

std::size_t bytes_of(const Json& value) {
  std::size_t bytes = sizeof(Json);
  if (value.is_string()) {
    bytes += value.get_ref<const std::string&>().size();
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>())
      bytes += sizeof(std::string) + name.size() + bytes_of(member);
  } else if (value.is_array()) {
    for (const Json& item : value) bytes += bytes_of(item);
  }
  return bytes;
}

MemberIndex::MemberIndex(const Json& object) : object_{object} {
  if (!object.is_object()) return;
  const auto& members = object.get_ref<const Json::object_t&>();
  if (members.size() <= kFewMembers) return;
  members_.reserve(members.size());
  for (const auto& [name, value] : members) members_.emplace(name, &value);
}

const Json* MemberIndex::find(std::string_view name) const {
  if (members_.empty()) {
    if (!object_.is_object()) return nullptr;
    for (const auto& [key, value] : object_.get_ref<const Json::object_t&>()) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  const auto found = members_.find(name);
  return found == members_.end() ? nullptr : found->second;
}

}  // namespace millrace
