#pragma once

#include <string_view>

#include "api/http/message.hpp"
#include "api/maisie/settings.hpp"

namespace millrace::maisie {

inline constexpr std::string_view kTusVersion = "1.0.0";

/// Adds what the protocol tus wants in every answer below uploads/, and to OPTIONS what the server
/// can do; pages of other origins may read them. Other answers stay as they are.
void add_upload_headers(const Settings& settings, const http::Request& request,
                        http::Response& response);

}  // namespace millrace::maisie
