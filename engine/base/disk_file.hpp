#pragma once

#include <cstdint>
#include <string>

#include "engine/base/disk.hpp"
#include "engine/base/file_descriptor.hpp"

namespace millrace::detail {

/// A regular file of the kernel, open for reading. [one thread at a time]
class KernelReadableFile final : public ReadableFile {
 public:
  /// `name` is for messages.
  KernelReadableFile(FileDescriptor file, std::string name, std::uint64_t size)
      : file_{std::move(file)}, name_{std::move(name)}, size_{size} {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> buffer) override;
  std::uint64_t size() const override { return size_; }
  int descriptor() const override { return file_.get(); }

 private:
  FileDescriptor file_;
  std::string name_;
  std::uint64_t size_;
};

/// One open for writing. [one thread at a time]
class KernelWritableFile final : public WritableFile {
 public:
  KernelWritableFile(FileDescriptor file, std::string name, std::uint64_t size)
      : file_{std::move(file)}, name_{std::move(name)}, size_{size}, behind_{size} {}

  Result<void> append(std::string_view bytes) override;
  Result<std::uint64_t> append_from(ReadableFile& source, std::uint64_t offset,
                                    std::uint64_t length) override;
  Result<void> truncate(std::uint64_t length) override;
  void begin_sync() override { write_behind(); }
  Result<void> sync() override;
  std::uint64_t size() const override { return size_; }

 private:
  void write_behind();

  FileDescriptor file_;
  std::string name_;
  std::uint64_t size_;
  std::uint64_t behind_;  // up to where the disk has been told to write
};

}  // namespace millrace::detail
