#include "engine/graph/sealed.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "engine/base/json_members.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

bool is_within(const std::string& pointer, const std::string& place) {
  return pointer.starts_with(place) &&
         (pointer.size() == place.size() || pointer[place.size()] == '/');
}

}  // namespace

Json take_sealed(Json& document, const std::vector<SealedPlace>& places) {
  Json secret = Json::object(), file = Json::object();
  for (const auto& place : places) {
    Json& value = document.at(Json::json_pointer{place.pointer});
    const char* mark = place.is_secret ? "$sealed" : "$file";
    append_member(place.is_secret ? secret : file, place.pointer,
                  std::exchange(value, Json{{mark, place.parameter}}));
  }
  return Json{{"secret", std::move(secret)}, {"file", std::move(file)}};
}

Result<std::vector<SealedPlace>> put_sealed(Json& document, const Json& values) {
  try {
    std::vector<SealedPlace> places;
    for (const bool is_secret : {true, false}) {
      // Typed, so that what is no object is refused.
      const auto& taken = values.at(is_secret ? "secret" : "file").get_ref<const Json::object_t&>();
      for (const auto& [pointer, value] : taken) {
        document.at(Json::json_pointer{pointer}) = value;
        places.push_back({pointer, {}, is_secret});
      }
    }
    return places;
  } catch (const std::exception&) {
    return Error{Code::DataInvalid, "sealed values: they do not belong to this pipeline"};
  }
}

void hide_sealed(std::vector<Fault>& faults, const std::vector<SealedPlace>& places) {
  for (auto& fault : faults) {
    const auto place = std::find_if(places.begin(), places.end(), [&](const SealedPlace& one) {
      return one.is_secret && is_within(fault.pointer, one.pointer);
    });
    if (place == places.end()) continue;
    fault.pointer = place->pointer;  // what is below may be named by the value
    fault.message =
        place->parameter.empty()
            ? "the value of a secret parameter is refused"
            : fmt::format("the value of the secret parameter \"{}\" is refused", place->parameter);
  }
}

}  // namespace millrace
