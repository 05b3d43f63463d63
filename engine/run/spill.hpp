#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/plugin/services.hpp"

namespace millrace {

/// A batch that left a chain, and the port it left by.
struct Emitted {
  std::string port;
  Batch batch;
  std::size_t bytes = 0;
};

class SpillFile;

/// The files in the job's scratch to which one run puts what does not fit into memory. A file that
/// was read to its end is emptied and used again. [any worker]
class SpillFiles {
 public:
  explicit SpillFiles(Services& services) : services_{services} {}

  /// An empty file, this caller's until it is destroyed. Exhausted where there is no scratch.
  Result<std::unique_ptr<SpillFile>> take();

 private:
  friend class SpillFile;
  void give_back(std::size_t number);

  Services& services_;
  std::mutex mutex_;  // guards all below
  std::vector<std::size_t> free_;
  std::size_t made_ = 0;
};

/// Batches on their way through a file: first in, first out. [one thread at a time]
class SpillFile {
 public:
  SpillFile(SpillFiles& files, std::size_t number, std::string uri, ObjectWriter& writer);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  Result<void> write(std::string_view port, const Batch& batch);
  /// Only while there is one.
  Result<Emitted> read();
  /// Batches that were written and not read.
  [[nodiscard]] std::size_t size() const { return written_ - read_; }
  /// Drops the newest until there are as many as that.
  Result<void> shrink(std::size_t size);

 private:
  class Source;

  SpillFiles& files_;
  const std::size_t number_;
  const std::string uri_;
  ObjectWriter& writer_;               // of the job's services
  std::vector<std::uint64_t> begins_;  // where each batch begins
  std::size_t written_ = 0, read_ = 0;
  std::unique_ptr<Source> source_;
};

}  // namespace millrace
