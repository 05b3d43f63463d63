#include "engine/store/blobs.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/base/utf8.hpp"
#include "engine/store/blob_claims.hpp"
#include "engine/store/object_folder.hpp"
#include "engine/store/put_staging.hpp"
#include "engine/store/uploads.hpp"

#include <fmt/format.h>

namespace millrace {
namespace {

constexpr std::string_view kFolder = ".blobs";  // no name of a zone
constexpr std::string_view kAside = ".blobs/.aside";
constexpr std::size_t kDigits = 64;
constexpr std::size_t kReadBytes = 1u << 20;

std::string folder_of(std::string_view sha256) {
  return fmt::format("{}/{}", kFolder, sha256.substr(0, 2));
}

std::string place_of(std::string_view sha256) {
  return fmt::format("{}/{}", folder_of(sha256), sha256);
}

// Where a content lies that is being removed.
std::string aside_of(std::string_view sha256) { return fmt::format("{}/{}", kAside, sha256); }

Result<void> check(std::string_view sha256) {
  if (is_blob_name(sha256)) return {};
  return Error{
      Code::InvalidArgument,
      "blob: a content is named by 64 hexadecimal digits in lower case, not: " + printable(sha256)};
}

/// Says whose content is missing; other faults get context.
Error explain(std::string_view what, std::string_view sha256, const Error& error) {
  if (error.code != Code::NotFound) return error.within(what);
  return {Code::NotFound, fmt::format("{}: no such content: {}", what, sha256), "no_object"};
}

}  // namespace

bool is_blob_name(std::string_view text) {
  return text.size() == kDigits && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string blob_uri(std::string_view sha256) { return std::string{"blob:"}.append(sha256); }

// --- pins ---

BlobPin::BlobPin(std::shared_ptr<detail::BlobClaims> claims, std::string sha256)
    : claims_{std::move(claims)}, sha256_{std::move(sha256)} {}

BlobPin& BlobPin::operator=(BlobPin&& other) noexcept {
  if (this != &other) {
    release();
    claims_ = std::move(other.claims_);
    sha256_ = std::move(other.sha256_);
  }
  return *this;
}

void BlobPin::release() {
  if (const auto claims = std::exchange(claims_, nullptr)) claims->let_go(sha256_);
}

// --- writing ---

BlobWriter::BlobWriter(Blobs& blobs, std::string staged, std::unique_ptr<WritableFile> file)
    : blobs_{blobs}, staged_{std::move(staged)}, file_{std::move(file)} {}

BlobWriter::~BlobWriter() {
  file_.reset();
  // What cannot be removed now goes when the store is opened again.
  if (!staged_.empty()) static_cast<void>(blobs_.disk_.remove(staged_));
}

Result<void> BlobWriter::write(std::string_view bytes) {
  if (!file_) return Error{Code::Internal, "write blob: its bytes are complete"};
  if (auto done = file_->append(bytes); !done.ok()) return done.error().within("write blob");
  digest_.update(bytes);
  return {};
}

Result<BlobName> BlobWriter::finish() {
  if (!file_) return Error{Code::Internal, "finish blob: its bytes are complete"};
  if (auto done = file_->sync(); !done.ok()) return done.error().within("finish blob");
  name_ = {to_hex(std::move(digest_).finish()), file_->size()};
  file_.reset();
  return name_;
}

Result<BlobPin> BlobWriter::publish() {
  if (file_ || staged_.empty())
    return Error{Code::Internal, "publish blob: not finished, or twice"};
  auto done = blobs_.adopt(staged_, name_);
  if (!done.ok()) return done.error().within("publish blob");
  staged_.clear();
  return done;
}

// --- the store of contents ---

Blobs::Blobs(Disk& disk)
    : disk_{disk},
      staging_{std::make_unique<detail::PutStaging>(disk, std::string{kFolder} + "/.put")},
      claims_{std::make_shared<detail::BlobClaims>()} {
  staging_->sweep();
  restore_aside();
  uploads_ = std::make_unique<Uploads>(disk, *this);
}

Blobs::~Blobs() = default;

Result<std::unique_ptr<BlobWriter>> Blobs::stage() {
  const auto made = [&]() -> Result<std::unique_ptr<BlobWriter>> {
    MR_TRY(auto staged, staging_->next());
    MR_TRY(auto file, disk_.create(staged));
    return std::unique_ptr<BlobWriter>{new BlobWriter{*this, std::move(staged), std::move(file)}};
  };
  auto writer = made();
  if (!writer.ok()) return writer.error().within("stage blob");
  return writer;
}

Result<BlobPin> Blobs::adopt(const std::string& file, const BlobName& name) {
  MR_TRY(auto held, pin(name.sha256));
  const auto place = place_of(name.sha256);
  const auto found = disk_.stat(place);
  if (!found.ok() && found.error().code != Code::NotFound) return found.error();
  // A file of another size was cut or grown by somebody else's hand: ours takes its place.
  if (found.ok() && !found->is_folder && found->size == name.size_bytes) {
    MR_CHECK(disk_.remove(file));
  } else {
    MR_CHECK(disk_.rename(file, place));
  }
  // Who published the same bytes a moment ago may not have come so far. The folders above may be
  // new.
  MR_CHECK(disk_.sync_folder(folder_of(name.sha256)));
  MR_CHECK(disk_.sync_folder(kFolder));
  MR_CHECK(disk_.sync_folder(""));
  return held;
}

Result<Blobs::Stat> Blobs::stat(std::string_view sha256) {
  MR_CHECK(check(sha256));
  const auto found = disk_.stat(place_of(sha256));
  if (!found.ok()) return explain("look up blob", sha256, found.error());
  return Stat{found->size, found->modified_us};
}

Result<Blobs::Content> Blobs::open(std::string_view sha256) {
  MR_TRY(const auto stat_now, stat(sha256));
  auto file = disk_.open(place_of(sha256));
  if (!file.ok()) return explain("open blob", sha256, file.error());
  return Content{detail::read_file(*std::move(file)), stat_now};
}

Result<void> Blobs::verify(std::string_view sha256) {
  MR_TRY(const auto content, open(sha256));
  Sha256 digest;
  std::vector<char> buffer(kReadBytes);
  while (true) {
    const auto got = content.reader->read(buffer);
    if (!got.ok()) return got.error().within("verify blob");
    if (*got == 0) break;
    digest.update({buffer.data(), *got});
  }
  const auto is = to_hex(std::move(digest).finish());
  if (is == sha256) return {};
  return Error{Code::DataInvalid,
               fmt::format("verify blob: {} has been changed, its content is {}", sha256, is)};
}

Result<void> Blobs::list(const std::function<void(const BlobName&)>& each) {
  const auto done = [&]() -> Result<void> {
    const auto folders = disk_.list(kFolder);
    if (!folders.ok() && folders.error().code == Code::NotFound) return {};  // nothing has come yet
    MR_CHECK(folders);
    for (const auto& folder : *folders) {
      if (!folder.is_folder) continue;
      MR_TRY(const auto files, disk_.list(folder.name));
      for (const auto& file : files) {
        const auto leaf = file.name.substr(folder.name.size() + 1);
        if (is_blob_name(leaf) && file.name == place_of(leaf) && !file.is_folder) {
          each({leaf, file.size});
        }
      }
    }
    return {};
  }();
  if (!done.ok()) return done.error().within("list blobs");
  return {};
}

Result<BlobPin> Blobs::pin(std::string_view sha256) {
  MR_CHECK(check(sha256));
  std::string name{sha256};
  claims_->hold(name);
  return BlobPin{claims_, std::move(name)};
}

Result<bool> Blobs::remove_unless(std::string_view sha256,
                                  const std::function<Result<bool>()>& is_referred) {
  MR_CHECK(check(sha256));
  const std::string name{sha256};
  if (!claims_->begin_removal(name)) return false;
  struct End {
    detail::BlobClaims& claims;
    const std::string& name;
    ~End() { claims.end_removal(name); }
  } const end{*claims_, name};
  MR_TRY(const bool is_wanted, is_referred());
  if (is_wanted) return false;
  // Pins are known to this process only. Another one notes that it refers to a content before it
  // looks whether that is there: so it finds none now, or its note is seen now.
  if (auto done = disk_.rename(place_of(name), aside_of(name)); !done.ok()) {
    return explain("remove blob", name, done.error());
  }
  const auto is_wanted_now = is_referred();
  if (!is_wanted_now.ok() || *is_wanted_now) {
    auto back = disk_.rename(aside_of(name), place_of(name));
    // Whoever opened the store meanwhile has brought it back.
    if (!back.ok() && back.error().code != Code::NotFound) return back.error().within("keep blob");
    MR_CHECK(is_wanted_now);
    return false;
  }
  if (auto done = disk_.remove(aside_of(name)); !done.ok()) {
    return explain("remove blob", name, done.error());
  }
  return true;
}

void Blobs::restore_aside() {
  const auto left = disk_.list(kAside);
  if (!left.ok()) return;  // nothing was ever removed
  for (const auto& entry : *left) {
    const auto name = entry.name.substr(kAside.size() + 1);
    // What cannot be moved now is for the next opening.
    if (is_blob_name(name)) static_cast<void>(disk_.rename(entry.name, place_of(name)));
  }
}

}  // namespace millrace
