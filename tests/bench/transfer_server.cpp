#include "tests/bench/transfer_server.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include "api/http/form_upload.hpp"
#include "api/http/server.hpp"
#include "engine/store/blobs.hpp"
#include "engine/store/store.hpp"

namespace millrace::bench {

namespace {

// The file of a form, stored by its content.
class BlobFile final : public http::FileWriter {
 public:
  explicit BlobFile(std::unique_ptr<BlobWriter> blob) : blob_{std::move(blob)} {}
  Result<void> write(std::string_view bytes) override { return blob_->write(bytes); }
  Result<void> finish() override {
    MR_TRY(name_, blob_->finish());
    return {};
  }
  // Returns the name of the content.
  Result<std::string> publish() {
    MR_CHECK(blob_->publish());
    return name_.sha256;
  }

 private:
  std::unique_ptr<BlobWriter> blob_;
  BlobName name_;
};

Result<http::Response> answer(Blobs& blobs, const http::Request& request) {
  if (request.upload) {
    auto& form = static_cast<http::FormUpload&>(*request.upload);
    if (form.files().empty()) return Error{Code::InvalidArgument, "no file"};
    MR_TRY(auto name, static_cast<BlobFile&>(*form.files().front().writer).publish());
    return http::Response::text(201, std::move(name));
  }
  MR_TRY(auto content, blobs.open(std::string_view{request.path}.substr(1)));
  http::Response response;
  response.body = http::ObjectBody{std::move(content.reader), content.stat.size_bytes};
  return response;
}

http::Site site(Blobs& blobs) {
  return {.handler =
              [&blobs](const std::shared_ptr<http::Request>& request, const http::Reply& reply) {
                auto made = answer(blobs, *request);
                reply(made.ok() ? *std::move(made) : http::Response::text(400, made.error().message));
              },
          .refused = {},
          .body_sink = [&blobs](const http::Request& head) -> std::unique_ptr<http::BodySink> {
            return http::FormUpload::accept(
                head, [&blobs](const http::PartHead&) -> Result<std::unique_ptr<http::FileWriter>> {
                  MR_TRY(auto blob, blobs.stage());
                  return std::unique_ptr<http::FileWriter>{std::make_unique<BlobFile>(std::move(blob))};
                });
          }};
}

// Serves until the lifeline ends; tells the port through `announce`.
void serve(const std::filesystem::path& folder, int announce, int lifeline) {
  const auto store = *Store::open({.folder = folder});
  http::Server server{2};
  http::Limits limits;
  limits.body_bytes = std::size_t{1} << 40;
  const std::uint16_t port = *server.listen({.port = 0, .limits = limits}, site(*store->blobs()));
  server.start();
  if (::write(announce, &port, sizeof port) != sizeof port) return;
  char byte;
  while (::read(lifeline, &byte, 1) > 0) {
  }
  server.stop(std::chrono::milliseconds{0});
}

}  // namespace

TransferServer::TransferServer(const std::filesystem::path& folder) {
  std::array<int, 2> announce{}, lifeline{};
  if (::pipe(announce.data()) != 0 || ::pipe(lifeline.data()) != 0) throw std::runtime_error{"no pipe"};
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error{"no process"};
  if (process_ == 0) {
    ::close(announce[0]);
    ::close(lifeline[1]);
    serve(folder, announce[1], lifeline[0]);
    ::_exit(0);
  }
  ::close(announce[1]);
  ::close(lifeline[0]);
  lifeline_ = lifeline[1];
  const auto size = ::read(announce[0], &port_, sizeof port_);
  ::close(announce[0]);
  if (size != sizeof port_) throw std::runtime_error{"our server did not start"};
}

TransferServer::~TransferServer() {
  ::close(lifeline_);
  ::waitpid(process_, nullptr, 0);
}

double TransferServer::peak_megabytes() const {
  std::ifstream status{fmt::format("/proc/{}/status", process_)};
  for (std::string line; std::getline(status, line);) {
    if (line.find("VmHWM:") == 0) return static_cast<double>(std::stol(line.substr(6))) * 1024 / 1e6;
  }
  throw std::runtime_error{"our server has ended"};
}

}  // namespace millrace::bench
