#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/base/file_descriptor.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/services.hpp"

namespace millrace::detail {

/// Takes bytes whose number is not known yet: the first MiB into memory, then all into a temporary
/// file without a name. [one thread at a time]
class Spool {
 public:
  Result<void> append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }

  /// Returns a reader of all bytes; the spool is spent.
  std::unique_ptr<ObjectReader> into_reader() &&;

 private:
  Result<void> write_out(std::string_view bytes);

  std::string memory_;
  FileDescriptor file_;  // empty while all is in memory
  std::uint64_t size_ = 0;
};

}  // namespace millrace::detail
