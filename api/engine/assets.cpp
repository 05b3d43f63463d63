#include "api/engine/assets.hpp"

#include <array>
#include <utility>

#include "engine/base/disk.hpp"

#include <fmt/format.h>

namespace millrace::api {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes{
    {{".html", "text/html; charset=utf-8"},
     {".css", "text/css; charset=utf-8"},
     {".js", "text/javascript; charset=utf-8"},
     {".png", "image/png"},
     {".svg", "image/svg+xml"}}};

class FileObject final : public ObjectReader {
 public:
  explicit FileObject(std::unique_ptr<ReadableFile> file) : file_{std::move(file)} {}

  Result<std::size_t> read(std::span<char> buffer) override {
    auto size = file_->read_at(offset_, buffer);
    if (size.ok()) offset_ += *size;
    return size;
  }
  Result<void> seek(std::uint64_t offset) override {
    offset_ = offset;
    return {};
  }

 private:
  std::unique_ptr<ReadableFile> file_;
  std::uint64_t offset_ = 0;
};

}  // namespace

Assets Assets::open(const fs::path& folder) {
  Assets assets;
  assets.folder_ = folder;
  std::error_code error;
  for (fs::directory_iterator place{folder, error}, end; !error && place != end;
       place.increment(error)) {
    for (const auto& [extension, type] : kTypes)
      if (place->path().extension() == extension)
        assets.types_.emplace(place->path().filename(), type);
  }
  return assets;
}

Result<http::Response> Assets::get(std::string_view name) const {
  // Swagger UI writes style attributes and draws its icons from data: addresses.
  constexpr std::string_view kPage =
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
      "frame-ancestors 'none'";
  // Its page for the way back from a sign-in is one script.
  constexpr std::string_view kSignIn =
      "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'";
  const auto type = types_.find(name);
  if (type == types_.end()) return Error{Code::NotFound, fmt::format("no such page: {}", name)};
  MR_TRY(const auto disk, open_disk(folder_, DiskOwner::Others));
  MR_TRY(auto file, disk->open(name));
  http::Response response{
      .headers = {{"Content-Type", type->second},
                  {"Cache-Control", "no-cache"},
                  {"X-Content-Type-Options", "nosniff"},
                  {"Content-Security-Policy",
                   std::string{name == "oauth2-redirect.html" ? kSignIn : kPage}}}};
  const auto size = file->size();
  response.body =
      http::ObjectBody{.reader = std::make_shared<FileObject>(std::move(file)), .size = size};
  return response;
}

}  // namespace millrace::api
