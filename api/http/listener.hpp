#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>  // before Asio, which needs std::exchange with this compiler

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "api/http/server.hpp"

namespace millrace::http {

class IoThread;
class Session;

/// Reads certificate and key and makes what a TLS connection is made from: TLS 1.2 and later,
/// forward secrecy only.
Result<std::unique_ptr<boost::asio::ssl::context>> make_tls(const TlsSettings& settings);

/// One address that is listened on. Shared with its connections, which need its limits and its site
/// to the end.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// Chooses the thread of the next connection.
  using Next = std::function<IoThread&()>;

  /// Binds and listens. `home` accepts.
  static Result<std::shared_ptr<Listener>> open(ListenerSettings settings, Site site,
                                                IoThread& home, Next next);

  /// Begins to accept. [any thread, once]
  void start();
  /// Stops accepting. [any thread]
  void stop();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const Limits& limits() const { return settings_.limits; }
  [[nodiscard]] const Site& site() const { return site_; }
  [[nodiscard]] boost::asio::ssl::context* tls() const { return tls_.get(); }

  /// Returns where a request on a connection from `peer` came from.
  [[nodiscard]] std::string client(const std::string& peer, const Headers& headers) const {
    return settings_.proxies.client(peer, headers);
  }

  /// Words an answer that the server gives by itself to a request.
  [[nodiscard]] Response refuse(int status, std::string_view why, Request& request) const;
  /// Decides what becomes of the body of a request.
  [[nodiscard]] BodyPlan plan_body(Request& head) const;

  std::atomic<std::uint64_t> connections{0};  // accepted in all

 private:
  Listener(ListenerSettings settings, Site site, IoThread& home, Next next);
  void accept();
  void take(IoThread& thread, boost::asio::ip::tcp::socket socket);
  std::shared_ptr<Session> admit(IoThread& thread, boost::asio::ip::tcp::socket socket);
  void retry_soon();

  ListenerSettings settings_;
  Site site_;
  IoThread& home_;
  Next next_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  // Gone after stop(): connections may hold the listener longer than the event loop lives.
  std::optional<boost::asio::ip::tcp::acceptor> acceptor_;
  std::optional<boost::asio::steady_timer> pause_;
  std::uint16_t port_ = 0;
};

}  // namespace millrace::http
