// Who may read what a server has written, whatever the umask of who starts it.
#include <chrono>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>

#include "tests/api_http/client.hpp"
#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/child_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

using namespace millrace;
using namespace millrace::test;

namespace {

namespace fs = std::filesystem;

// The umask of this process, and of those it starts meanwhile.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_{::umask(mask)} {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

// "store 0755" for each that is not for its owner alone; counts what it has seen.
std::vector<std::string> open_entries(const fs::path& folder, std::size_t& seen) {
  std::vector<std::string> found;
  const auto look = [&](const fs::path& path, bool is_folder) {
    ++seen;
    const auto mode = mode_of(path);
    if (mode != (is_folder ? 0700 : 0600))
      found.push_back(fmt::format("{} {:04o}", fs::relative(path, folder).string(), mode));
  };
  look(folder, true);
  for (const auto& entry : fs::recursive_directory_iterator{folder})
    look(entry.path(), entry.is_directory());
  return found;
}

Reply post(const ServerProcess& server, const std::string& target, const std::string& token,
           const std::vector<std::string>& headers, const std::string& body) {
  auto text = fmt::format(
      "POST /maisie/api/v1/{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n"
      "Content-Length: {}\r\n",
      target, token, body.size());
  for (const auto& header : headers) text += header + "\r\n";
  Client client{server.port()};
  client.send(text + "\r\n" + body);
  return client.read_reply();
}

// A model, an upload that is not finished, and what they need.
void fill_registry(const ServerProcess& server) {
  const std::string json = "Content-Type: application/json";
  const auto login =
      post(server, "auth/login/", "none", {json}, R"({"login": "admin", "password": "pw"})");
  REQUIRE(login.status == 200);
  const auto token = Json::parse(login.body)["data"]["access_token"].get<std::string>();
  REQUIRE(post(server, "workspaces/", token, {json}, R"({"name": "W"})").status == 200);
  REQUIRE(post(server, "projects/", token, {json}, R"({"name": "P", "workspace_id": 1})").status ==
          200);
  const std::string form =
      "--b\r\nContent-Disposition: form-data; name=\"project_id\"\r\n\r\n1\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"file\"; "
      "filename=\"net.bin\"\r\n\r\nWEIGHTS\r\n"
      "--b--\r\n";
  REQUIRE(post(server, "models/", token, {"Content-Type: multipart/form-data; boundary=b"}, form)
              .status == 200);
  REQUIRE(post(server, "uploads/", token,
               {"Tus-Resumable: 1.0.0", "Upload-Length: 7",
                "Content-Type: application/offset+octet-stream"},
               "WEI")
              .status == 201);
}

void run_job(const ServerProcess& server, const fs::path& data, Json job) {
  const auto submitted = ask(server, data, "POST", "/jobs", job.dump());
  REQUIRE(submitted);
  REQUIRE(submitted->status == 202);
  const auto target = fmt::format("/jobs/{}", submitted->body.at("id").get<std::int64_t>());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  Json state;
  while (std::chrono::steady_clock::now() < deadline && state != "finished" && state != "failed") {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    const auto answer = ask(server, data, "GET", target);
    REQUIRE(answer);
    state = answer->body.at("state");
    INFO(answer->body.dump());
    CHECK(state != "failed");
  }
  REQUIRE(state == "finished");
}

}  // namespace

TEST_CASE(
    "whatever the umask, the data folder is for its owner alone, and what a job writes "
    "elsewhere is as the umask says",
    "[fault][modes]") {
  const mode_t mask = GENERATE(0, 022, 027);
  const TemporaryFolder folder;
  const auto data = folder / "data";
  const auto outside = folder / "outside";
  fs::create_directory(outside);
  {
    const Umask closed{077};
    write_pictures(data / "store", 3);
  }
  const Umask chosen{mask};
  std::ofstream{folder / "password"} << "pw\n";
  ChildProcess add{{std::string{MR_BINARY_DIR} + "/bin/millrace", "user", "add", "admin", "--data",
                    data.string(), "--password-file", (folder / "password").string()},
                   folder / "out"};
  REQUIRE(add.wait() == 0);
  ServerProcess server{data, {"--root", outside.string()}};
  fill_registry(server);
  run_job(server, data, turn_pictures(1));
  auto abroad = turn_pictures(2);
  auto& params = abroad["pipeline"]["ops"][2]["params"];
  params = {{"prefix", "file://" + (outside / "pictures").string()},
            {"file", "file://" + (outside / "list.jsonlist").string()}};
  run_job(server, data, abroad);

  std::size_t seen = 0;
  CHECK(open_entries(data, seen) == std::vector<std::string>{});
  for (const char* there :
       {"lock", "token", "secret", "catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm",
        "work", "store/.blobs/.uploads", "store/z0/out/1", "store/z0/out/1.jsonlist"}) {
    INFO(there);
    CHECK(fs::exists(data / there));
  }
  CHECK(seen > 20);
  CHECK(mode_of(outside / "list.jsonlist") == (0666 & ~mask));
  CHECK(mode_of(outside / "pictures") == (0777 & ~mask));
  for (const auto& picture : fs::directory_iterator{outside / "pictures"})
    CHECK(mode_of(picture.path()) == (0666 & ~mask));

  CHECK(server.terminate() == 0);
  CHECK(open_entries(data, seen) == std::vector<std::string>{});
}
