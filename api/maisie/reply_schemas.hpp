#pragma once

#include <string_view>

#include "engine/base/json.hpp"

namespace millrace::maisie {

/// The JSON Schemas of what replies show, by name: "Model", "ListedModel" and so on.
Json reply_schemas();

/// The good answer of a route, as it declares its responses: {"data": ...} with one of them.
Json shows_one(std::string_view schema);
/// The same of a page of a list.
Json shows_page(std::string_view schema);
/// The same of what deletes.
Json shows_success();

/// The body of every refusal.
Json refusal_schema();

}  // namespace millrace::maisie
