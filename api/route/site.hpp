#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "api/http/server.hpp"
#include "api/route/browser_guard.hpp"
#include "api/route/mount.hpp"

namespace millrace::api {

/// Returns the site of a listener that serves `root` at its root and each of `named` below "/<name
/// of the dialect>". The mounts are shared with the sites of other listeners. What `guard` refuses
/// reaches no mount but for its words.
http::Site make_site(std::shared_ptr<const Mount> root,
                     std::vector<std::shared_ptr<const Mount>> named = {}, BrowserGuard guard = {});

/// Tells whether an address to listen on is reached from this machine only.
bool is_loopback_address(std::string_view address);

/// What the person who starts the server says about open doors.
struct Exposure {
  bool require_auth = false;     // close dialects that their document leaves open
  bool allow_anonymous = false;  // leave them open, knowingly
};

/// Refuses to serve a dialect without sign-in beyond loopback, unless `exposure` says what is
/// meant.
Result<void> check_exposure(const Dialect& dialect, std::string_view address,
                            const Exposure& exposure);

}  // namespace millrace::api
