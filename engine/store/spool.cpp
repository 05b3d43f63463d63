#include "engine/store/spool.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <system_error>
#include <unistd.h>

namespace millrace::detail {
namespace {

constexpr std::size_t kMaxMemory = 1u << 20;

Result<FileDescriptor> open_temporary() {
  std::error_code fault;
  auto folder = std::filesystem::temp_directory_path(fault).string();
  if (fault) return system_error("open temporary folder", folder, fault.value());
  FileDescriptor file{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file) return file;
  // Not every file system can make a file without a name: one with a name, which it loses at once.
  auto name = folder + "/millrace-XXXXXX";
  file = FileDescriptor{::mkostemp(name.data(), O_CLOEXEC)};
  if (!file) return system_error("make temporary file", folder, errno);
  ::unlink(name.c_str());
  return file;
}

class MemoryReader final : public ObjectReader {
 public:
  explicit MemoryReader(std::string bytes) : bytes_{std::move(bytes)} {}

  Result<std::size_t> read(std::span<char> buffer) override {
    const auto count = std::min(buffer.size(), bytes_.size() - position_);
    if (count > 0) std::memcpy(buffer.data(), bytes_.data() + position_, count);
    position_ += count;
    return count;
  }
  Result<void> seek(std::uint64_t offset) override {
    position_ = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes_.size()));
    return {};
  }

 private:
  std::string bytes_;
  std::size_t position_ = 0;
};

class FileReader final : public ObjectReader {
 public:
  explicit FileReader(FileDescriptor file) : file_{std::move(file)} {}

  Result<std::size_t> read(std::span<char> buffer) override {
    while (true) {
      const auto got =
          ::pread(file_.get(), buffer.data(), buffer.size(), static_cast<off_t>(position_));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error("read temporary file", "", errno);
      position_ += static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
  }
  Result<void> seek(std::uint64_t offset) override {
    position_ = offset;
    return {};
  }

 private:
  FileDescriptor file_;
  std::uint64_t position_ = 0;
};

}  // namespace

Result<void> Spool::append(std::string_view bytes) {
  if (!file_ && memory_.size() + bytes.size() > kMaxMemory) {
    MR_TRY(file_, open_temporary());
    MR_CHECK(write_out(memory_));
    memory_ = {};
  }
  if (file_) {
    MR_CHECK(write_out(bytes));
  } else {
    memory_ += bytes;
  }
  size_ += bytes.size();
  return {};
}

Result<void> Spool::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto put = ::write(file_.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return system_error("write temporary file", "", put == 0 ? ENOSPC : errno);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

std::unique_ptr<ObjectReader> Spool::into_reader() && {
  if (file_) return std::make_unique<FileReader>(std::move(file_));
  return std::make_unique<MemoryReader>(std::move(memory_));
}

}  // namespace millrace::detail
