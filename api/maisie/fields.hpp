#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "api/http/message.hpp"
#include "api/route/route.hpp"
#include "engine/base/json.hpp"

namespace millrace::maisie {

inline constexpr std::string_view kMissing =
    "Missing required parameter in the JSON body or the post body or the query string";

/// The parameters of a request, wherever they stand: a JSON body goes before the query string, and
/// that before a form. Of repeated values the first counts.
class Fields {
 public:
  /// A body that says it is JSON and is not, or is no object, or a form that cannot be taken apart,
  /// is a Refusal.
  static std::variant<Fields, api::Refusal> read(const http::Request& request);

  /// Returns the value as it came: of JSON any value, else a text; nothing when it is absent.
  [[nodiscard]] std::optional<Json> find(std::string_view name) const;
  /// Puts the members of an object before all other sources.
  void put_first(const Json& object);

 private:
  Json json_ = Json::object();
  std::vector<std::pair<std::string, std::string>> query_, form_;
};

/// Returns the text that a value stands for (a number becomes its text, of a list the first element
/// counts); nothing for null.
std::optional<std::string> text_of(const Json& value);

/// Returns the integer that a value stands for, or the text that says why it is none.
std::variant<std::int64_t, std::string> integer_of(const Json& value);

/// False for the words false, 0, no, off, none, null and for nothing; case does not count.
bool flag_of(const Json& value);

/// What is wrong with the fields of a request: all of it is told at once.
class FieldFaults {
 public:
  void add(std::string_view field, std::string message);
  [[nodiscard]] bool empty() const { return faults_.empty(); }
  [[nodiscard]] api::Refusal refusal() const;

 private:
  std::vector<Fault> faults_;
};

}  // namespace millrace::maisie
