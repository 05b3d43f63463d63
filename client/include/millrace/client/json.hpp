#pragma once

#include <nlohmann/json.hpp>

namespace millrace::client {

/// Keeps the order of keys: tables take their columns from it.
using Json = nlohmann::ordered_json;

}  // namespace millrace::client
