#include "api/route/values.hpp"

#include <algorithm>

namespace millrace::api {

const Json* Values::find(std::string_view name) const {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [name](const auto& value) { return value.first == name; });
  return found == values_.end() ? nullptr : &found->second;
}

std::int64_t Values::integer(std::string_view name, std::int64_t fallback) const {
  const Json* value = find(name);
  return value != nullptr && value->is_number_integer() ? value->get<std::int64_t>() : fallback;
}

bool Values::flag(std::string_view name, bool fallback) const {
  const Json* value = find(name);
  return value != nullptr && value->is_boolean() ? value->get<bool>() : fallback;
}

std::string_view Values::text(std::string_view name, std::string_view fallback) const {
  const Json* value = find(name);
  return value != nullptr && value->is_string() ? value->get_ref<const std::string&>() : fallback;
}

const Json::array_t* Values::list(std::string_view name) const {
  const Json* value = find(name);
  return value != nullptr && value->is_array() ? &value->get_ref<const Json::array_t&>() : nullptr;
}

Json Values::take(std::string_view name) {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [name](const auto& value) { return value.first == name; });
  return found == values_.end() ? Json{} : std::move(found->second);
}

}  // namespace millrace::api
