#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json.hpp"

namespace millrace::api {

/// The parameters of a request by name, read as their route declares them: each of its type and
/// within its range, with defaults filled in.
class Values {
 public:
  /// Returns null for what was not given and has no default. JSON null stands only where the
  /// dialect tells it from what is absent.
  [[nodiscard]] const Json* find(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  // Of what is absent, null or of another type, the fallback.
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback = 0) const;
  [[nodiscard]] bool flag(std::string_view name, bool fallback = false) const;
  /// The text is that of the value: it goes with the request.
  [[nodiscard]] std::string_view text(std::string_view name, std::string_view fallback = {}) const;
  /// The items of a list; null where there is none.
  [[nodiscard]] const Json::array_t* list(std::string_view name) const;

  void put(std::string name, Json value) {
    values_.emplace_back(std::move(name), std::move(value));
  }
  /// Takes a value out: null where there is none.
  [[nodiscard]] Json take(std::string_view name);

 private:
  std::vector<std::pair<std::string, Json>> values_;  // a route declares a handful
};

}  // namespace millrace::api
