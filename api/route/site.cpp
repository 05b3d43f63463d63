#include "api/route/site.hpp"

#include <algorithm>
#include <utility>

#include "api/route/refusals.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

/// The mounts of one listener.
class Doors {
 public:
  Doors(std::shared_ptr<const Mount> root, std::vector<std::shared_ptr<const Mount>> named,
        BrowserGuard guard)
      : root_{std::move(root)}, named_{std::move(named)}, guard_{std::move(guard)} {}

  /// Tells prefix and path apart in the request itself, once, and returns the mount that they
  /// belong to.
  [[nodiscard]] const Mount& enter(http::Request& request) const {
    if (!request.prefix.empty()) return *find(request.prefix).first;
    const auto [mount, prefix] = find(request.path);
    if (prefix > 0) {
      request.prefix = request.path.substr(0, prefix);
      request.path.erase(0, prefix);
      if (request.path.empty()) request.path = "/";
    }
    return *mount;
  }

  [[nodiscard]] const BrowserGuard& guard() const { return guard_; }

 private:
  /// Returns the mount that a path belongs to, and how long its prefix is.
  [[nodiscard]] std::pair<const Mount*, std::size_t> find(std::string_view path) const {
    const auto end = std::min(path.find('/', 1), path.size());
    const auto segment = path.substr(0, end);
    for (const auto& mount : named_)
      if (segment.size() > 1 && segment.substr(1) == mount->dialect().name)
        return {mount.get(), end};
    return {root_.get(), 0};
  }

  std::shared_ptr<const Mount> root_;  // shared with other listeners, as are the others
  std::vector<std::shared_ptr<const Mount>> named_;
  BrowserGuard guard_;
};

}  // namespace

http::Site make_site(std::shared_ptr<const Mount> root,
                     std::vector<std::shared_ptr<const Mount>> named, BrowserGuard guard) {
  const auto doors =
      std::make_shared<const Doors>(std::move(root), std::move(named), std::move(guard));
  return {.handler =
              [doors](std::shared_ptr<http::Request> request, http::Reply reply) {
                const auto& mount = doors->enter(*request);
                if (const auto refused = doors->guard().check(*request))
                  return mount.refuse(*refused, request, std::move(reply));
                mount.handle(std::move(request), std::move(reply));
              },
          .refused =
              [doors](int status, std::string_view why, http::Request& request) {
                const auto& mount = doors->enter(request);
                static_cast<void>(doors->guard().check(request));  // for the headers of the answer
                return mount.refuse(server_refusal(status, why), request);
              },
          .plan_body =
              [doors](http::Request& head) {
                const auto& mount = doors->enter(head);
                auto refused = doors->guard().check(head);
                if (!refused) return mount.plan_body(head);
                return http::BodyPlan::drop(
                    [doors, &mount, refused = *std::move(refused)](
                        const std::shared_ptr<http::Request>& request, http::Reply reply) {
                      mount.refuse(refused, request, std::move(reply));
                    });
              }};
}

bool is_loopback_address(std::string_view address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

Result<void> check_exposure(const Dialect& dialect, std::string_view address,
                            const Exposure& exposure) {
  if (dialect.requires_sign_in || is_loopback_address(address) || exposure.require_auth ||
      exposure.allow_anonymous)
    return {};
  return Error{Code::PermissionDenied,
               fmt::format("serve: the document of {} leaves it open to everybody, so it is not "
                           "served at {}: close it "
                           "with --require-auth, or say --allow-anonymous if that is meant",
                           dialect.name, address)};
}

}  // namespace millrace::api
