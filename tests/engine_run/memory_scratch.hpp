#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/plugin/services.hpp"

namespace millrace::test {

/// Scratch files in memory. [any thread; each file one thread at a time]
class MemoryFiles {
 public:
  Result<ObjectWriter*> stage(std::string_view uri) { return &file(uri); }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) { return std::unique_ptr<ObjectReader>{std::make_unique<Reader>(file(uri))}; }
  [[nodiscard]] std::size_t written_bytes() const { return written_; }

 private:
  class File final : public ObjectWriter {
   public:
    explicit File(MemoryFiles& of) : of_{of} {}
    Result<void> write(std::string_view bytes) override {
      text_ += bytes;
      const std::lock_guard lock{of_.mutex_};
      of_.written_ += bytes.size();
      return {};
    }
    Result<void> truncate(std::uint64_t size) override {
      text_.resize(size);
      return {};
    }
    [[nodiscard]] std::uint64_t size() const override { return text_.size(); }
    [[nodiscard]] const std::string& text() const { return text_; }

   private:
    MemoryFiles& of_;
    std::string text_;
  };
  class Reader final : public ObjectReader {
   public:
    explicit Reader(const File& file) : file_{file} {}
    Result<std::size_t> read(std::span<char> buffer) override {
      const std::size_t count = std::min(buffer.size(), file_.text().size() - at_);
      std::memcpy(buffer.data(), file_.text().data() + at_, count);
      at_ += count;
      return count;
    }
    Result<void> seek(std::uint64_t offset) override {
      at_ = offset;
      return {};
    }

   private:
    const File& file_;
    std::size_t at_ = 0;
  };

  File& file(std::string_view uri) {
    const std::lock_guard lock{mutex_};
    auto& file = files_[std::string{uri}];
    if (!file) file = std::make_unique<File>(*this);
    return *file;
  }

  std::mutex mutex_;  // guards the two below
  std::map<std::string, std::unique_ptr<File>> files_;
  std::size_t written_ = 0;
};

}  // namespace millrace::test
