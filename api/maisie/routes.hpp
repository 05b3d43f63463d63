#pragma once

#include <vector>

#include "api/maisie/registry.hpp"

namespace millrace::maisie {

std::vector<api::Route> workspace_routes(const SharedRegistry& registry);
std::vector<api::Route> project_routes(const SharedRegistry& registry);
std::vector<api::Route> user_routes(const SharedRegistry& registry);
std::vector<api::Route> tag_routes(const SharedRegistry& registry);
std::vector<api::Route> model_routes(const SharedRegistry& registry);
std::vector<api::Route> version_routes(const SharedRegistry& registry);
std::vector<api::Route> promotion_routes(const SharedRegistry& registry);
std::vector<api::Route> upload_routes(const SharedRegistry& registry);

}  // namespace millrace::maisie
