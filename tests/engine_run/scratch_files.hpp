#pragma once

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>

#include "engine/plugin/services.hpp"

namespace millrace::test {

/// Scratch in files without a name, which go with the object. [any thread; each file one thread at
/// a time]
class ScratchFiles {
 public:
  Result<ObjectWriter*> stage(std::string_view uri) { return &file(uri); }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) {
    return std::unique_ptr<ObjectReader>{std::make_unique<Reader>(file(uri).descriptor())};
  }
  [[nodiscard]] std::size_t written_bytes() const { return written_; }

 private:
  static Error failed() { return {Code::Io, "scratch of a test: errno " + std::to_string(errno)}; }

  class File final : public ObjectWriter {
   public:
    explicit File(std::atomic<std::size_t>& written)
        : written_{written},
          descriptor_{::open(std::filesystem::temp_directory_path().c_str(),
                             O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)} {}
    ~File() override { ::close(descriptor_); }
    Result<void> write(std::string_view bytes) override {
      while (!bytes.empty()) {
        const auto count =
            ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (count < 0) return failed();
        size_ += static_cast<std::uint64_t>(count);
        written_ += static_cast<std::size_t>(count);
        bytes.remove_prefix(static_cast<std::size_t>(count));
      }
      return {};
    }
    Result<void> truncate(std::uint64_t size) override {
      if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) return failed();
      size_ = size;
      return {};
    }
    [[nodiscard]] std::uint64_t size() const override { return size_; }
    [[nodiscard]] int descriptor() const { return descriptor_; }

   private:
    std::atomic<std::size_t>& written_;
    int descriptor_;
    std::uint64_t size_ = 0;
  };

  class Reader final : public ObjectReader {
   public:
    explicit Reader(int descriptor) : descriptor_{descriptor} {}
    Result<std::size_t> read(std::span<char> buffer) override {
      const auto count =
          ::pread(descriptor_, buffer.data(), buffer.size(), static_cast<off_t>(at_));
      if (count < 0) return failed();
      at_ += static_cast<std::uint64_t>(count);
      return static_cast<std::size_t>(count);
    }
    Result<void> seek(std::uint64_t offset) override {
      at_ = offset;
      return {};
    }

   private:
    int descriptor_;  // of the file, which lives longer
    std::uint64_t at_ = 0;
  };

  File& file(std::string_view uri) {
    const std::lock_guard lock{mutex_};
    auto& file = files_[std::string{uri}];
    if (!file) file = std::make_unique<File>(written_);
    return *file;
  }

  std::atomic<std::size_t> written_{0};
  std::mutex mutex_;  // guards files_
  std::map<std::string, std::unique_ptr<File>> files_;
};

}  // namespace millrace::test
