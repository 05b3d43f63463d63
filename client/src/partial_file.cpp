#include "client/src/partial_file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <system_error>
#include <unistd.h>

#include <millrace/client/error.hpp>

#include <sys/file.h>
#include <sys/stat.h>

namespace millrace::client::detail {
namespace {

bool is_strong(std::string_view tag) {
  return tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
}

}  // namespace

PartialFile::PartialFile(const std::filesystem::path& folder, const std::string& stem)
    : part_{folder / (stem + ".part")}, tag_file_{folder / (stem + ".part.tag")} {
  descriptor_ = ::open(part_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) fail("cannot write", errno);
  struct stat status {};
  std::string why;
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1 ||
      status.st_uid != ::geteuid()) {
    why = "is no file of this user alone";
  } else if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 || !has_its_name(status)) {
    why = "is written by another download";
  }
  if (!why.empty()) {
    ::close(descriptor_);
    throw FileError{part_.string() + " " + why};
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

PartialFile::~PartialFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

// Tells whether the open file is still the one of that name: another download may have published it
// before we got the lock.
bool PartialFile::has_its_name(const struct stat& status) const {
  struct stat named {};
  return ::lstat(part_.c_str(), &named) == 0 && named.st_ino == status.st_ino &&
         named.st_dev == status.st_dev;
}

void PartialFile::fail(const std::string& what, int error_number) const {
  throw FileError{what + ": " + part_.string() + ": " + std::strerror(error_number)};
}

std::string PartialFile::tag(const std::string& address) const {
  std::ifstream file{tag_file_, std::ios::binary};
  std::string of, tag;
  if (size_ == 0 || !std::getline(file, of) || !std::getline(file, tag) || of != address) return {};
  return is_strong(tag) ? tag : std::string{};
}

void PartialFile::begin(const std::string& address, std::string_view tag) {
  // In this order: a tag never stands beside bytes of another file.
  std::error_code failed;
  std::filesystem::remove(tag_file_, failed);
  if (failed) fail("cannot remove the tag beside", failed.value());
  if (::ftruncate(descriptor_, 0) != 0) fail("cannot write", errno);
  size_ = 0;
  if (!is_strong(tag)) return;
  std::ofstream file{tag_file_, std::ios::binary | std::ios::trunc};
  if (!(file << address << "\n" << tag << "\n" << std::flush))
    fail("cannot write the tag beside", errno);
}

void PartialFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) fail("cannot write", put == 0 ? ENOSPC : errno);
    size_ += static_cast<std::uint64_t>(put);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
}

void PartialFile::publish(const std::filesystem::path& target) {
  if (::fsync(descriptor_) != 0) fail("cannot write", errno);
  if (::rename(part_.c_str(), target.c_str()) != 0)
    fail("cannot rename to " + target.string(), errno);
  std::error_code ignored;
  std::filesystem::remove(tag_file_, ignored);
}

void PartialFile::discard() {
  std::error_code ignored;
  std::filesystem::remove(tag_file_, ignored);
  std::filesystem::remove(part_, ignored);
}

}  // namespace millrace::client::detail
