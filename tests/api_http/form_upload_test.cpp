#include "api/http/form_upload.hpp"

#include <atomic>

#include <catch2/catch.hpp>

#include "engine/store/blobs.hpp"
#include "engine/store/store.hpp"
#include "tests/api_http/client.hpp"
#include "tests/engine_base/temporary_folder.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

using namespace millrace;
using namespace millrace::test;
using http::FormLimits;
using http::FormUpload;

namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=B";

struct MemoryFile final : http::FileWriter {
  Result<void> write(std::string_view more) override {
    bytes += more;
    return {};
  }
  Result<void> finish() override {
    is_finished = true;
    return {};
  }
  std::string bytes;
  bool is_finished = false;
};

FormUpload::OpenFile in_memory() {
  return [](const http::PartHead&, const FormUpload&) {
    return Result<std::unique_ptr<http::FileWriter>>{std::make_unique<MemoryFile>()};
  };
}

http::Request head_of(std::string_view type) {
  http::Request head;
  head.headers.add("Content-Type", std::string{type});
  return head;
}

std::string field(std::string_view name, std::string_view value) {
  return fmt::format("--B\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name,
                     value);
}

std::string file(std::string_view name, std::string_view filename, std::string_view bytes) {
  return fmt::format(
      "--B\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: "
      "application/x-hdf5\r\n\r\n{}\r\n",
      name, filename, bytes);
}

struct Parsed {
  std::unique_ptr<FormUpload> form;
  std::optional<Error> error;
};

Parsed parse(std::string_view body, FormLimits limits = {}, std::size_t piece = 1 << 20,
             std::string_view type = kType) {
  Parsed parsed{.form = FormUpload::accept(head_of(type), in_memory(), limits), .error = {}};
  REQUIRE(parsed.form);
  for (std::size_t at = 0; at < body.size(); at += piece)
    if (auto done = parsed.form->write(body.substr(at, piece)); !done.ok()) {
      parsed.error = done.error();
      return parsed;
    }
  if (auto done = parsed.form->finish(); !done.ok()) parsed.error = done.error();
  return parsed;
}

/// Stores the file of a form by its content.
class BlobFile final : public http::FileWriter {
 public:
  explicit BlobFile(std::unique_ptr<BlobWriter> blob) : blob_{std::move(blob)} {}
  Result<void> write(std::string_view bytes) override { return blob_->write(bytes); }
  Result<void> finish() override {
    MR_TRY(name, blob_->finish());
    return {};
  }
  Result<BlobPin> publish() { return blob_->publish(); }
  BlobName name;

 private:
  std::unique_ptr<BlobWriter> blob_;
};

/// A server that stores the file of a form and answers with its name and size.
struct UploadServer {
  UploadServer() {
    store = *Store::open({.folder = folder.path() / "store"});
    server.emplace(http::Site{.handler = [](const std::shared_ptr<http::Request>& request,
                                            const http::Reply& reply) { reply(answer(*request)); },
                              .plan_body =
                                  [this](const http::Request& head) {
                                    constexpr std::size_t kMost = 64u << 20;
                                    auto form = accept(head);
                                    return form ? http::BodyPlan::give(std::move(form), kMost)
                                                : http::BodyPlan::keep(kMost);
                                  }});
  }

  std::unique_ptr<FormUpload> accept(const http::Request& head) {
    return FormUpload::accept(
        head,
        [this](const http::PartHead&,
               const FormUpload&) -> Result<std::unique_ptr<http::FileWriter>> {
          MR_TRY(auto blob, store->blobs()->stage());
          ++staged;
          return std::unique_ptr<http::FileWriter>{std::make_unique<BlobFile>(std::move(blob))};
        });
  }

  static http::Response answer(const http::Request& request) {
    if (!request.upload) return echo(request);
    auto& form = static_cast<FormUpload&>(*request.upload);
    if (form.files().empty()) return http::Response::text(400, "no file");
    auto& blob = static_cast<BlobFile&>(*form.files().front().writer);
    if (const auto pin = blob.publish(); !pin.ok())
      return http::Response::text(500, pin.error().message);
    return http::Response::text(201, fmt::format("{} {} {}", blob.name.sha256, blob.name.size_bytes,
                                                 form.field("name").value_or("?")));
  }

  /// Names the files below the store, but for locks.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{folder.path() / "store"})
      if (!entry.is_directory() && entry.path().extension() != ".lock")
        names.push_back(entry.path().filename().string());
    return names;
  }

  Reply post(std::string_view body, std::string_view type = kType) const {
    Client client{server->port};
    client.try_send(post_head("/", body.size(), fmt::format("Content-Type: {}\r\n", type)));
    client.try_send(body);
    return client.read_reply();
  }

  TemporaryFolder folder;
  std::unique_ptr<Store> store;
  std::atomic<int> staged{0};
  std::optional<TestServer> server;
};

}  // namespace

TEST_CASE("a form is taken apart the same in pieces of any size", "[http][form]") {
  const auto body = field("name", "mnist") + field("tag", "a") +
                    file("file", "model \\\"x\\\".h5", "bytes\r\n--A") + field("tag", "b") +
                    "--B--\r\n";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    const auto parsed = parse(body, {}, piece);
    REQUIRE_FALSE(parsed.error);
    const auto& fields = parsed.form->fields();
    REQUIRE(fields.size() == 3);
    CHECK(fields[0].name == "name");
    CHECK(fields[0].value == "mnist");
    CHECK(fields[2].value == "b");
    CHECK(parsed.form->field("tag") == "a");
    CHECK_FALSE(parsed.form->field("file"));
    REQUIRE(parsed.form->files().size() == 1);
    const auto& got = parsed.form->files().front();
    CHECK(got.name == "file");
    CHECK(got.filename == "model \"x\".h5");
    CHECK(got.content_type == "application/x-hdf5");
    CHECK(got.size_bytes == 10);
    const auto& writer = static_cast<const MemoryFile&>(*got.writer);
    CHECK(writer.bytes == "bytes\r\n--A");
    CHECK(writer.is_finished);
  }
}

TEST_CASE("only multipart/form-data is a form", "[http][form]") {
  for (const auto* type : {"", "application/json", "application/x-www-form-urlencoded",
                           "multipart/mixed; boundary=B", "multipart/form-data-x; boundary=B"})
    CHECK_FALSE(FormUpload::accept(head_of(type), in_memory()));
  CHECK_FALSE(FormUpload::accept(http::Request{}, in_memory()));
  CHECK(FormUpload::accept(head_of("Multipart/Form-Data ; boundary=B"), in_memory()));
}

TEST_CASE("a form without a boundary is refused with its first bytes", "[http][form]") {
  const auto parsed = parse(field("a", "b") + "--B--", {}, 100, "multipart/form-data");
  REQUIRE(parsed.error);
  CHECK(parsed.error->code == Code::InvalidArgument);
  CHECK(parsed.error->message.find("boundary") != std::string::npos);
}

TEST_CASE("limits of a form are told with the field that broke them", "[http][form]") {
  const auto fault = [](std::string_view body, FormLimits limits) {
    const auto parsed = parse(body, limits, 7);
    REQUIRE(parsed.error);
    return *parsed.error;
  };
  const auto two = field("a", "12345") + field("b\x01", "67890") + "--B--";
  CHECK_FALSE(parse(two, {.fields = 2, .field_bytes = 5, .fields_bytes = 13}, 7).error);
  for (const FormLimits& limits : {FormLimits{.fields = 1}, FormLimits{.fields_bytes = 12}}) {
    const auto error = fault(two, limits);
    CHECK(error.code == Code::Exhausted);
    CHECK(error.field == "b\x01");
    CHECK(error.message.find("(field b") != std::string::npos);
    CHECK(error.message.find('\x01') == std::string::npos);
  }
  CHECK(fault(two, {.field_bytes = 4}).field == "a");
  const auto files = file("f", "x", "1") + file("g", "y", "2") + "--B--";
  CHECK_FALSE(parse(files, {.files = 2}).error);
  const auto error = fault(files, {.files = 1});
  CHECK(error.code == Code::InvalidArgument);
  CHECK(error.field == "g");
  CHECK(error.message.find("more than 1 file (") != std::string::npos);
}

TEST_CASE("forms that are no forms are data faults", "[http][form]") {
  const std::vector<std::pair<std::string, std::string>> bodies{
      {"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--", "without a name"},
      {field("", "x") + "--B--", "empty name"},
      {"--B\r\nContent-Disposition: form-data; name=\"files\"\r\nContent-Type: multipart/mixed; "
       "boundary=C\r\n\r\n--C\r\n\r\nx\r\n--C--\r\n--B--",
       "a form within the form"},
      {field("a", "b"), "closing boundary is missing"},
      {file("f", "x", "half of it"), "closing boundary is missing"},
      {"no boundary anywhere", "closing boundary is missing"}};
  for (const auto& [body, what] : bodies) {
    INFO(what);
    const auto parsed = parse(body, {}, 5);
    REQUIRE(parsed.error);
    CHECK(parsed.error->code == Code::DataInvalid);
    CHECK(parsed.error->message.find(what) != std::string::npos);
  }
}

TEST_CASE("a file is stored by its content while it arrives", "[http][form]") {
  UploadServer server;
  const auto bytes = sample(5'000'000);
  const auto body = field("name", "mnist") + file("file", "m.h5", bytes) + "--B--\r\n";
  const auto wanted = fmt::format("{} 5000000 mnist", to_hex(sha256(bytes)));
  for (int i = 0; i < 2; ++i) {
    const auto reply = server.post(body);
    CHECK(reply.status == 201);
    CHECK(reply.body == wanted);
  }
  CHECK(server.files() == std::vector{to_hex(sha256(bytes))});
  CHECK(server.store->blobs()->verify(to_hex(sha256(bytes))).ok());
  CHECK(server.post("{}", "application/json").body == "POST / {}");
}

TEST_CASE("a form that is abused is a clear error and leaves nothing", "[http][form]") {
  UploadServer server;
  const auto begun = file("file", "m.h5", sample(500'000));
  const auto refuses = [&](const std::string& body, int status, std::string_view what,
                           std::string_view type = kType) {
    INFO(what);
    const auto reply = server.post(body, type);
    CHECK(reply.status == status);
    CHECK(reply.body.find(what) != std::string::npos);
    CHECK(eventually([&] { return server.files().empty(); }));
  };
  std::string many = begun;
  for (int i = 0; i < 100'000; ++i) many += field("p", "");
  refuses(many + "--B--", 413, "more than 1000 fields (field p)");
  refuses(begun, 400, "boundary of 1 to 70", "multipart/form-data");
  refuses(begun, 400, "closing boundary is missing");
  refuses(begun + file("file", "n.h5", "x") + "--B--", 400, "more than 1 file");
  refuses(begun + field("", "x") + "--B--", 400, "empty name");
  refuses(begun + field("long", std::string(1'100'000, 'x')) + "--B--", 413, "(field long)");
  CHECK(server.staged >= 5);
}

TEST_CASE("a client that goes away in the middle of its file leaves nothing", "[http][form]") {
  UploadServer server;
  const auto body = file("file", "m.h5", sample(2'000'000)) + "--B--\r\n";
  Client client{server.server->port};
  client.send(post_head("/", body.size(), fmt::format("Content-Type: {}\r\n", kType)));
  client.send(std::string_view{body}.substr(0, 1'000'000));
  REQUIRE(eventually([&] { return server.staged == 1 && server.files().size() == 1; }));
  ::shutdown(client.descriptor(), SHUT_RDWR);
  CHECK(eventually([&] { return server.files().empty(); }));
}

TEST_CASE("a handler that stores nothing of an upload leaves nothing", "[http][form]") {
  UploadServer server;
  CHECK(server.post(field("name", "x") + "--B--").body == "no file");
  CHECK(server.files().empty());
}
