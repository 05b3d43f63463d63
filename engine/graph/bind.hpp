#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/fault_list.hpp"
#include "engine/graph/pipeline.hpp"
#include "engine/graph/sealed.hpp"
#include "engine/graph/suggestion.hpp"

namespace millrace {

class ParameterRules;

/// The parameters that a pipeline declares, read once for all requests. Immutable. [any thread]
class Declarations {
 public:
  /// Reads the member "params" of a document; what is wrong with it is added to `faults`.
  Declarations(const Json& document, FaultList& faults);
  Declarations(const Declarations&) = delete;
  Declarations& operator=(const Declarations&) = delete;

  struct Parameter {
    std::size_t place = 0;                        // among all, in the order declared
    std::shared_ptr<const ParameterRules> rules;  // of this parameter alone; null: wrongly declared
    std::optional<Json> fallback;                 // the default
    bool is_optional = false;                     // the default is null
    bool is_file = false;                         // it may be large, and stands in no row
    bool is_secret = false;                       // its value stands in no row, no log and no fault
  };
  /// Returns null when there is no such parameter.
  [[nodiscard]] const Parameter* find(std::string_view name) const;
  /// In the order declared.
  [[nodiscard]] const std::vector<std::string_view>& names() const { return names_; }

 private:
  std::map<std::string, Parameter, std::less<>> all_;
  std::vector<std::string_view> names_;  // the keys of all_
};

/// Places without a good value that are kept apart; where there are more, all faults of the
/// document count as theirs.
inline constexpr std::size_t kMostHoles = 100;

/// The values of one request in place of the parameters that a pipeline declares. [one thread]
class Binding {
 public:
  /// Bytes of all copies of values, in all the places that use them.
  static constexpr std::size_t kMostBytes = 64u << 20;

  /// Checks what is given, and that nothing is missing, used or not: a caller should learn of all
  /// of it. What is wrong is added to `faults`. All three outlive the binding.
  Binding(const Declarations& declared, const Json& given, FaultList& faults);

  /// Where in the document a value stands; becomes a JSON pointer only when something is wrong.
  struct Place {
    const Place* above = nullptr;  // null: the whole document
    std::string_view member{};
    std::size_t element = 0;  // of an array
    [[nodiscard]] std::string pointer() const;
  };
  /// Returns the value with its parameters replaced, or nothing where an optional parameter is
  /// absent.
  std::optional<Json> replace(const Json& value, const Place& place);

  std::vector<std::string> take_holes() { return std::move(holes_); }
  /// Where values were put that stand in no row.
  std::vector<SealedPlace> take_sealed() { return std::move(sealed_); }

 private:
  struct Value {
    const Json* given = nullptr;  // the default, or `checked`
    Json checked{};
    bool is_bad = false;    // a fault has been reported for it
    std::size_t bytes = 0;  // of a copy, once there is one
  };

  void give(const Json& given);
  void require_all();
  bool check(const Declarations::Parameter& parameter, std::string_view name, const Json& given,
             Json& checked);
  /// The parameter that {"<mark>": "name"} uses; null where it is used wrongly or has no good
  /// value.
  const Declarations::Parameter* used(const Json& value, const char* mark, const Place& place);
  /// Counts the bytes of a copy; a fault where there are too many.
  bool has_room(Value& value, const Place& place);
  [[nodiscard]] bool is_sealed(const Declarations::Parameter& parameter) const;
  std::optional<Json> use(const Json& value, const Place& place);
  /// Adds the elements of a list to another one.
  void splice(const Json& value, const Place& list, Json& copy);
  Json hole(const Place& place);

  const Declarations& declared_;
  FaultList& faults_;
  std::vector<Value> values_;  // by Parameter::place
  std::vector<std::string> holes_;
  std::vector<SealedPlace> sealed_;
  Suggestions suggestions_;
  std::size_t bytes_ = 0;  // of copies so far
};

/// A document whose parameters were replaced, and the JSON pointers of the places where no good
/// value could be put: what is wrong at or below them follows from the binding's own faults.
struct BoundDocument {
  Json document;
  std::vector<std::string> holes;
  std::vector<SealedPlace> sealed{};  // values that stand in no row; they are still in it
};

/// What bind_parameters() does, with the places it could not fill.
BoundDocument bind_with_holes(const Json& document, const Json& given, std::vector<Fault>& faults);

/// Reports whether a fault at `pointer` lies at or below one of `holes`.
bool is_in_hole(const std::string& pointer, const std::vector<std::string>& holes);

}  // namespace millrace
