#include "api/maisie/model_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <spdlog/spdlog.h>

#include "api/maisie/upload_metadata.hpp"
#include "engine/base/random.hpp"
#include "engine/job/content_collector.hpp"

#include <fmt/format.h>

namespace millrace::maisie {

Result<std::unique_ptr<http::FileWriter>> ModelFile::open(SharedRegistry registry,
                                                          const http::PartHead& head) {
  MR_TRY(auto writer, registry->blobs.stage());
  return std::unique_ptr<http::FileWriter>{
      new ModelFile{std::move(registry), head.filename.value_or(""), std::move(writer)}};
}

ModelFile::~ModelFile() {
  if (!is_published_ || is_kept_) return;
  pin_.release();
  const auto removed = remove_unreferred(registry_->blobs, registry_->catalog, name_.sha256);
  if (!removed.ok())
    spdlog::warn("the file of a refused upload stays behind error={}", removed.error().message);
}

Result<void> ModelFile::write(std::string_view bytes) { return writer_->write(bytes); }

Result<void> ModelFile::finish() {
  MR_TRY(name_, writer_->finish());
  return {};
}

Result<void> ModelFile::publish() {
  MR_TRY(pin_, writer_->publish());
  is_published_ = true;
  return {};
}

Result<std::shared_ptr<ModelContent>> UploadedFile::take(Uploads& uploads, std::string_view id,
                                                         std::string_view owner) {
  MR_TRY(auto claim, uploads.claim(id, owner));
  return std::shared_ptr<ModelContent>{std::make_shared<UploadedFile>(std::move(claim))};
}

std::string UploadedFile::client_name() const {
  return upload_metadata_value(claim_->note(), "filename");
}

void UploadedFile::drop() {
  const auto done = claim_->use_up();
  // It goes, like one that nobody goes on with, when its time is over.
  if (!done.ok()) spdlog::warn("a used upload stays behind error={}", done.error().message);
}

std::string stored_name(std::string_view client_name) {
  constexpr std::size_t kLongest = 32;
  const auto slash = client_name.find_last_of("/\\");
  if (slash != std::string_view::npos) client_name.remove_prefix(slash + 1);
  const auto dot = client_name.rfind('.');
  auto extension = dot == std::string_view::npos ? std::string_view{} : client_name.substr(dot + 1);
  std::string name = system_random().uuid();
  const bool is_plain = !extension.empty() && extension.size() <= kLongest &&
                        std::all_of(extension.begin(), extension.end(), [](unsigned char c) {
                          return std::isalnum(c) || c == '_' || c == '-';
                        });
  if (!is_plain) return name;
  name += '.';
  for (const char c : extension)
    name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

std::string_view media_type(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kTypes{
      {{".json", "application/json"},
       {".txt", "text/plain"},
       {".csv", "text/csv"},
       {".zip", "application/zip"},
       {".gz", "application/gzip"},
       {".tar", "application/x-tar"},
       {".h5", "application/x-hdf5"},
       {".hdf5", "application/x-hdf5"},
       {".pdf", "application/pdf"},
       {".png", "image/png"},
       {".jpg", "image/jpeg"},
       {".xml", "application/xml"},
       {".yaml", "application/yaml"},
       {".bin", "application/octet-stream"}}};
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [name](const auto& type) { return name.ends_with(type.first); });
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

}  // namespace millrace::maisie
