#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>

#include "engine/base/json.hpp"

namespace millrace {

/// Adds a member to an object without a look at those that are there; the caller knows that the
/// name is new.
void append_member(Json& object, std::string_view name, Json value);

/// Puts the members of an object into another: one that is there by that name gets the new value
/// and keeps its place, the others follow. Takes linear time, as Json::update() does not.
void put_members(Json& object, const Json& members);

/// Returns about how many bytes a copy of a value takes.
std::size_t bytes_of(const Json& value);

/// Finds the members of an object by name, in the same time however many there are; what is no
/// object has none. It must outlive this unchanged. [any thread]
class MemberIndex {
 public:
  explicit MemberIndex(const Json& object);

  /// Returns null where there is no such member.
  [[nodiscard]] const Json* find(std::string_view name) const;

 private:
  // Up to here looking at each name is cheaper than hashing it.
  static constexpr std::size_t kFewMembers = 16;

  const Json& object_;
  std::unordered_map<std::string_view, const Json*> members_;  // empty: there are few
};

}  // namespace millrace
