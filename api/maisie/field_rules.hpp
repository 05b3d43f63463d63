#pragma once

#include <span>
#include <string_view>
#include <variant>

#include "api/maisie/fields.hpp"

namespace millrace::maisie {

/// How a field of a request becomes a column of the catalog.
struct FieldRule {
  enum class Kind { Text, Integer, Flag, Dictionary, Names };

  std::string_view name;    // in requests
  std::string_view column;  // of the entity
  Kind kind = Kind::Text;
  std::size_t longest = 0;   // characters of a text; 0: any number
  bool is_required = false;  // of a new row, and then not null
  std::string_view missing = kMissing;
  std::string_view also{};  // another name that the field goes by
};

/// The name of a workspace, project or tag.
inline constexpr FieldRule kNameRule{.name = "name",
                                     .column = "name",
                                     .longest = 40,
                                     .is_required = true,
                                     .missing = "No name provided"};

/// Reads the columns to set, and tells all that is wrong at once. Of a new row (`is_new`) required
/// fields must be there; of a change only what is given counts, which may also stand in an object
/// `payload`.
std::variant<Json, api::Refusal> read_columns(Fields fields, std::span<const FieldRule> rules,
                                              bool is_new);

}  // namespace millrace::maisie
