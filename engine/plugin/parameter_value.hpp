#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/plugin/fault.hpp"
#include "engine/plugin/parameter_rules.hpp"

namespace millrace {

class Services;

/// Checks values against rules, fills in defaults, and collects what is wrong. Stops collecting at
/// kMaxFaults, so that a list of a million wrong items does not make a million texts. [one thread]
class ValueChecker {
 public:
  static constexpr std::size_t kMaxFaults = 100;

  /// `services` is asked about addresses; null leaves them unasked.
  ValueChecker(Services* services, std::vector<Fault>& faults)
      : services_{services}, faults_{faults} {}

  /// Makes `checked`, an object, from `given`, an object: the members in the order of the rules,
  /// each checked, JSON null read as absent, defaults filled in.
  void check_members(const std::vector<ParameterRule>& rules, const ParameterRule* container,
                     const Json& given, Json& checked);
  /// Checks one value and brings it to the form that operators expect: 4.0 becomes 4 where an
  /// integer is declared.
  void check(const ParameterRule& rule, Json& value);
  /// The same for the member that the rule names: faults point at it.
  void check_member(const ParameterRule& rule, Json& value);

 private:
  void check_number(const ParameterRule& rule, const Json& value);
  void check_string(const ParameterRule& rule, const std::string& value);
  void check_uri(const ParameterRule& rule, const std::string& value);
  void check_array(const ParameterRule& rule, Json& value);
  void check_object(const ParameterRule& rule, Json& value);
  void check_any(const ParameterRule& rule, Json& value);
  void check_unfit(const Json& value);
  void check_choices(const ParameterRule& rule, const Json& value);
  void report_unknown(const std::vector<ParameterRule>& rules, std::string_view name);

  void add(std::string_view kind, std::string message);
  [[nodiscard]] std::string name() const;

  Services* services_;
  std::vector<Fault>& faults_;
  std::string pointer_;  // to the value that is being looked at
};

/// Returns the value as JSON text for a message: at most 60 bytes, then "...".
std::string shown(const Json& value);

}  // namespace millrace
