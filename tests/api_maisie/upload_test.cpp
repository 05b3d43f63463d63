// Uploads in pieces (tus 1.0.0) over real HTTP, and the models that are made of them.
#include <array>
#include <thread>

#include <catch2/catch.hpp>

#include "engine/base/sha1.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/uploads.hpp"
#include "tests/api_maisie/registry_server.hpp"

#include <fmt/format.h>

using namespace millrace;
using test::RegistryServer;
using Answer = RegistryServer::Answer;
using Headers = RegistryServer::Headers;

namespace {

constexpr const char* kUploads = "/api/v1/uploads/";
constexpr const char* kModels = "/api/v1/models/";

// A registry with a project, signed in as admin.
struct UploadServer : RegistryServer {
  explicit UploadServer(maisie::Settings settings = {})
      : RegistryServer{SqlDialect::Sqlite, std::move(settings)} {
    sign_in();
    form("POST", "/api/v1/workspaces/", "name=W");
    REQUIRE(form("POST", "/api/v1/projects/", "name=P&workspace_id=1").status == 200);
  }

  Answer tus(std::string_view method, std::string_view target, Headers headers = {},
             std::string_view body = {}) {
    headers.emplace_back("Tus-Resumable: 1.0.0");
    return as_user(method, target, std::move(headers), body);
  }
  // Returns the path of a new upload. The name is net.H5.
  std::string create(std::uint64_t length) {
    const auto made =
        tus("POST", kUploads,
            {fmt::format("Upload-Length: {}", length), "Upload-Metadata: filename bmV0Lkg1,raw"});
    INFO(made.text);
    REQUIRE(made.status == 201);
    const auto location = made.headers.at("location");
    REQUIRE(location.starts_with(base()));
    return location.substr(base().size());
  }
  Answer patch(const std::string& path, std::uint64_t offset, std::string_view bytes,
               Headers headers = {}) {
    headers.emplace_back("Content-Type: application/offset+octet-stream");
    headers.push_back(fmt::format("Upload-Offset: {}", offset));
    return tus("PATCH", path, std::move(headers), bytes);
  }
  std::string offset(const std::string& path) {
    const auto stat = tus("HEAD", path);
    return stat.status == 200 ? stat.headers.at("upload-offset") : std::to_string(stat.status);
  }
  std::string finished(std::string_view bytes) {
    auto path = create(bytes.size());
    REQUIRE(patch(path, 0, bytes).status == 204);
    return path;
  }
  Answer make_model(const std::string& path, const Json& more = Json::object()) {
    Json fields{{"project_id", 1}, {"upload", id_of(path)}};
    fields.update(more);
    return json("POST", kModels, fields, {bearer()});
  }
  static std::string id_of(std::string_view path) {
    path.remove_suffix(1);
    return std::string{path.substr(path.rfind('/') + 1)};
  }
  [[nodiscard]] std::filesystem::path bytes_of(const std::string& path) {
    return engine().settings().store.folder / ".blobs/.uploads" / (id_of(path) + ".partial");
  }
  [[nodiscard]] std::size_t open_uploads() { return engine().store().blobs()->uploads().count(); }
  std::string download(int model) {
    return send("GET", fmt::format("/storage/download/{}/", model)).text;
  }
};

std::string sha256_of(std::string_view bytes) { return to_hex(sha256(bytes)); }

}  // namespace

TEST_CASE("the server says what it can do with uploads", "[maisie][uploads]") {
  UploadServer server{{.max_upload_bytes = 1'000'000}};
  const auto can = server.send("OPTIONS", kUploads, {"Origin: http://localhost:3000"});
  CHECK(can.status == 200);
  CHECK(can.headers.at("tus-version") == "1.0.0");
  CHECK(can.headers.at("tus-extension") == "creation,termination,checksum,expiration");
  CHECK(can.headers.at("tus-max-size") == "1000000");
  CHECK(can.headers.at("tus-checksum-algorithm") == "sha1,sha256");
  CHECK(can.headers.at("access-control-allow-methods").find("PATCH") != std::string::npos);
  CHECK(can.headers.at("access-control-expose-headers").find("Upload-Offset") != std::string::npos);
  const auto path = server.create(3);
  const auto preflight =
      server.send("OPTIONS", path,
                  {"Origin: http://localhost:3000", "Access-Control-Request-Method: PATCH",
                   "Access-Control-Request-Headers: tus-resumable, upload-offset"});
  CHECK(preflight.status == 200);
  CHECK(preflight.headers.at("access-control-allow-headers") == "tus-resumable, upload-offset");
  CHECK(server.send("OPTIONS", kModels).headers.count("tus-version") == 0);
}

TEST_CASE("a file comes in pieces and becomes the file of a model", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.create(10);
  CHECK(path.size() == std::string_view{kUploads}.size() + 33);
  const auto begun = server.tus("HEAD", path);
  CHECK(begun.status == 200);
  CHECK(begun.headers.at("upload-offset") == "0");
  CHECK(begun.headers.at("upload-length") == "10");
  CHECK(begun.headers.at("upload-metadata") == "filename bmV0Lkg1,raw");
  CHECK(begun.headers.at("cache-control") == "no-store");
  CHECK(begun.headers.at("tus-resumable") == "1.0.0");
  CHECK(begun.headers.at("upload-expires").ends_with(" GMT"));

  const auto first = server.patch(path, 0, "WEIGH");
  CHECK(first.status == 204);
  CHECK(first.headers.at("upload-offset") == "5");
  CHECK(first.headers.count("upload-expires") == 1);
  const auto early = server.make_model(path);
  CHECK(early.status == 409);
  CHECK(early.body["message"] == "the upload is not finished: 5 of 10 bytes have come");
  CHECK(server.patch(path, 5, "").headers.at("upload-offset") == "5");
  CHECK(server.patch(path, 5, "TS-OK").headers.at("upload-offset") == "10");

  const auto made = server.make_model(path, {{"name", "lenet"}});
  INFO(made.text);
  REQUIRE(made.status == 200);
  CHECK(made.data()["name"] == "lenet");
  const auto file = server.send("GET", "/storage/download/1/");
  CHECK(file.text == "WEIGHTS-OK");
  CHECK(file.headers.at("etag") == '"' + sha256_of("WEIGHTS-OK") + '"');
  CHECK(file.headers.at("content-disposition").ends_with(".h5"));
  CHECK(server.contents() == 1);
  CHECK(server.open_uploads() == 0);
  CHECK(server.offset(path) == "404");
  CHECK(server.as_user("DELETE", "/api/v1/models/1/").status == 200);
  CHECK(server.contents() == 0);
}

TEST_CASE("what a piece says of itself is checked", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.create(10);
  const Headers head{"Content-Type: application/offset+octet-stream", "Upload-Offset: 0"};
  const auto with = [&](Headers headers, std::string_view body = "bytes") {
    return server.as_user("PATCH", path, std::move(headers), body);
  };
  SECTION("the version") {
    auto old = with({head[0], head[1], "Tus-Resumable: 0.2.2"});
    CHECK(old.status == 412);
    CHECK(old.headers.at("tus-version") == "1.0.0");
    CHECK(with({head[0], head[1]}).status == 412);
    CHECK(server.as_user("HEAD", path).status == 412);
    CHECK(server.as_user("POST", kUploads, {"Upload-Length: 1"}).status == 412);
    CHECK(server.as_user("DELETE", path).status == 412);
  }
  SECTION("the type") {
    CHECK(
        with({"Content-Type: application/octet-stream", head[1], "Tus-Resumable: 1.0.0"}).status ==
        415);
  }
  SECTION("the offset") {
    CHECK(with({head[0], "Tus-Resumable: 1.0.0"}).status == 400);
    CHECK(with({head[0], "Upload-Offset: -1", "Tus-Resumable: 1.0.0"}).status == 400);
    CHECK(server.patch(path, 1, "bytes").status == 409);
    CHECK(server.patch(path, 1, "").status == 409);
  }
  SECTION("the length") { CHECK(server.patch(path, 0, "eleven bytes").status == 413); }
  SECTION("the checksum") {
    CHECK(server.patch(path, 0, "bytes", {"Upload-Checksum: md5 AAAA"}).status == 400);
    CHECK(server.patch(path, 0, "bytes", {"Upload-Checksum: sha1 AAAA"}).status == 400);
    CHECK(server.patch(path, 0, "bytes", {"Upload-Checksum: sha1 !"}).status == 400);
  }
  CHECK(server.offset(path) == "0");
  CHECK(server.patch(path, 0, "ten bytes!").status == 204);
}

TEST_CASE("a piece with a wrong checksum is dropped", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.create(10);
  CHECK(server.patch(path, 0, "ab").status == 204);
  // Digests of "hello".
  const std::string sha1 = "Upload-Checksum: sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=";
  const std::string sha256 = "Upload-Checksum: sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=";
  for (const auto& checksum : {sha1, sha256}) {
    const auto wrong = server.patch(path, 2, "hullo", {checksum});
    CHECK(wrong.status == 460);
    CHECK(wrong.headers.at("tus-resumable") == "1.0.0");
    CHECK(server.offset(path) == "2");
  }
  CHECK(server.patch(path, 2, "hello", {sha1}).status == 204);
  CHECK(server.offset(path) == "7");
  CHECK(server.patch(path, 7, "end").status == 204);
  REQUIRE(server.make_model(path).status == 200);
  CHECK(server.download(1) == "abhelloend");
}

TEST_CASE("what came before a connection broke stays", "[maisie][uploads]") {
  UploadServer server;
  const std::string bytes = test::sample(1'000'000);
  constexpr std::size_t kSent = 600'000;
  const auto path = server.create(bytes.size());
  {
    const auto port = server.base().substr(server.base().rfind(':') + 1);
    test::Client client{static_cast<std::uint16_t>(std::stoi(port))};
    client.send(
        fmt::format("PATCH {} HTTP/1.1\r\nHost: localhost\r\n{}\r\nTus-Resumable: 1.0.0\r\n"
                    "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
                    "Content-Length: {}\r\n\r\n",
                    path, server.bearer(), bytes.size()));
    client.send(std::string_view{bytes}.substr(0, kSent));
  }
  CHECK(test::eventually([&] {
    std::error_code none;
    return std::filesystem::file_size(server.bytes_of(path), none) == kSent;
  }));
  CHECK(server.offset(path) == std::to_string(kSent));
  CHECK(server.patch(path, kSent, std::string_view{bytes}.substr(kSent)).status == 204);
  REQUIRE(server.make_model(path, {{"file_sha256", sha256_of(bytes)}}).status == 200);
  CHECK(server.download(1) == bytes);
}

TEST_CASE("a connection that the server takes for alive keeps nobody out", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.create(1'000'000);
  const auto port = server.base().substr(server.base().rfind(':') + 1);
  test::Client stale{static_cast<std::uint16_t>(std::stoi(port))};
  stale.send(
      fmt::format("PATCH {} HTTP/1.1\r\nHost: localhost\r\n{}\r\nTus-Resumable: 1.0.0\r\n"
                  "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
                  "Content-Length: 1000000\r\n\r\n{}",
                  path, server.bearer(), std::string(400'000, 's')));
  CHECK(test::eventually([&] {
    std::error_code none;
    return std::filesystem::file_size(server.bytes_of(path), none) > 0;
  }));
  // As long as what was sent still arrives, a piece may come behind the place that it was told.
  std::size_t at = 0;
  CHECK(test::eventually([&] {
    at = std::stoull(server.offset(path));
    return server.patch(path, at, std::string(1'000'000 - at, 'n')).status == 204;
  }));
  stale.try_send(std::string(600'000, 's'));
  CHECK(stale.read_reply().status == 409);
  REQUIRE(server.make_model(path).status == 200);
  CHECK(server.download(1) == std::string(at, 's') + std::string(1'000'000 - at, 'n'));
}

TEST_CASE("an upload is its user's alone", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.finished("WEIGHTS");
  server.json("POST", "/api/v1/users/", {{"login", "zofia"}, {"password", "pw"}},
              {server.bearer()});
  CHECK(server.send("HEAD", path, {"Tus-Resumable: 1.0.0"}).status == 401);
  CHECK(server.send("POST", kUploads, {"Tus-Resumable: 1.0.0", "Upload-Length: 1"}).status == 401);
  CHECK(server
            .send("PATCH", path,
                  {"Tus-Resumable: 1.0.0", "Upload-Offset: 7",
                   "Content-Type: application/offset+octet-stream"},
                  "x")
            .status == 401);
  server.sign_in("zofia", "pw");
  CHECK(server.offset(path) == "404");
  CHECK(server.patch(path, 7, "").status == 404);
  CHECK(server.patch(path, 0, "x").status == 404);
  CHECK(server.tus("DELETE", path).status == 404);
  const auto theirs = server.make_model(path);
  CHECK(theirs.status == 400);
  CHECK(theirs.body["message"].contains("upload"));
  server.sign_in();
  CHECK(server.offset(path) == "7");
  CHECK(server.patch(path, 7, "").status == 204);
  CHECK(server.make_model(path).status == 200);
  CHECK(server.tus("DELETE", server.create(1)).status == 204);
}

TEST_CASE("the number and the size of uploads are limited", "[maisie][uploads]") {
  UploadServer server{{.max_upload_bytes = 1'000, .max_open_uploads = 2}};
  const auto make = [&](const std::string& length) {
    return server.tus("POST", kUploads, {"Upload-Length: " + length}).status;
  };
  CHECK(make("1001") == 413);
  CHECK(make("x") == 400);
  CHECK(make("99999999999999999999") == 400);
  CHECK(server.tus("POST", kUploads).status == 400);
  CHECK(server.tus("POST", kUploads, {"Upload-Length: 1", "Upload-Metadata: filename %%"}).status ==
        400);
  CHECK(make("1000") == 201);
  const auto path = server.create(5);
  const auto more = server.tus("POST", kUploads, {"Upload-Length: 5"});
  CHECK(more.status == 429);
  CHECK(more.body["message"] == "too many uploads are open, 2 of 2: finish or delete one first");
  CHECK(server.tus("DELETE", path).status == 204);
  CHECK(server.offset(path) == "404");
  CHECK_FALSE(std::filesystem::exists(server.bytes_of(path)));
  CHECK(make("5") == 201);
}

TEST_CASE("methods may come under another name", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.create(3);
  const Headers piece{"X-HTTP-Method-Override: PATCH", "Upload-Offset: 0",
                      "Content-Type: application/offset+octet-stream"};
  CHECK(server.tus("POST", path, piece, "abc").status == 204);
  CHECK(server.offset(path) == "3");
  CHECK(server.tus("POST", path).status == 405);
  CHECK(server.tus("POST", path, {"X-HTTP-Method-Override: DELETE"}).status == 204);
  CHECK(server.offset(path) == "404");
}

TEST_CASE("a POST that names no other method writes nothing", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.create(3);
  const auto post = [&](Headers headers, std::string_view body) {
    headers.insert(headers.end(),
                   {"Upload-Offset: 0", "Content-Type: application/offset+octet-stream"});
    return server.tus("POST", path, std::move(headers), body).status;
  };
  CHECK(post({}, "abc") == 405);
  CHECK(post({}, std::string(3'000'000, 'x')) == 405);
  CHECK(post({"X-HTTP-Method-Override: PUT"}, "abc") == 405);
  CHECK(post({"X-HTTP-Method-Override: HEAD"}, "abc") == 200);
  CHECK(server.offset(path) == "0");
  CHECK(post({"X-HTTP-Method-Override: PATCH"}, "abc") == 204);
  CHECK(server.offset(path) == "3");
}

TEST_CASE("a piece that is refused does not end the one that is being sent", "[maisie][uploads]") {
  UploadServer server;
  const std::string bytes(400'000, 'g');
  const auto path = server.create(bytes.size());
  test::Client good{server.port()};
  good.send(
      fmt::format("PATCH {} HTTP/1.1\r\nHost: localhost\r\n{}\r\nTus-Resumable: 1.0.0\r\n"
                  "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
                  "Content-Length: {}\r\n\r\n",
                  path, server.bearer(), bytes.size()));
  good.send(std::string_view{bytes}.substr(0, 200'000));
  CHECK(test::eventually([&] {
    std::error_code none;
    return std::filesystem::file_size(server.bytes_of(path), none) > 0;
  }));
  CHECK(server.patch(path, 399'999, "x").status == 409);
  CHECK(server.patch(path, 0, "x").status == 409);
  CHECK(server.tus("POST", path, {"Upload-Offset: 0"}, "x").status == 405);
  good.send(std::string_view{bytes}.substr(200'000));
  CHECK(good.read_reply().status == 204);
  CHECK(server.offset(path) == std::to_string(bytes.size()));
}

TEST_CASE("a key of the metadata is given once", "[maisie][uploads]") {
  UploadServer server;
  const auto create = [&](const std::string& metadata) {
    return server.tus("POST", kUploads, {"Upload-Length: 3", "Upload-Metadata: " + metadata})
        .status;
  };
  CHECK(create("filename bmV0Lkg1,filename bmV0Lkg2") == 400);
  CHECK(create("raw,raw") == 400);
  CHECK(create(std::string(4097, 'k')) == 400);
  CHECK(create("filename bmV0Lkg1,Filename bmV0Lkg2") == 201);
  CHECK(server.open_uploads() == 1);
}

TEST_CASE("nothing is written for a user who may not sign in any more", "[maisie][uploads]") {
  UploadServer server;
  REQUIRE(
      server.form("POST", "/api/v1/users/", "login=zofia&password=pw", {server.bearer()}).status ==
      200);
  server.sign_in("zofia", "pw");
  const auto path = server.create(3);
  const auto zofia = server.bearer();
  server.sign_in();
  REQUIRE(server.as_user("DELETE", "/api/v1/users/2/").status == 200);
  CHECK(server
            .send("PATCH", path,
                  {zofia, "Tus-Resumable: 1.0.0", "Upload-Offset: 0",
                   "Content-Type: application/offset+octet-stream"},
                  "abc")
            .status == 401);
  CHECK(std::filesystem::file_size(server.bytes_of(path)) == 0);
}

TEST_CASE("a model with an upload is checked like one with a part", "[maisie][uploads]") {
  UploadServer server;
  const auto path = server.finished("WEIGHTS");
  const auto nowhere = server.make_model(path, {{"project_id", 9}});
  CHECK(nowhere.status == 400);
  CHECK(nowhere.body["error"] == "Project 9 does not exist.");
  CHECK(server.offset(path) == "7");  // to be used another time

  const auto bad =
      server.json("POST", kModels, {{"upload", "x"}, {"file_sha256", "12"}}, {server.bearer()});
  CHECK(bad.status == 400);
  CHECK(bad.body["message"].contains("project_id"));
  CHECK(bad.body["message"].contains("file_sha256"));
  const auto both = server.upload({{"project_id", "1"}, {"upload", UploadServer::id_of(path)}});
  CHECK(both.status == 400);
  CHECK(both.body["message"].contains("upload"));
  const auto neither = server.json("POST", kModels, {{"project_id", 1}}, {server.bearer()});
  CHECK(neither.body ==
        Json{{"message", {{"file", "Missing required parameter in an uploaded file"}}}});

  const auto fields = std::vector<RegistryServer::Field>{{"project_id", "1"},
                                                         {"upload", UploadServer::id_of(path)}};
  CHECK(server.upload(fields, "").status == 200);  // a form without a file
  const auto again = server.make_model(path);
  CHECK(again.status == 400);
  CHECK(again.body["message"].contains("upload"));
  CHECK(server.download(1) == "WEIGHTS");
  CHECK(server.contents() == 1);
}

TEST_CASE("a file with another hash than it should have is refused, and not kept",
          "[maisie][uploads]") {
  UploadServer server;
  auto right = sha256_of("WEIGHTS");
  std::transform(right.begin(), right.end(), right.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  const auto wrong = sha256_of("weights");
  const auto path = server.finished("WEIGHTS");
  const auto refused = server.make_model(path, {{"file_sha256", wrong}});
  CHECK(refused.status == 400);
  CHECK(refused.body["message"].contains("file_sha256"));
  CHECK(server.offset(path) == "404");
  const auto part = server.upload({{"project_id", "1"}, {"file_sha256", wrong}});
  CHECK(part.status == 400);
  CHECK(part.body["message"].contains("file_sha256"));
  CHECK(test::eventually([&] { return server.contents() == 0; }));
  CHECK(server.open_uploads() == 0);
  CHECK(server.as_user("GET", kModels).data().empty());

  CHECK(server.make_model(server.finished("WEIGHTS"), {{"file_sha256", right}}).status == 200);
  CHECK(server.upload({{"project_id", "1"}, {"file_sha256", right}}).status == 200);
}

TEST_CASE("of two models with one upload one is made", "[maisie][uploads]") {
  UploadServer server;
  for (int round = 0; round < 5; ++round) {
    const auto path = server.finished(test::sample(200'000));
    std::array<Answer, 2> answers;
    {
      std::array<std::jthread, 2> threads;
      for (std::size_t i = 0; i < 2; ++i)
        threads[i] = std::jthread{[&, i] { answers[i] = server.make_model(path); }};
    }
    const bool is_first = answers[0].status == 200;
    const auto& loser = answers[is_first ? 1 : 0];
    INFO(answers[0].text << answers[1].text);
    CHECK(answers[is_first ? 0 : 1].status == 200);
    const bool is_told =
        loser.status == 409 || (loser.status == 400 && loser.body["message"].contains("upload"));
    CHECK(is_told);
  }
  CHECK(server.as_user("GET", kModels).data().size() == 5);
}

TEST_CASE("a model that goes as soon as its upload is answered takes its file along",
          "[maisie][uploads]") {
  UploadServer server;
  for (int model = 1; model <= 50; ++model) {
    REQUIRE(server.upload({{"project_id", "1"}}).status == 200);
    REQUIRE(server.as_user("DELETE", fmt::format("/api/v1/models/{}/", model)).status == 200);
    CHECK(server.contents() == 0);
  }
}

TEST_CASE("an upload that nobody goes on with is removed", "[maisie][uploads]") {
  UploadServer server{{.upload_lifetime = std::chrono::seconds{3}}};
  const auto path = server.create(10);
  const auto used = server.finished("WEIGHTS");
  CHECK(server.make_model(used, {{"project_id", 9}}).status ==
        400);  // its content is kept by the upload alone
  CHECK(test::eventually(
      [&] { return server.offset(path) == "404" && server.offset(used) == "404"; }));
  CHECK_FALSE(std::filesystem::exists(server.bytes_of(path)));
  CHECK(test::eventually([&] { return server.contents() == 0; }));
}
