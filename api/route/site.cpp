#include "api/route/site.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace millrace::api {

namespace {

/// The mounts of one listener.
class Doors {
 public:
  Doors(std::shared_ptr<const Mount> root, std::vector<std::shared_ptr<const Mount>> named)
      : root_{std::move(root)}, named_{std::move(named)} {}

  /// Returns the mount that a path belongs to, and how long its prefix is.
  [[nodiscard]] std::pair<const Mount*, std::size_t> find(std::string_view path) const {
    const auto end = std::min(path.find('/', 1), path.size());
    const auto segment = path.substr(0, end);
    for (const auto& mount : named_)
      if (segment.size() > 1 && segment.substr(1) == mount->dialect().name)
        return {mount.get(), end};
    return {root_.get(), 0};
  }

  /// Tells prefix and path apart in the request itself.
  [[nodiscard]] const Mount& enter(http::Request& request) const {
    const auto [mount, prefix] = find(request.path);
    if (prefix > 0) {
      request.prefix = request.path.substr(0, prefix);
      request.path.erase(0, prefix);
      if (request.path.empty()) request.path = "/";
    }
    return *mount;
  }

 private:
  std::shared_ptr<const Mount> root_;  // shared with other listeners, as are the others
  std::vector<std::shared_ptr<const Mount>> named_;
};

}  // namespace

http::Site make_site(std::shared_ptr<const Mount> root,
                     std::vector<std::shared_ptr<const Mount>> named) {
  const auto doors = std::make_shared<const Doors>(std::move(root), std::move(named));
  return {.handler =
              [doors](std::shared_ptr<http::Request> request, http::Reply reply) {
                const auto& mount = doors->enter(*request);
                mount.handle(std::move(request), std::move(reply));
              },
          .refused =
              [doors](int status, std::string_view why, const http::Request& head) {
                auto request = head;
                return doors->enter(request).refuse(status, why, request);
              },
          .body_limit =
              [doors](const http::Request& head) {
                return doors->find(head.path).first->dialect().max_body_bytes;
              },
          .body_sink =
              [doors](const http::Request& head) {
                auto request = head;
                return doors->enter(request).body_sink(request);
              }};
}

Result<void> check_exposure(const Dialect& dialect, std::string_view address,
                            const Exposure& exposure) {
  const bool is_loopback =
      address == "localhost" || address == "::1" || address.starts_with("127.");
  if (dialect.requires_sign_in || is_loopback || exposure.require_auth || exposure.allow_anonymous)
    return {};
  return Error{Code::PermissionDenied,
               fmt::format("serve: the document of {} leaves it open to everybody, so it is not "
                           "served at {}: close it "
                           "with --require-auth, or say --allow-anonymous if that is meant",
                           dialect.name, address)};
}

}  // namespace millrace::api
