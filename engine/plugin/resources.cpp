#include "engine/plugin/resources.hpp"

#include <array>
#include <string>
#include <string_view>

namespace millrace {

namespace {

constexpr std::array<std::string_view, 3> kKinds{"compute", "wait", "train"};

Result<std::int64_t> read_number(const std::string& name, const Json& value, std::int64_t most) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most))
    return value.get<std::int64_t>();
  return Error{Code::DataInvalid,
               "\"" + name + "\" must be a whole number from 0 to " + std::to_string(most)};
}

Result<Resources::Kind> read_kind(const Json& value) {
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    if (value == kKinds.at(kind)) return static_cast<Resources::Kind>(kind);
  }
  return Error{Code::DataInvalid, "\"class\" must be compute, wait or train"};
}

}  // namespace

Result<Resources> read_resources(const Json& json) {
  if (!json.is_object()) {
    return Error{Code::DataInvalid,
                 "\"resources\" must be an object: {threads, memory_bytes, class}"};
  }
  Resources resources;
  for (const auto& [name, value] : json.items()) {
    if (name == "threads") {
      MR_TRY(resources.threads, read_number(name, value, Resources::kMostThreads));
    } else if (name == "memory_bytes") {
      MR_TRY(resources.memory_bytes, read_number(name, value, Resources::kMostMemoryBytes));
    } else if (name == "class") {
      MR_TRY(resources.kind, read_kind(value));
    } else {
      return Error{Code::DataInvalid, "\"resources\" has no member \"" + name +
                                          "\"; it has threads, memory_bytes and class"};
    }
  }
  return resources;
}

Json to_json(const Resources& resources) {
  Json json = Json::object();
  if (resources.threads > 0) json["threads"] = resources.threads;
  if (resources.memory_bytes > 0) json["memory_bytes"] = resources.memory_bytes;
  if (resources.kind) json["class"] = kKinds.at(static_cast<std::size_t>(*resources.kind));
  return json;
}

}  // namespace millrace
