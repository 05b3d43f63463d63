#include <algorithm>
#include <filesystem>

#include <catch2/catch.hpp>

#include <millrace/client.hpp>

#include "client/src/partial_file.hpp"
#include "tests/client/raw_server.hpp"
#include "tests/client/registry.hpp"

#include <sys/stat.h>

using namespace millrace;
using namespace millrace::client;
using namespace millrace::test;

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

namespace {

constexpr auto kFile = "GET /storage/download/7/";
constexpr auto kFileLine = "GET /storage/download/7/";

// Reads a text, and fails behind `end`.
class TextReader final : public ObjectReader {
 public:
  TextReader(std::string text, std::size_t end) : text_{std::move(text)}, end_{end} {}
  Result<std::size_t> read(std::span<char> buffer) override {
    if (at_ >= end_) return millrace::Error{Code::Io, "the disk is gone"};
    const auto size = std::min(buffer.size(), end_ - at_);
    std::copy_n(text_.data() + at_, size, buffer.data());
    at_ += size;
    return size;
  }
  Result<void> seek(std::uint64_t offset) override {
    at_ = offset;
    return {};
  }

 private:
  std::string text_;
  std::size_t at_ = 0, end_;
};

// A registry with model 7, whose file it sends in ranges.
class Place {
 public:
  explicit Place(const std::string& name = "\"lenet\"") {
    registry.on("GET /api/v1/models/7/", 200,
                R"({"data": {"id": 7, "name": )" + name + R"(, "_links": {"download": ")" +
                    registry.address() + R"(/storage/download/7/"}}})");
  }

  // Sends `bytes` under `tag`; the connection breaks behind `end` bytes.
  void serve(const std::string& bytes, const std::string& tag, std::size_t end = SIZE_MAX) {
    registry.on(kFile, [=](const http::Request&) {
      http::Response response;
      response.headers = {{"ETag", tag}, {"Content-Disposition", "attachment; filename=5f.bin"}};
      response.body = http::ObjectBody{
          std::make_shared<TextReader>(bytes, std::min(end, bytes.size())), bytes.size()};
      return response;
    });
  }

  // The requests for the file, with the range that each asks for.
  [[nodiscard]] Lines fetches() const {
    Lines found;
    for (const auto& one : registry.arrived()) {
      if (one.line == kFileLine) found.push_back(one.range + " " + one.if_range);
    }
    return found;
  }

  Surroundings here;
  Registry registry;
  std::shared_ptr<Config> config = registry.config({{"logging_level", "ERROR"}});
  Models models{config};
};

std::string bytes_of(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 + i / 256);
  return bytes;
}

Lines names_in(const fs::path& folder) {
  Lines names;
  for (const auto& entry : fs::directory_iterator{folder}) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("a download lies under the name of the model, and nothing beside it",
          "[client][download]") {
  Place place;
  const auto bytes = bytes_of(3'000'000);
  place.serve(bytes, "\"v1\"");
  place.here.write("out/lenet", "an older one");
  std::uint64_t last = 0;
  bool is_steady = true;
  const auto path = place.models.download(
      7, {.path = "out", .progress = [&](std::uint64_t done, std::uint64_t total) {
            is_steady = is_steady && done >= last && (total == 0 || total == 3'000'000);
            last = done;
            return true;
          }});
  CHECK(path == "out/lenet");
  CHECK(place.here.read("out/lenet") == bytes);
  CHECK(names_in("out") == Lines{"lenet"});
  CHECK(is_steady);
  CHECK(last == bytes.size());
  CHECK(place.registry.last().authorization == place.config->headers().at("Authorization"));
  CHECK(place.models.download(7) == "lenet");  // the current folder
}

TEST_CASE("a name cannot lead out of the folder, and an empty one falls back",
          "[client][download]") {
  const auto name = GENERATE(R"("../../up")", R"("")", "null", R"("a/b\u0000c")");
  Place place{name};
  place.serve("x", "\"v1\"");
  place.here.enter("deep/er");
  const auto path = place.models.download(7);
  const std::string word{name};
  const auto expected = word.find("up") != std::string::npos    ? "_._.._up"
                        : word.find("a/b") != std::string::npos ? "a_b_c"
                                                                : "5f.bin";
  CHECK(path == expected);
  CHECK(names_in(".") == Lines{expected});
  CHECK(names_in(place.here.path(".")) == Lines{"deep"});
}

TEST_CASE("a model without name whose file has none is called by its number",
          "[client][download]") {
  Place place{"null"};
  place.registry.on(kFile, [](const http::Request&) { return http::Response::text(200, "x"); });
  CHECK(place.models.download(7) == "model-7");
}

TEST_CASE("a part of the same file is continued", "[client][download][resume]") {
  Place place;
  const auto bytes = bytes_of(1'000'000);
  place.serve(bytes, "\"v1\"", 400'000);
  CHECK(place.models.download(7).empty());
  CHECK(names_in(".") == Lines{"model-7.part", "model-7.part.tag"});
  const auto kept = fs::file_size("model-7.part");
  CHECK(kept > 0);
  CHECK(kept <= 400'000);
  // The second try has gone on where the first ended.
  REQUIRE(place.fetches().size() == 2);
  CHECK(place.fetches()[0] == " ");
  CHECK(place.fetches()[1].starts_with("bytes="));
  CHECK(place.fetches()[1].ends_with("- \"v1\""));

  place.serve(bytes, "\"v1\"");
  std::uint64_t first = 0, total = 0;
  CHECK(place.models.download(7, {.progress = [&](std::uint64_t done, std::uint64_t all) {
                                if (first == 0) first = done;
                                total = all;
                                return true;
                              }}) == "lenet");
  CHECK(first >= kept);
  CHECK(total == bytes.size());
  CHECK(place.fetches().back() == "bytes=" + std::to_string(kept) + "- \"v1\"");
  CHECK(place.here.read("lenet") == bytes);
  CHECK(names_in(".") == Lines{"lenet"});
}

TEST_CASE("a part of another file is thrown away", "[client][download][resume]") {
  Place place;
  place.serve(bytes_of(1'000'000), "\"v1\"", 400'000);
  CHECK(place.models.download(7).empty());
  const std::string other(900'000, 'o');
  place.serve(other, "\"v2\"");
  CHECK(place.models.download(7) == "lenet");
  CHECK(place.fetches().back().ends_with("- \"v1\""));  // it asked, and got the whole new file
  CHECK(place.here.read("lenet") == other);
}

TEST_CASE("a server that mixes up ranges is not believed", "[client][download][resume]") {
  Place place;
  const auto bytes = bytes_of(1'000);
  place.here.write("model-7.part", bytes.substr(0, 300));
  place.here.write("model-7.part.tag", place.registry.address() + "/storage/download/7/\n\"v1\"\n");
  const auto kind = GENERATE(0, 1, 2);
  place.registry.on(kFile, [=](const http::Request& request) {
    if (request.headers.get("Range").empty()) return http::Response::text(200, bytes);
    http::Response response;
    response.status = kind == 2 ? 416 : 206;
    if (kind == 0) response.headers = {{"Content-Range", "bytes 200-999/1000"}, {"ETag", "\"v1\""}};
    if (kind == 1) response.headers = {{"Content-Range", "bytes 300-999/1000"}, {"ETag", "\"v2\""}};
    response.body = bytes.substr(200);
    return response;
  });
  CHECK(place.models.download(7) == "lenet");
  CHECK(place.here.read("lenet") == bytes);
  CHECK(place.fetches() == Lines{"bytes=300- \"v1\"", " "});
}

TEST_CASE("a part is not continued without a strong tag of its own address",
          "[client][download][resume]") {
  Place place;
  const auto bytes = bytes_of(1'000);
  place.serve(bytes, "\"v1\"");
  place.here.write("model-7.part", std::string(300, '!'));
  const auto address = place.registry.address() + "/storage/download/7/\n";
  const auto tag = GENERATE_COPY(std::string{}, address + "W/\"v1\"\n", address,
                                 std::string{"http://elsewhere/storage/download/7/\n\"v1\"\n"});
  if (!tag.empty()) place.here.write("model-7.part.tag", tag);
  CHECK(place.models.download(7) == "lenet");
  CHECK(place.fetches() == Lines{" "});
  CHECK(place.here.read("lenet") == bytes);
}

TEST_CASE("what cannot be continued is not kept", "[client][download]") {
  Place place;
  place.serve(bytes_of(1'000'000), "W/\"v1\"", 400'000);
  CHECK(place.models.download(7).empty());
  CHECK(names_in(".") == Lines{});
}

TEST_CASE("a refused download says why and leaves nothing", "[client][download]") {
  Place place;
  place.registry.on(kFile, 404, R"({"message": "The file is gone."})");
  CHECK(place.models.download(7).empty());
  CHECK(place.models.last_reply().status == 404);
  CHECK(place.models.download(8).empty());
  place.registry.on("GET /api/v1/models/9/", 200, R"({"data": {"id": 9, "name": "n"}})");
  CHECK(place.models.download(9).empty());
  CHECK(place.registry.log() ==
        LogLines{"ERROR The file of model 7: The file is gone.",
                 "ERROR GET models/8/: The requested URL was not found on the server.",
                 "ERROR The file of model 9: the model has no address of its file"});
  CHECK(names_in(".") == Lines{});
}

TEST_CASE("a download can be stopped, and goes on later", "[client][download]") {
  Place place;
  const auto bytes = bytes_of(4'000'000);
  place.serve(bytes, "\"v1\"");
  CHECK(place.models
            .download(
                7, {.progress = [](std::uint64_t done, std::uint64_t) { return done < 1'000'000; }})
            .empty());
  CHECK(place.models.last_reply().problem == "stopped");
  CHECK(place.models.download(7) == "lenet");
  CHECK(place.fetches().back() != " ");
  CHECK(place.here.read("lenet") == bytes);
}

TEST_CASE("the token goes to no other server than the registry", "[client][download]") {
  Place place;
  RawServer other{[](const std::string&) -> std::string {
    return "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx";
  }};
  place.registry.on("GET /api/v1/models/7/", 200,
                    R"({"data": {"id": 7, "name": "n", "_links": {"download": ")" +
                        other.address() + R"(/f?ticket=abc"}}})");
  CHECK(place.models.download(7) == "n");
  REQUIRE(other.requests().size() == 1);
  CHECK(other.requests()[0].starts_with("GET /f?ticket=abc HTTP/1.1\r\n"));
  CHECK(other.requests()[0].find("Authorization") == std::string::npos);
  for (const auto* link : {"file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/"}) {
    INFO(link);
    place.registry.on("GET /api/v1/models/7/", 200,
                      std::string{R"({"data": {"id": 7, "name": "p", "_links": {"download": ")"} +
                          link + R"("}}})");
    CHECK(place.models.download(7).empty());
    CHECK_FALSE(fs::exists("p"));
  }
}

TEST_CASE("a part is a plain file of its own that one download writes", "[client][download]") {
  Place place;
  place.serve("x", "\"v1\"");
  const auto other = place.here.write("precious", "precious");
  fs::create_symlink(other, "model-7.part");
  CHECK_THROWS_AS(place.models.download(7), FileError);
  fs::remove("model-7.part");
  fs::create_hard_link(other, "model-7.part");
  CHECK_THROWS_AS(place.models.download(7), FileError);
  fs::remove("model-7.part");
  CHECK(place.here.read("precious") == "precious");
  {
    const client::detail::PartialFile held{".", "model-7"};
    CHECK_THROWS_AS(place.models.download(7), FileError);
  }
  CHECK(place.models.download(7) == "lenet");
  CHECK(place.models.download(7, {.path = "new/folder"}) == "new/folder/lenet");
  CHECK_THROWS_AS(place.models.download(7, {.path = "lenet/below"}), FileError);
  CHECK_THROWS_AS(place.models.download(7, {.keeps_existing = true}), FileExistsError);
  fs::create_directory("folder");
  place.registry.on("GET /api/v1/models/7/", 200,
                    R"({"data": {"id": 7, "name": "folder", "_links": {"download": ")" +
                        place.registry.address() + R"(/storage/download/7/"}}})");
  CHECK_THROWS_AS(place.models.download(7), FileError);
}
