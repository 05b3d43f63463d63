#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.hpp"

namespace millrace::api {

/// The JSON Schemas of what the engine's own API shows, by name.
Json engine_schemas();
/// The body of every refusal of it.
Json engine_refusal_schema();

/// Adds to what a route declares the good answer that shows one of them: its schema and example.
std::string showing(std::string_view schema, std::string_view declared, int status = 200);

}  // namespace millrace::api
