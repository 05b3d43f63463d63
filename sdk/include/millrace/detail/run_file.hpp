#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::detail {

/// A key and its record.
struct RunItem {
  std::string_view key, record;
};

/// Where a sorted run lies in its file.
struct Run {
  std::uint64_t begin = 0, end = 0, items = 0;
};

// A run is a row of blocks, one behind the other:
//
//   0  magic "MRSB"        4  bytes of items    8  items      12  1: the run's last block
//   16 check of the above, of the items and of the place in the file
//   24 items: bytes of the key, bytes of the record (32 bits each), key, record
//
// Numbers are little-endian. So bytes that were never written, cut off, moved or left of an earlier
// life are told from a run; the check is no defence against somebody who makes one up, and every
// length is held against what is there.
inline constexpr std::size_t kBlockHeadBytes = 24;
inline constexpr std::size_t kItemHeadBytes = 8;

/// Collects the items of one run into blocks. [one thread at a time]
class BlockWriter {
 public:
  /// `put` appends to the file, which ends at `place`.
  BlockWriter(std::size_t block_bytes, std::uint64_t place,
              std::function<void(std::string_view)> put);

  void add(const RunItem& item);
  /// Ends the run; nothing more may be added.
  Run finish();

 private:
  void flush(bool is_last);

  const std::size_t block_bytes_;
  const std::function<void(std::string_view)> put_;
  Run run_;
  std::string block_;
  std::uint32_t items_ = 0;  // in the block
};

/// Reads a run front to back. What is no run is a Failure with DataInvalid. [one thread at a time]
class RunReader {
 public:
  /// Reads up to the buffer's size from a place of the file; returns how many bytes there were.
  using Read = std::function<std::size_t(std::uint64_t place, std::span<char> buffer)>;

  /// `max_item_bytes`: no block is larger than one item may be and a block of ordinary size.
  RunReader(Run run, std::size_t max_block_bytes, Read read);

  /// Returns false at the end of the run. The item lives until the next call.
  bool next();
  [[nodiscard]] const RunItem& item() const { return item_; }

 private:
  bool load();  // the next block; false at the end
  void read_whole(std::span<char> buffer);

  Run run_;
  std::uint64_t at_;
  std::uint64_t given_ = 0;
  std::size_t max_block_bytes_;
  Read read_;
  std::string block_;  // the items that are left begin at begin_
  std::size_t begin_ = 0;
  std::uint32_t left_ = 0;
  bool was_last_ = false;
  RunItem item_;
};

}  // namespace millrace::detail
