// How fast the file of a model goes up to the registry and comes down from it, and what the server
// weighs meanwhile: the real program with sign-in, POST models/ and the download route; and beside
// it, in turn, nginx on the same disk: WebDAV PUT, and GET with sendfile. Our upload is a form
// whose file is hashed, written and synced before the row that names it; nginx syncs nothing, so a
// second figure syncs its file too before the clock stops. A third goes up in pieces (tus). Usage:
// transfer_bench [megabytes [rounds]].
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

#include "engine/base/file_descriptor.hpp"
#include "engine/base/json.hpp"
#include "tests/bench/free_port.hpp"
#include "tests/fixtures/child_process.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace millrace;
using namespace millrace::bench;

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 256u << 10;  // what the client gives to and takes from its socket

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// One blocking connection; every failure is thrown.
class Connection {
 public:
  explicit Connection(std::uint16_t port)
      : socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
      throw std::runtime_error{"connection refused"};
    }
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error{"the server stopped reading"};
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  struct Reply {
    std::string text;        // head and the beginning of the body
    std::uint64_t body = 0;  // bytes
  };
  // Reads one reply whose length is told, keeping its beginning only.
  Reply reply() {
    Reply reply;
    std::string buffer(kPiece, '\0');
    std::size_t head = std::string::npos;
    while (head == std::string::npos) {
      reply.text.append(buffer.data(), receive(buffer));
      head = reply.text.find("\r\n\r\n");
    }
    if (reply.text.compare(0, 10, "HTTP/1.1 2") != 0) throw std::runtime_error{reply.text};
    const auto length = reply.text.find("Content-Length: ");
    const std::uint64_t size =
        length < head ? std::stoull(reply.text.substr(length + 16)) : 0;  // 204 has none
    reply.body = reply.text.size() - head - 4;
    while (reply.body < size) reply.body += receive(buffer);
    return reply;
  }

 private:
  std::size_t receive(std::string& buffer) {
    const auto size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (size <= 0) throw std::runtime_error{"the server closed"};
    return static_cast<std::size_t>(size);
  }

  millrace::detail::FileDescriptor socket_;
};

// Bytes that no file system finds alike from one round to the next.
std::string noise(std::uint64_t seed) {
  std::string bytes(kPiece, '\0');
  for (auto& byte : bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;  // Knuth, MMIX
    byte = static_cast<char>(seed >> 56);
  }
  return bytes;
}

void send_body(Connection& connection, std::uint64_t size, std::uint64_t seed) {
  const auto bytes = noise(seed);
  for (std::uint64_t sent = 0; sent < size; sent += bytes.size()) {
    connection.send(
        std::string_view{bytes}.substr(0, std::min<std::uint64_t>(bytes.size(), size - sent)));
  }
}

// The registry of `millrace serve`, in a process of its own, with one user and one project.
class Registry {
 public:
  explicit Registry(const fs::path& folder, std::uint64_t size) {
    fs::create_directories(folder);
    std::ofstream{folder / "password"} << "a long password\n";
    test::ChildProcess add{
        {std::string{MR_BINARY_DIR} + "/bin/millrace", "user", "add", "admin", "--data",
         (folder / "data").string(), "--password-file", (folder / "password").string()},
        folder / "out",
        folder / "out"};
    if (add.wait() != 0) throw std::runtime_error{"the user could not be added"};
    server_.emplace(folder / "data",
                    std::vector<std::string>{"--require-auth", "--http-threads", "2",
                                             "--max-upload", std::to_string(size + (1u << 20))});
    const auto login =
        call("POST", "auth/login/", R"({"login": "admin", "password": "a long password"})");
    token_ = login["data"]["access_token"].get<std::string>();
    call("POST", "workspaces/", R"({"name": "W"})");
    call("POST", "projects/", R"({"name": "P", "workspace_id": 1})");
  }

  struct Model {
    std::int64_t id = 0;
    std::string file;  // path of its download
  };
  // Uploads a form with one file.
  Model post_form(std::uint64_t size, std::uint64_t seed) {
    const std::string begin =
        "--boundary7d1\r\nContent-Disposition: form-data; name=\"project_id\"\r\n\r\n1\r\n"
        "--boundary7d1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model.bin\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n";
    const std::string end = "\r\n--boundary7d1--\r\n";
    Connection connection{server_->port()};
    connection.send(head("POST", "/maisie/api/v1/models/", begin.size() + size + end.size(),
                         "Content-Type: multipart/form-data; boundary=boundary7d1\r\n") +
                    begin);
    send_body(connection, size, seed);
    connection.send(end);
    return model_in(connection.reply());
  }
  // The same in pieces, as the client library sends them.
  Model post_pieces(std::uint64_t size, std::uint64_t seed) {
    constexpr std::uint64_t kUploadPiece = 64u << 20;
    Connection first{server_->port()};
    first.send(
        head("POST", "/maisie/api/v1/uploads/", 0, fmt::format("Upload-Length: {}\r\n", size)));
    const auto text = first.reply().text;
    const auto at = text.find("/maisie/api/v1/uploads/");
    const auto target = text.substr(at, text.find("\r\n", at) - at);
    for (std::uint64_t sent = 0; sent < size; sent += kUploadPiece) {
      const auto count = std::min(kUploadPiece, size - sent);
      Connection connection{server_->port()};
      connection.send(
          head("PATCH", target, count,
               fmt::format("Content-Type: application/offset+octet-stream\r\nUpload-Offset: {}\r\n",
                           sent)));
      send_body(connection, count, seed + sent);
      connection.reply();
    }
    const auto id = target.substr(target.size() - 33, 32);
    return model_of(call("POST", "models/", Json{{"project_id", 1}, {"upload", id}}.dump()));
  }
  void get(const Model& model, std::uint64_t size) {
    Connection connection{server_->port()};
    connection.send(head("GET", model.file, 0, ""));
    if (connection.reply().body != size)
      throw std::runtime_error{"the file came back with another size"};
  }
  void remove(const Model& model) { call("DELETE", fmt::format("models/{}/", model.id), ""); }

  // Returns the most memory that the server ever had, in MB.
  [[nodiscard]] double peak_megabytes() const {
    std::ifstream status{fmt::format("/proc/{}/status", server_->process())};
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:"))
        return static_cast<double>(std::stol(line.substr(6))) * 1024 / 1e6;
    }
    throw std::runtime_error{"our server has ended"};
  }

 private:
  [[nodiscard]] std::string head(std::string_view method, std::string_view target,
                                 std::uint64_t length, std::string_view more) const {
    return fmt::format(
        "{} {} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer {}\r\n"
        "Content-Length: {}\r\n{}\r\n",
        method, target, token_, length, more);
  }
  Json call(std::string_view method, std::string_view what, std::string_view body) {
    Connection connection{server_->port()};
    connection.send(head(method, fmt::format("/maisie/api/v1/{}", what), body.size(),
                         "Content-Type: application/json\r\n"));
    connection.send(body);
    const auto text = connection.reply().text;
    auto read = parse_json(text.substr(text.find("\r\n\r\n") + 4));
    if (!read.ok()) throw std::runtime_error{read.error().message};
    return *std::move(read);
  }
  static Model model_in(const Connection::Reply& reply) {
    const auto read = parse_json(reply.text.substr(reply.text.find("\r\n\r\n") + 4));
    if (!read.ok()) throw std::runtime_error{read.error().message};
    return model_of(*read);
  }
  static Model model_of(const Json& reply) {
    const auto& model = reply["data"];
    const auto url = model["_links"]["download"].get<std::string>();
    return {model["id"].get<std::int64_t>(), url.substr(url.find("/maisie/"))};
  }

  std::string token_ = "none";
  std::optional<test::ServerProcess> server_;
};

void put(std::uint16_t port, std::uint64_t size, std::uint64_t seed) {
  Connection connection{port};
  connection.send(fmt::format(
      "PUT /model.bin HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", size));
  send_body(connection, size, seed);
  connection.reply();
}

void get(std::uint16_t port, std::string_view path, std::uint64_t size) {
  Connection connection{port};
  connection.send(fmt::format("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", path));
  if (connection.reply().body != size)
    throw std::runtime_error{"the file came back with another size"};
}

void sync_file(const fs::path& path) {
  const millrace::detail::FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file || ::fsync(file.get()) != 0) throw std::runtime_error{"cannot sync " + path.string()};
}

// nginx with one folder, until the end of its scope.
class Nginx {
 public:
  explicit Nginx(const fs::path& folder) : folder_{folder}, port_{free_port()} {
    fs::create_directories(folder / "files");
    std::ofstream{folder / "nginx.conf"} << fmt::format(
        "daemon off; {0} pid {1}/pid; error_log {1}/error.log; worker_processes auto; events {{}}\n"
        "http {{ access_log off; sendfile on; tcp_nopush on; client_max_body_size 0;\n"
        "  client_body_temp_path {1}/body; proxy_temp_path {1}/proxy; fastcgi_temp_path "
        "{1}/fastcgi;\n"
        "  uwsgi_temp_path {1}/uwsgi; scgi_temp_path {1}/scgi;\n"
        "  server {{ listen 127.0.0.1:{2}; root {1}/files; dav_methods PUT; }} }}\n",
        ::getuid() == 0 ? "user root;" : "", folder.string(), port_);
    child_.emplace(std::vector<std::string>{"nginx", "-c", (folder / "nginx.conf").string(), "-p",
                                            folder.string(), "-e", (folder / "error.log").string()},
                   folder / "out", folder / "out");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (true) {
      try {
        const Connection probe{port_};
        return;
      } catch (const std::runtime_error&) {
        if (!child_->is_running() || std::chrono::steady_clock::now() > deadline) throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
  }
  ~Nginx() {
    child_->signal(SIGTERM);
    child_->wait();
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] fs::path file() const { return folder_ / "files/model.bin"; }

 private:
  fs::path folder_;
  std::uint16_t port_;
  std::optional<test::ChildProcess> child_;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void print(std::string_view what, std::uint64_t size, const std::vector<double>& ours,
           const std::vector<double>& theirs) {
  const auto rate = [&](const std::vector<double>& seconds) {
    return static_cast<double>(size) / 1e6 / median(seconds);
  };
  fmt::print("{:<36} {:>8.0f} MB/s to {:>8.0f} MB/s of nginx: {:.2f}\n", what, rate(ours),
             rate(theirs), rate(ours) / rate(theirs));
}

bool has_nginx() {
  const test::TemporaryFolder folder;
  test::ChildProcess probe{{"sh", "-c", "nginx -v"}, folder / "out", folder / "out"};
  return probe.wait() == 0;
}

int run(std::uint64_t size, int rounds) {
  if (!has_nginx()) {
    fmt::print(stderr, "nginx is not installed: apt-get install nginx-light\n");
    return 1;
  }
  const test::TemporaryFolder folder;
  Registry registry{folder / "registry", size};
  const auto before = registry.peak_megabytes();  // a password was checked, which takes 64 MiB
  const Nginx nginx{folder / "nginx"};
  std::vector<double> our_up, our_pieces, our_down, their_up, their_synced_up, their_down;
  for (int round = 0; round < rounds; ++round) {
    const auto seed = static_cast<std::uint64_t>(round + 1);
    Registry::Model model;
    ::sync();  // nobody pays for what was written before
    our_up.push_back(seconds_of([&] { model = registry.post_form(size, seed); }));
    our_down.push_back(seconds_of([&] { registry.get(model, size); }));
    registry.remove(model);
    ::sync();
    our_pieces.push_back(seconds_of([&] { model = registry.post_pieces(size, seed); }));
    registry.remove(model);
    ::sync();
    their_up.push_back(seconds_of([&] { put(nginx.port(), size, seed); }));
    their_synced_up.push_back(their_up.back() + seconds_of([&] { sync_file(nginx.file()); }));
    their_down.push_back(seconds_of([&] { get(nginx.port(), "model.bin", size); }));
    fs::remove(nginx.file());
  }
  print("upload, synced by us alone", size, our_up, their_up);
  print("upload, synced by both", size, our_up, their_synced_up);
  print("upload in pieces, synced by both", size, our_pieces, their_synced_up);
  print("download", size, our_down, their_down);
  fmt::print("{:<36} {:>8.1f} MB, before the first transfer {:.1f} MB\n", "our memory at its peak",
             registry.peak_megabytes(), before);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t size = (argc > 1 ? std::stoull(argv[1]) : 2000) * 1'000'000;
  return run(size, argc > 2 ? std::stoi(argv[2]) : 3);
}
