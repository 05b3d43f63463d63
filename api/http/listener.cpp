#include "api/http/listener.hpp"

#include <cerrno>

#include <spdlog/spdlog.h>

#include "api/http/commons.hpp"
#include "api/http/io_thread.hpp"
#include "api/http/session.hpp"

#include <fmt/format.h>

namespace millrace::http {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kAcceptPause{100};

Error listen_error(const ListenerSettings& settings, const boost::system::error_code& error) {
  const auto where = fmt::format("{}:{}", settings.address, settings.port);
  if (error == asio::error::address_in_use)
    return {Code::Conflict, fmt::format("listen: address in use, choose another port: {}", where)};
  if (error == asio::error::access_denied)
    return {Code::PermissionDenied,
            fmt::format("listen: ports below 1024 need the right to bind them: {}", where)};
  return {Code::Unavailable, fmt::format("listen: {}: {}", error.message(), where)};
}

}  // namespace

Listener::Listener(ListenerSettings settings, Site site, IoThread& home, Next next)
    : settings_{std::move(settings)},
      site_{std::move(site)},
      home_{home},
      next_{std::move(next)},
      acceptor_{home.context()},
      pause_{home.context()} {}

Result<std::shared_ptr<Listener>> Listener::open(ListenerSettings settings, Site site,
                                                 IoThread& home, Next next) {
  std::shared_ptr<Listener> listener{
      new Listener{std::move(settings), std::move(site), home, std::move(next)}};
  auto& given = listener->settings_;
  if (given.tls) {
    MR_TRY(listener->tls_, make_tls(*given.tls));
  }
  boost::system::error_code error;
  const auto address =
      asio::ip::make_address(given.address == "localhost" ? "127.0.0.1" : given.address, error);
  if (error)
    return Error{Code::InvalidArgument,
                 fmt::format("listen: not a numeric address: {} (use 127.0.0.1, 0.0.0.0 or ::)",
                             given.address)};
  const tcp::endpoint endpoint{address, given.port};
  auto& acceptor = *listener->acceptor_;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (error) return listen_error(given, error);
  listener->port_ = acceptor.local_endpoint(error).port();
  if (error) return listen_error(given, error);
  return listener;
}

void Listener::start() {
  home_.post([self = shared_from_this()] { self->accept(); });
}

void Listener::stop() {
  home_.post([self = shared_from_this()] {
    self->acceptor_.reset();
    self->pause_.reset();
  });
}

void Listener::accept() {
  if (!acceptor_) return;
  auto& thread = next_();
  acceptor_->async_accept(
      thread.context(), [self = shared_from_this(), &thread](const boost::system::error_code& error,
                                                             tcp::socket socket) {
        if (error == asio::error::operation_aborted || !self->acceptor_) return;
        if (error) {
          // Out of descriptors or memory: wait for connections to end instead of spinning.
          if (error == asio::error::connection_aborted) return self->accept();
          spdlog::warn("accept failed error={}", error.message());
          return self->retry_soon();
        }
        self->take(thread, std::move(socket));
      });
}

void Listener::take(IoThread& thread, tcp::socket socket) {
  const auto& commons = thread.commons();
  if (commons.connections.load(std::memory_order_relaxed) < commons.most_connections) {
    thread.post([session = admit(thread, std::move(socket))] { session->start(); });
    return accept();
  }
  // The next one is accepted when this one has found a place, or has been closed.
  thread.post([self = shared_from_this(), &thread, socket = std::move(socket)]() mutable {
    if (thread.make_room()) self->admit(thread, std::move(socket))->start();
    self->home_.post([self] { self->accept(); });
  });
}

std::shared_ptr<Session> Listener::admit(IoThread& thread, tcp::socket socket) {
  connections.fetch_add(1, std::memory_order_relaxed);
  thread.commons().connections.fetch_add(1, std::memory_order_relaxed);
  return std::make_shared<Session>(thread, shared_from_this(), std::move(socket));
}

void Listener::retry_soon() {
  pause_->expires_after(kAcceptPause);
  pause_->async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->acceptor_) self->accept();
  });
}

Response Listener::refuse(int status, std::string_view why, Request& request) const {
  if (site_.refused) return site_.refused(status, why, request);
  return Response::text(status, std::string{why} + "\n");
}

BodyPlan Listener::plan_body(Request& head) const {
  if (site_.plan_body) return site_.plan_body(head);
  return BodyPlan::keep(settings_.limits.body_bytes);
}

}  // namespace millrace::http
