// A server that asks its clients for their files: in the protocol of MySQL the answer to any query
// may be the order to send one (LOCAL INFILE).
#include <fstream>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <millrace/sql/connection.hpp>

#include "tests/sql/place.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace sql = millrace::sql;
namespace test = millrace::test;
using namespace std::string_literals;

namespace {

// Greets a client, lets it in, answers its first query with the order, and keeps what it sends.
class HostileServer {
 public:
  explicit HostileServer(std::string file) : file_{std::move(file)} {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 1) != 0 ||
        ::getsockname(listener_, any, &size) != 0)
      throw std::runtime_error{"no socket for a hostile server"};
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread{[this] { serve(); }};
  }
  ~HostileServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// Returns what the client has sent, when it is gone.
  std::string received() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    return received_;
  }
  [[nodiscard]] bool has_asked() const { return has_asked_; }

 private:
  static constexpr char kQuery = 3;  // COM_QUERY

  void serve() {
    client_ = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client_ < 0) return;
    const std::string salt(8, 'a'), more_salt(12, 'b');
    // The capabilities: 4.1, secure, plugins, transactions, a schema, local files.
    send(0, "\x0a" + "5.5.5-10.11.0-MariaDB\0"s + "\x01\0\0\0"s + salt + "\0"s + "\x8d\xa2" +
                "\x21" + "\x02\0"s + "\x08\0"s + "\x15" + std::string(10, '\0') + more_salt +
                "\0"s + "mysql_native_password\0"s);
    if (read_packet().empty()) return end();
    send(2, "\0\0\0\x02\0\0\0"s);
    while (true) {
      const std::string packet = read_packet();
      if (packet.empty()) return end();
      if (packet.front() == kQuery && !has_asked_) {
        has_asked_ = true;
        send(1, "\xfb" + file_);
      } else if (has_asked_) {
        send(static_cast<char>(sequence_ + 1), "\0\0\0\x02\0\0\0"s);
      } else {
        send(1, "\xfe\0\0\x02\0"s);  // COM_SET_OPTION
      }
    }
  }
  void end() const { ::close(client_); }

  void send(char number, const std::string& body) const {
    std::string packet{static_cast<char>(body.size() & 0xff),
                       static_cast<char>(body.size() >> 8 & 0xff), 0, number};
    packet += body;
    static_cast<void>(::send(client_, packet.data(), packet.size(), MSG_NOSIGNAL));
  }
  std::string read_bytes(std::size_t count) const {
    std::string bytes(count, '\0');
    const auto got = ::recv(client_, bytes.data(), count, MSG_WAITALL);
    return got == static_cast<ssize_t>(count) ? bytes : "";
  }
  // An empty packet, which ends a file, comes as a space.
  std::string read_packet() {
    const std::string head = read_bytes(4);
    if (head.empty()) return {};
    const auto byte = [&head](std::size_t i) { return static_cast<unsigned char>(head[i]); };
    sequence_ = byte(3);
    const std::size_t size = byte(0) + (std::size_t{byte(1)} << 8) + (std::size_t{byte(2)} << 16);
    const std::string body = size == 0 ? " " : read_bytes(size);
    received_ += body;
    return body;
  }

  const std::string file_;
  int listener_ = -1, client_ = -1, port_ = 0, sequence_ = 0;
  bool has_asked_ = false;
  std::string received_;
  std::jthread thread_;
};

}  // namespace

TEST_CASE("a server that asks for a local file gets none of it", "[sql][hostile]") {
  const test::TemporaryFolder folder;
  const auto file = (folder / "secret").string();
  std::ofstream{file} << "the secret words\n";
  HostileServer server{file};
  sql::Settings settings;
  settings.address =
      sql::parse_address("mysql://u@127.0.0.1:" + std::to_string(server.port()) + "/x");
  settings.read_timeout = settings.write_timeout = std::chrono::seconds{2};
  const auto failure = test::failure_of([&] { sql::connect(settings)->query("SELECT 1"); });
  CHECK(failure);
  const std::string received = server.received();
  CHECK(server.has_asked());
  CHECK(received.find("secret words") == std::string::npos);
}
