#include "client/src/upload_record.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

#include <millrace/client/error.hpp>
#include <millrace/client/json.hpp>

#include <sys/file.h>
#include <sys/stat.h>

namespace millrace::client::detail {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBytes = 64u << 10;

fs::path default_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return fs::path{state} / "millrace";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return fs::path{home} / ".local/state/millrace";
  return {};
}

// FNV-1a: only to find a file by; what stands in it decides.
std::string short_name(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  std::array<char, 24> name{};
  std::snprintf(name.data(), name.size(), "%016llx", static_cast<unsigned long long>(hash));
  return name.data();
}

}  // namespace

LocalFile LocalFile::look(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    throw FileError{"cannot read " + path.string() + ": " + std::strerror(errno)};
  std::error_code ignored;
  return {
      fs::absolute(path, ignored).lexically_normal(), static_cast<std::uint64_t>(status.st_size),
      static_cast<std::int64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + status.st_mtim.tv_nsec};
}

bool is_upload_id(const std::string& text) {
  constexpr std::size_t kMostCharacters = 128;
  return !text.empty() && text.size() <= kMostCharacters &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-' || c == '_';
         });
}

UploadRecord::UploadRecord(fs::path folder, const std::string& server, const std::string& login,
                           const LocalFile& file)
    : key_{Json{server, login, file.path.string(), file.size_bytes, file.modified_ns}.dump(
          -1, ' ', false, Json::error_handler_t::replace)} {
  if (folder.empty()) folder = default_folder();
  if (folder.empty()) return;
  std::error_code failed;
  fs::create_directories(folder / "uploads", failed);
  if (failed) return;
  // A changed file takes the place of what it was.
  path_ = folder / "uploads" /
          (short_name(server + '\n' + login + '\n' + file.path.string()) + ".json");
  descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor_ < 0) return;
  struct stat status {};
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 || ::fstat(descriptor_, &status) != 0 ||
      !S_ISREG(status.st_mode) || status.st_nlink != 1 || status.st_uid != ::geteuid()) {
    ::close(descriptor_);
    descriptor_ = -1;
    return;
  }
  read();
}

UploadRecord::~UploadRecord() {
  if (descriptor_ < 0) return;
  if (id_.empty()) ::unlink(path_.c_str());
  ::close(descriptor_);
}

void UploadRecord::read() {
  std::string text(kMaxBytes, '\0');
  const auto got = ::pread(descriptor_, text.data(), text.size(), 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto record = Json::parse(text, nullptr, false);
  if (!record.is_object() || record.value("key", Json{}) != Json(key_)) return;
  const auto id = record.value("upload", Json{});
  if (id.is_string() && is_upload_id(id.get<std::string>())) id_ = id.get<std::string>();
}

void UploadRecord::keep(const std::string& id) {
  id_ = id;
  if (descriptor_ < 0) return;
  const auto text = Json{{"key", key_}, {"upload", id}}.dump() + "\n";
  // One that is written half holds no JSON, and is passed over.
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    static_cast<void>(::ftruncate(descriptor_, 0));
  }
}

void UploadRecord::forget() {
  id_.clear();
  if (descriptor_ >= 0 && ::ftruncate(descriptor_, 0) != 0) ::unlink(path_.c_str());
}

}  // namespace millrace::client::detail
