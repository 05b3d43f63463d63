#pragma once

#include <string>

#include "api/audience/settings.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/connection_settings.hpp"

namespace millrace::audience {

/// The database that SITE_CONFIG names in the place of the configured one: none of its parts is
/// filled from there. Members: host ("localhost"), port (3306, also as a text), user, password, db
/// (`schema` when absent); others are not looked at. InvalidArgument, whose message has no
/// password: one of them is no such value, or SITE_HOSTS does not list the host.
Result<ConnectionSettings> read_site(const Json& site, const std::string& schema,
                                     const Settings& settings);

}  // namespace millrace::audience
