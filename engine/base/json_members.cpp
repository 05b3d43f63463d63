#include "engine/base/json_members.hpp"

#include <string>
#include <utility>

namespace millrace {

void append_member(Json& object, std::string_view name, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(std::string{name}, std::move(value));
}

}  // namespace millrace
