// Uploads in pieces, of which the server or the client is killed in the middle.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/sha1.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fixtures/child_process.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

namespace fs = std::filesystem;

const std::string kProgram = std::string{MR_BINARY_DIR} + "/bin/millrace";

bool soon(const std::function<bool()>& is_true) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// The registry of a real server, with the user admin and one project.
class UploadPlace {
 public:
  UploadPlace() {
    std::ofstream{folder_ / "password"} << "pw\n";
    ChildProcess add{{kProgram, "user", "add", "admin", "--data", data().string(),
                      "--password-file", (folder_ / "password").string()},
                     folder_ / "out"};
    REQUIRE(add.wait() == 0);
    start();
    const auto login =
        send("POST", "/maisie/api/v1/auth/login/", {}, R"({"login": "admin", "password": "pw"})");
    token_ = (*parse_json(login.body))["data"]["access_token"].get<std::string>();
    REQUIRE(send("POST", "/maisie/api/v1/workspaces/", {}, R"({"name": "W"})").status == 200);
    REQUIRE(send("POST", "/maisie/api/v1/projects/", {}, R"({"name": "P", "workspace_id": 1})")
                .status == 200);
  }

  void start() {
    server_.reset();
    server_.emplace(data(), std::vector<std::string>{"--max-upload", "1GB"});
  }
  ServerProcess& server() { return *server_; }
  [[nodiscard]] fs::path data() const { return folder_ / "data"; }
  [[nodiscard]] fs::path path(const std::string& name) const { return folder_ / name; }
  [[nodiscard]] std::string url() const {
    return fmt::format("http://127.0.0.1:{}", server_->port());
  }

  [[nodiscard]] std::string head(std::string_view method, std::string_view target,
                                 std::size_t length,
                                 const std::vector<std::string>& headers) const {
    auto text = fmt::format(
        "{} {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nTus-Resumable: 1.0.0\r\nAuthorization: Bearer "
        "{}\r\n"
        "Content-Length: {}\r\n",
        method, target, server_->port(), token_, length);
    for (const auto& header : headers) text += header + "\r\n";
    return text + "\r\n";
  }
  Reply send(std::string_view method, std::string_view target,
             const std::vector<std::string>& headers = {}, std::string_view body = {}) {
    Client client{server_->port()};
    client.send(head(method, target, body.size(), headers));
    client.send(body);
    return client.read_reply(method == "HEAD");
  }

  // How many bytes have come of the one upload that there is.
  [[nodiscard]] std::uint64_t arrived() const {
    std::error_code none;
    for (const auto& file : fs::directory_iterator{data() / "store/.blobs/.uploads", none}) {
      const auto name = file.path().filename().string();
      if (name.size() == 32 + std::string_view{".partial"}.size()) return file.file_size(none);
    }
    return 0;
  }

 private:
  TemporaryFolder folder_;
  std::string token_ = "none";
  std::optional<ServerProcess> server_;
};

}  // namespace

TEST_CASE("what a killed server had of an upload is there when it runs again", "[fault][uploads]") {
  UploadPlace place;
  const auto bytes = sample(30'000'000);
  constexpr std::size_t kSent = 20'000'000;
  const std::string kPiece = "Content-Type: application/offset+octet-stream";
  const auto made = place.send("POST", "/maisie/api/v1/uploads/",
                               {fmt::format("Upload-Length: {}", bytes.size())});
  REQUIRE(made.status == 201);
  const auto target = made.headers.at("location").substr(place.url().size());

  Client client{place.server().port()};
  client.send(place.head("PATCH", target, bytes.size(), {kPiece, "Upload-Offset: 0"}));
  client.send(std::string_view{bytes}.substr(0, kSent));
  REQUIRE(soon([&] { return place.arrived() >= 1'000'000; }));
  place.server().kill();
  const auto left = place.arrived();
  place.start();

  const auto stat = place.send("HEAD", target);
  REQUIRE(stat.status == 200);
  const auto offset = std::stoull(stat.headers.at("upload-offset"));
  CHECK(offset == left);
  CHECK(offset <= kSent);
  CHECK(place
            .send("PATCH", target, {kPiece, fmt::format("Upload-Offset: {}", offset)},
                  std::string_view{bytes}.substr(offset))
            .status == 204);
  const auto id = target.substr(target.size() - 33, 32);
  const Json model{{"project_id", 1}, {"upload", id}, {"file_sha256", to_hex(sha256(bytes))}};
  const auto model_made = place.send("POST", "/maisie/api/v1/models/",
                                     {"Content-Type: application/json"}, model.dump());
  INFO(model_made.body);
  CHECK(model_made.status == 200);
  CHECK(place.send("GET", "/maisie/storage/download/1/").body == bytes);
}

TEST_CASE("a client that was killed goes on with its upload when it is started again",
          "[fault][uploads]") {
  UploadPlace place;
  const auto bytes = sample(150'000'000);
  std::ofstream{place.path("net.bin"), std::ios::binary} << bytes;
  const std::vector<std::string> words{"env",
                                       "LSAN_OPTIONS=use_tls=0",
                                       "XDG_STATE_HOME=" + place.path("state").string(),
                                       "MAISIE_API_URL=" + place.url() + "/maisie/api/v1",
                                       "MAISIE_AUTH_USER_LOGIN=admin",
                                       "MAISIE_AUTH_USER_PASSWORD=pw",
                                       "MAISIE_SELECTED_PROJECT=1",
                                       kProgram,
                                       "--log-level=info",
                                       "models",
                                       "upload",
                                       "-n",
                                       "net",
                                       "-f",
                                       place.path("net.bin").string(),
                                       "--hp",
                                       "",
                                       "-p",
                                       "",
                                       "-m",
                                       "",
                                       "-d",
                                       ""};
  {
    ChildProcess first{words, place.path("first"), place.path("first")};
    REQUIRE(soon([&] { return place.arrived() >= 1'000'000; }));
    ::kill(place.server().process(), SIGSTOP);  // so that the client does not come to its end first
    first.kill();
    ::kill(place.server().process(), SIGCONT);
  }
  ChildProcess second{words, place.path("second"), place.path("second")};
  const auto code = second.wait();
  std::ifstream log{place.path("second")};
  const std::string text{std::istreambuf_iterator<char>{log}, {}};
  INFO(text);
  CHECK(code == 0);
  CHECK(text.find("goes on at ") != std::string::npos);
  CHECK(place.send("GET", "/maisie/storage/download/1/").body == bytes);
  CHECK(fs::is_empty(place.path("state") / "millrace/uploads"));
}
