#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace {

class ParameterPattern;

/// What one value must be: the declaration of a parameter, of the items of an array or of a member
/// of an object, read into a form that is quick to check. The members of a declaration are listed
/// in docs/writing-a-plugin.md.
struct ParameterRule {
  enum class Type { Any, Boolean, Integer, Number, String, Uri, Array, Object };
  /// A value, or each of a list, is compared with all of them.
  static constexpr std::size_t kMostChoices = 1'000;
  /// A value is checked as each of them.
  static constexpr std::size_t kMostAlternatives = 16;

  std::string name;  // of the parameter or member; empty for items
  Type type = Type::Any;
  bool is_mandatory = false;
  std::optional<Json> fallback;  // the default
  std::string unit;
  std::string doc;

  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum;  // numbers
  std::vector<Json> choices;                                                     // enum; empty: any
  std::optional<std::size_t> min_length, max_length;  // strings, in code points
  std::shared_ptr<const ParameterPattern> pattern;    // strings, uris
  bool is_written = false;                            // uris: access is "write"
  bool is_prefix = false;                             // uris: names a folder

  std::optional<std::size_t> min_items, max_items;  // arrays
  std::shared_ptr<const ParameterRule> items;       // arrays; null: anything
  std::vector<ParameterRule> properties;            // objects
  std::vector<ParameterRule> any_of;                // any: it fits one of them; empty: anything
  bool is_open = true;  // objects: members besides `properties` are allowed
  std::shared_ptr<const ParameterRule> additional;  // objects: what those must be; null: anything

  [[nodiscard]] bool is_number() const { return type == Type::Number || type == Type::Integer; }
};

std::string_view to_string(ParameterRule::Type type);

/// The rules of all parameters of one operator, in the order declared. Immutable. [any thread]
class ParameterRules {
 public:
  /// Reads OperatorInfo::params. DataInvalid names the parameter and what is wrong with its
  /// declaration: an unknown member, an unknown type, a bound that does not belong to the type, a
  /// default that breaks its own rule.
  static Result<std::shared_ptr<const ParameterRules>> read(const Json& declaration);

  [[nodiscard]] const std::vector<ParameterRule>& all() const { return rules_; }
  [[nodiscard]] const ParameterRule* find(std::string_view name) const;

 private:
  std::vector<ParameterRule> rules_;
};

/// Turns OperatorInfo::params into a JSON Schema of an object (2020-12 as OpenAPI 3.1 has it): what
/// GET /operators and the OpenAPI document show. Units and access rights, which JSON Schema lacks,
/// become "x-unit" and "x-access".
Json openapi_schema(const Json& params);

}  // namespace millrace
