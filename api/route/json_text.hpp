#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.hpp"
#include "engine/base/json.hpp"
#include "engine/base/python_json.hpp"
#include "engine/base/result.hpp"

/// The one place where api/ reads JSON, so that whatever a client sends has limits.
namespace millrace::api {

/// Levels and bytes of a name, of all that a client sends.
inline constexpr int kMostLevels = 64;
inline constexpr std::size_t kMostNameBytes = 1'024;

/// Returns the JSON that a request has for its body, within the limits of its route. A name that
/// stands twice in an object is refused, or the last one counts.
Result<Json> read_body(const http::Request& request, bool last_key_counts = false);

/// The same as Python reads it: the last of a name counts, and members named in `as_text` stay
/// texts.
Result<Json, PythonJsonError> read_python_body(const http::Request& request,
                                               const std::vector<std::string>& as_text = {});

/// Returns JSON that stands as a text within a request: the field of a form. It has the usual
/// limits.
Result<Json> read_text(std::string_view text);

/// Returns what a row of the catalog holds, {} where that is no JSON.
Json read_row(std::string_view text);

/// Returns what we wrote ourselves, or whoever set up the server.
Result<Json> read_own(std::string_view text);

}  // namespace millrace::api
