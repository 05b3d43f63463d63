#include "engine/base/disk_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace millrace {
namespace {

constexpr std::uint64_t kCopyBufferBytes = 256u << 10;

}  // namespace

Result<std::uint64_t> WritableFile::append_from(ReadableFile& source, std::uint64_t offset,
                                                std::uint64_t length) {
  std::string buffer;
  std::uint64_t copied = 0;
  while (copied < length) {
    buffer.resize(std::min<std::uint64_t>(kCopyBufferBytes, length - copied));
    MR_TRY(const auto got, source.read_at(offset + copied, buffer));
    if (got == 0) break;
    MR_CHECK(append({buffer.data(), got}));
    copied += got;
  }
  return copied;
}

namespace detail {
namespace {

// After so many bytes the disk begins to write a file that grows: who syncs it at its end then
// waits for the last of them only, and a large file does not fill the memory with what is to be
// written.
constexpr std::uint64_t kWriteBehindBytes = 8u << 20;

// Says that the kernel cannot move bytes between these two files, which says nothing about them.
bool is_no_copy(int error_number) {
  return error_number == EXDEV || error_number == EINVAL || error_number == ENOSYS ||
         error_number == EOPNOTSUPP || error_number == EBADF || error_number == ETXTBSY;
}

}  // namespace

Result<std::size_t> KernelReadableFile::read_at(std::uint64_t offset, std::span<char> buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const auto got = ::pread(file_.get(), buffer.data() + filled, buffer.size() - filled,
                             static_cast<off_t>(offset + filled));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read file", name_, errno);
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<void> KernelWritableFile::append(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const auto put = ::pwrite(file_.get(), bytes.data() + written, bytes.size() - written,
                              static_cast<off_t>(size_ + written));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      const auto failed = put == 0 ? ENOSPC : errno;
      // All or nothing: what came through before the failure goes away again, as far as the disk
      // lets it.
      if (written > 0 && ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
        size_ += written;
      }
      return system_error("write file", name_, failed);
    }
    written += static_cast<std::size_t>(put);
  }
  size_ += written;
  if (size_ >= behind_ + kWriteBehindBytes) write_behind();
  return {};
}

// copy_file_range shares the blocks instead of copying them where the file system can.
Result<std::uint64_t> KernelWritableFile::append_from(ReadableFile& source, std::uint64_t offset,
                                                      std::uint64_t length) {
  if (source.descriptor() < 0) return WritableFile::append_from(source, offset, length);
  std::uint64_t copied = 0;
  while (copied < length) {
    auto from = static_cast<off_t>(offset + copied);
    auto to = static_cast<off_t>(size_);
    const auto got =
        ::copy_file_range(source.descriptor(), &from, file_.get(), &to, length - copied, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && is_no_copy(errno)) {
      MR_TRY(const auto rest, WritableFile::append_from(source, offset + copied, length - copied));
      return copied + rest;
    }
    if (got < 0) return system_error("copy file", name_, errno);
    if (got == 0) break;
    copied += static_cast<std::uint64_t>(got);
    size_ += static_cast<std::uint64_t>(got);
  }
  if (size_ >= behind_ + kWriteBehindBytes) write_behind();
  return copied;
}

Result<void> KernelWritableFile::truncate(std::uint64_t length) {
  if (::ftruncate(file_.get(), static_cast<off_t>(length)) != 0) {
    return system_error("cut file", name_, errno);
  }
  size_ = length;
  behind_ = std::min(behind_, size_);
  return {};
}

Result<void> KernelWritableFile::sync() {
  if (::fsync(file_.get()) != 0) return system_error("sync file", name_, errno);
  return {};
}

void KernelWritableFile::write_behind() {
  if (size_ == behind_) return;
  // Only a beginning: what it cannot do, or fails at, is left to a sync, which tells.
  static_cast<void>(::sync_file_range(file_.get(), static_cast<off_t>(behind_),
                                      static_cast<off_t>(size_ - behind_), SYNC_FILE_RANGE_WRITE));
  behind_ = size_;
}

}  // namespace detail
}  // namespace millrace
