#pragma once

#include <nlohmann/json.hpp>

#include "engine/base/result.hpp"

namespace millrace {

/// Control JSON: pipelines, parameters, replies. Keeps the order of keys, since some replies
/// promise it. An object is a list: each look at a member by its name walks through it. Loops over
/// what a client sends use json_members.hpp.
using Json = nlohmann::ordered_json;

/// What a document may be. A value costs memory whatever its text is: a member of an object takes
/// about 100 bytes, and "{}" in a list 16 and what it has grown by. The usual ones are those of
/// what we wrote ourselves or a person has in a file; what comes from a client has its own.
struct JsonLimits {
  std::size_t max_bytes = 64u << 20;
  int max_depth = 64;
  std::size_t max_values = 10'000'000;     // with the names of members, which count as well
  std::size_t max_name_bytes = 64u << 10;  // of a member
  bool last_key_counts = false;            // of a name that stands twice; otherwise it is refused
};

/// Those of what the engine keeps of its own jobs, which a pipeline of a million nodes fills.
inline constexpr JsonLimits kOwnJson{
    .max_bytes = 1u << 31, .max_depth = 512, .max_values = 100'000'000, .max_name_bytes = 1u << 20};

/// Returns the document, or DataInvalid with line and column. Strict JSON in UTF-8: no comments, no
/// trailing comma, no name twice in an object
/// unless the limits say so, no NaN. Size is limited before anything is built, depth and
/// values before the memory for them is taken.
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace millrace
