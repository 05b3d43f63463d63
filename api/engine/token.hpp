#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "api/route/route.hpp"
#include "engine/base/result.hpp"

namespace millrace::api {

/// Returns the bearer token of a data folder: the content of DATA/token, which is made at the first
/// start from 32 bytes of the kernel's chance (mode 0600). One that others may read, or that is not
/// a token, is an error that says what to do.
Result<std::string> open_token(const std::filesystem::path& data);

/// Lets in whoever sends "Authorization: Bearer <token>", as administrator. Compares in constant
/// time.
std::shared_ptr<const Authenticator> make_token_authenticator(std::string token);

}  // namespace millrace::api
