// Large files go up in pieces, and go on after a break.
#include <deque>

#include <catch2/catch.hpp>

#include <millrace/client.hpp>

#include "client/src/upload_record.hpp"
#include "tests/client/raw_server.hpp"
#include "tests/client/registry.hpp"

using namespace millrace;
using namespace millrace::client;
using namespace millrace::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kModel = "POST /api/v1/models/";
constexpr auto kCreate = "POST /api/v1/uploads/";

// What a server of tus keeps of one upload at a time, and how it answers.
struct Pieces {
  std::string bytes;
  std::uint64_t length = 0;
  int created = 0;
  std::deque<int> refusals;  // statuses of the next pieces, of which each half is kept
  std::string location = "/api/v1/uploads/";

  void stand_in(Registry& registry) {
    registry.on(kModel, 200, R"({"data": {"id": 4}})");
    registry.on(kCreate, [this, &registry](const http::Request& request) {
      bytes.clear();
      length = std::stoull(std::string{request.headers.get("Upload-Length")});
      const auto id = "up-" + std::to_string(++created);
      serve(registry, id);
      return http::Response{.status = 201, .headers = {{"Location", location + id + "/"}}};
    });
  }

 private:
  void serve(Registry& registry, const std::string& id) {
    const auto standing = [this](int status) {
      return http::Response{.status = status,
                            .headers = {{"Upload-Offset", std::to_string(bytes.size())},
                                        {"Upload-Length", std::to_string(length)}}};
    };
    // Answers are given while the registry is not locked, so they may add others.
    registry.on("HEAD /api/v1/uploads/" + id + "/",
                [standing](const http::Request&) { return standing(200); });
    registry.on("PATCH /api/v1/uploads/" + id + "/",
                [this, standing](const http::Request& request) {
                  if (request.headers.get("Upload-Offset") != std::to_string(bytes.size()))
                    return standing(409);
                  if (refusals.empty()) {
                    bytes += request.body;
                    return standing(204);
                  }
                  const auto status = refusals.front();
                  refusals.pop_front();
                  if (status != 404) bytes += request.body.substr(0, request.body.size() / 2);
                  return http::Response::json(status, R"({"message": "not now"})");
                });
  }
};

struct Uploader {
  Surroundings here;
  Registry registry;
  Pieces pieces;
  LogLines log;
  std::string bytes = sample(2'500);
  std::filesystem::path file = here.write("net.bin", bytes);
  Progress progress{};

  Uploader() { pieces.stand_in(registry); }

  // Every call is that of a new program.
  Json upload(const std::string& url = {}) {
    ConfigOptions options;
    options.dictionary = registry.settings({{"logging_level", "INFO"}});
    if (!url.empty()) (*options.dictionary)["api_url"] = url;
    options.connection = {.resumable_from_bytes = 2'000,
                          .piece_bytes = 1'000,
                          .max_tries = 3,
                          .first_pause = 1ms,
                          .state_folder = here.path("state")};
    options.log = [this](LogLevel, const std::string& line) { log.push_back(line); };
    Models models{std::make_shared<Config>(std::move(options))};
    UploadOptions more;
    more.progress = progress;
    auto made = models.upload("net", file, nullptr, nullptr, nullptr, more);
    problem = models.last_reply().problem;
    return made;
  }
  [[nodiscard]] std::size_t count(const std::string& line) const {
    const auto lines = registry.lines();
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), line));
  }
  [[nodiscard]] bool has_logged(const std::string& text) const {
    return std::any_of(log.begin(), log.end(),
                       [&](const auto& line) { return line.find(text) != std::string::npos; });
  }
  [[nodiscard]] bool remembers() const {
    std::error_code none;
    return !std::filesystem::is_empty(here.path("state/uploads"), none);
  }

  std::string problem;
};

}  // namespace

TEST_CASE("a large file goes up in pieces, and the model names the upload", "[client][resume]") {
  Uploader it;
  std::uint64_t last = 0, total = 0;
  it.progress = [&](std::uint64_t done, std::uint64_t all) {
    CHECK(done >= last);
    last = done;
    total = all;
    return true;
  };
  CHECK(it.upload() == Json{{{"id", 4}}});
  CHECK(it.pieces.bytes == it.bytes);
  CHECK(it.count("PATCH /api/v1/uploads/up-1/") == 3);
  CHECK(it.registry.last().line == kModel);
  CHECK(it.registry.last().fields["upload"] == "up-1");
  CHECK(it.registry.last().fields["name"] == "net");
  CHECK_FALSE(it.registry.last().has_file);
  CHECK(last == 2'500);
  CHECK(total == 2'500);
  CHECK_FALSE(it.remembers());
  for (const auto& arrived : it.registry.arrived())
    CHECK((arrived.line.find("uploads") == std::string::npos ||
           arrived.authorization.starts_with("Bearer ")));
}

TEST_CASE("a small file goes up whole, as does a large one to a server without pieces",
          "[client][resume]") {
  Uploader it;
  SECTION("small") { it.file = it.here.write("small.bin", it.bytes = "WEIGHTS"); }
  SECTION("not found") { it.registry.on(kCreate, 404, R"({"message": "no"})"); }
  SECTION("not allowed") { it.registry.on(kCreate, 405, R"({"message": "no"})"); }
  CHECK(it.upload().size() == 1);
  CHECK(it.registry.last().fields["file"] == it.bytes);
  CHECK(it.pieces.created == 0);
}

TEST_CASE("a refusal for the moment holds an upload up", "[client][resume]") {
  Uploader it;
  it.pieces.refusals = {503, 500, 429};  // each brings half a piece
  CHECK(it.upload().size() == 1);
  CHECK(it.pieces.bytes == it.bytes);
  CHECK(it.pieces.created == 1);
  CHECK(it.has_logged("is held up: not now"));
}

TEST_CASE("an upload that comes no further ends, and the next call goes on", "[client][resume]") {
  Uploader it;
  it.registry.on("PATCH /api/v1/uploads/up-1/", 503, R"({"message": "not now"})");
  it.registry.on(kCreate, [&](const http::Request& request) {
    it.pieces.length = std::stoull(std::string{request.headers.get("Upload-Length")});
    it.registry.on("HEAD /api/v1/uploads/up-1/", [&](const http::Request&) {
      return http::Response{.status = 200,
                            .headers = {{"Upload-Offset", "0"}, {"Upload-Length", "2500"}}};
    });
    return http::Response{.status = 201, .headers = {{"Location", "/x/up-1"}}};
  });
  CHECK(it.upload() == Json::array());
  CHECK(it.problem == "not now");
  CHECK(it.count("PATCH /api/v1/uploads/up-1/") == 3);
  CHECK(it.remembers());
  CHECK(it.count(kCreate) == 1);

  it.registry.on("HEAD /api/v1/uploads/up-1/", [](const http::Request&) {
    return http::Response{.status = 200,
                          .headers = {{"Upload-Offset", "1500"}, {"Upload-Length", "2500"}}};
  });
  it.registry.on("PATCH /api/v1/uploads/up-1/", [&](const http::Request& request) {
    CHECK(request.headers.get("Upload-Offset") == "1500");
    it.pieces.bytes = request.body;
    return http::Response{.status = 204, .headers = {{"Upload-Offset", "2500"}}};
  });
  CHECK(it.upload().size() == 1);
  CHECK(it.pieces.bytes == it.bytes.substr(1'500));
  CHECK(it.count(kCreate) == 1);
  CHECK(it.has_logged("goes on at 1500 of 2500 bytes"));
  CHECK_FALSE(it.remembers());
}

TEST_CASE("an upload that was stopped is gone on with by the next call", "[client][resume]") {
  Uploader it;
  it.progress = [](std::uint64_t done, std::uint64_t) { return done < 1'000; };
  CHECK(it.upload() == Json::array());
  CHECK(it.problem == "stopped");
  CHECK(it.remembers());
  it.progress = {};
  SECTION("the same file") {
    CHECK(it.upload().size() == 1);
    CHECK(it.pieces.created == 1);
  }
  SECTION("a changed file begins anew") {
    it.here.write("net.bin", it.bytes = sample(2'501));
    CHECK(it.upload().size() == 1);
    CHECK(it.pieces.created == 2);
  }
  CHECK(it.pieces.bytes == it.bytes);
}

TEST_CASE("an upload that the server has forgotten begins anew, once", "[client][resume]") {
  Uploader it;
  it.pieces.refusals = {404};
  SECTION("once") {
    CHECK(it.upload().size() == 1);
    CHECK(it.pieces.created == 2);
    CHECK(it.pieces.bytes == it.bytes);
  }
  SECTION("twice") {
    it.pieces.refusals.push_back(404);
    CHECK(it.upload() == Json::array());
    CHECK(it.pieces.created == 2);
  }
  SECTION("between the last piece and the model") {
    it.pieces.refusals.clear();
    int asked = 0;
    it.registry.on(kModel, [&](const http::Request&) {
      if (++asked == 1)
        return http::Response::json(400, R"({"message": {"upload": "No such upload"}})");
      return http::Response::json(200, R"({"data": {"id": 5}})");
    });
    CHECK(it.upload() == Json{{{"id", 5}}});
    CHECK(it.pieces.created == 2);
  }
}

TEST_CASE("another refusal of the model keeps the upload", "[client][resume]") {
  Uploader it;
  it.registry.on(kModel, 400, R"({"error": "Project 7 does not exist."})");
  CHECK(it.upload() == Json::array());
  CHECK(it.problem == "Project 7 does not exist.");
  it.registry.on(kModel, 200, R"({"data": {"id": 4}})");
  CHECK(it.upload().size() == 1);
  CHECK(it.pieces.created == 1);
  CHECK(it.count("PATCH /api/v1/uploads/up-1/") == 3);
}

TEST_CASE("the address of an upload sends the token nowhere else", "[client][resume]") {
  Uploader it;
  const RawServer other{[](const std::string&) { return std::string{}; }};
  it.pieces.location = other.address() + "/uploads/";
  CHECK(it.upload().size() == 1);
  CHECK(other.requests().empty());
  CHECK(it.pieces.bytes == it.bytes);
  it.pieces.location = "/api/v1/uploads/..%2f..%2f";
  it.here.write("net.bin", sample(2'502));
  CHECK(it.upload() == Json::array());
}

TEST_CASE("a file that changes while it goes up is an error", "[client][resume]") {
  Uploader it;
  it.progress = [&](std::uint64_t done, std::uint64_t) {
    if (done >= 1'000 && done < 2'000) it.here.write("net.bin", sample(2'600));
    return true;
  };
  CHECK_THROWS_AS(it.upload(), FileError);
}

TEST_CASE("a connection that breaks in a piece is made anew", "[client][resume]") {
  Uploader it;
  int broken = 0;
  std::string kept;
  const auto answer = [](int status, const std::string& headers, const std::string& body = {}) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + headers +
           (status == 204 ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
           "\r\n" + body;
  };
  const RawServer server{[&](const std::string& request) {
    if (request.find("/auth/login/") != std::string::npos)
      return answer(200, "",
                    R"({"data": {"access_token": ")" + make_token(1'700'000'000, 1'700'000'900) +
                        R"(", "valid_for": 900.0}})");
    if (request.starts_with("POST /api/v1/uploads/"))
      return answer(201, "Location: /api/v1/uploads/up/\r\n");
    if (request.starts_with("POST /api/v1/models/"))
      return answer(200, "", R"({"data": {"id": 4}})");
    const auto body = request.substr(request.find("\r\n\r\n") + 4);
    if (request.starts_with("PATCH ") && ++broken % 2 == 1) {
      kept += body.substr(0, body.size() / 2);
      return std::string{};
    }
    if (request.starts_with("PATCH ")) kept += body;
    const auto standing = "Upload-Offset: " + std::to_string(kept.size()) + "\r\n";
    return answer(request.starts_with("PATCH ") ? 204 : 200, standing + "Upload-Length: 2500\r\n");
  }};
  CHECK(it.upload(server.address() + "/api/v1").size() == 1);
  CHECK(kept == it.bytes);
  CHECK(broken > 2);
}

TEST_CASE("the record of an upload is for one file, server and user, and one process",
          "[client][resume]") {
  Surroundings here;
  const auto look = [&] { return client::detail::LocalFile::look(here.path("net.bin")); };
  here.write("net.bin", "WEIGHTS");
  {
    client::detail::UploadRecord record{here.path("state"), "http://a", "admin", look()};
    CHECK(record.id().empty());
    record.keep("up-1");
    const client::detail::UploadRecord second{here.path("state"), "http://a", "admin", look()};
    CHECK(second.id().empty());
  }
  CHECK(client::detail::UploadRecord{here.path("state"), "http://a", "admin", look()}.id() ==
        "up-1");
  CHECK(client::detail::UploadRecord{here.path("state"), "http://b", "admin", look()}.id().empty());
  CHECK(client::detail::UploadRecord{here.path("state"), "http://a", "zofia", look()}.id().empty());
  CHECK(client::detail::UploadRecord{here.path("state"), "http://a", "admin", look()}.id() ==
        "up-1");
  for (const auto& file : std::filesystem::directory_iterator{here.path("state/uploads")})
    here.write("state/uploads/" + file.path().filename().string(), "{\"key\"");
  CHECK(client::detail::UploadRecord{here.path("state"), "http://a", "admin", look()}.id().empty());
  here.set("XDG_STATE_HOME", here.path("home").string());
  client::detail::UploadRecord{{}, "http://a", "admin", look()}.keep("up-2");
  CHECK(client::detail::UploadRecord{{}, "http://a", "admin", look()}.id() == "up-2");
  CHECK(std::filesystem::exists(here.path("home/millrace/uploads")));
  CHECK(client::detail::UploadRecord{"/proc/nowhere", "http://a", "admin", look()}.id().empty());
  CHECK_FALSE(client::detail::is_upload_id("../x"));
  CHECK_FALSE(client::detail::is_upload_id(""));
}
