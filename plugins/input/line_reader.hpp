#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace millrace::records {

/// Cuts a stream of bytes into lines, reading 1 MiB at a time: an unfinished line is carried over,
/// and one that is too long is passed over without being held. Takes LF and CRLF; skips a byte
/// order mark at the beginning of the stream. The bytes behind a line may be read for `kPadding`
/// more. [one thread at a time]
class LineReader {
 public:
  struct Line {
    std::string_view text;  // without its end; valid until the next call
    std::int64_t number;    // from 1, every line counts
    bool is_too_long;       // then `text` is empty
  };
  /// Reads up to the span's size; returns how much, 0 at the end.
  using Read = std::function<std::size_t(std::span<char>)>;

  static constexpr std::size_t kPadding = 64;
  static constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

  explicit LineReader(std::size_t max_line_bytes) : max_line_bytes_{max_line_bytes} {}

  /// Begins anew behind line `number`, whose end is at `offset` of the stream.
  void start(std::uint64_t offset, std::int64_t number);
  /// Returns false at the end of the stream. What `read` throws passes through; start() is needed
  /// then.
  bool next(const Read& read, Line& line);

  /// Place in the stream behind the last line.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  [[nodiscard]] std::int64_t number() const { return number_; }

 private:
  bool fill(const Read& read);
  void consume(std::size_t bytes);

  std::size_t max_line_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what was read and not yet given out
  std::size_t searched_ = 0;         // bytes from begin_ on that hold no line feed
  std::uint64_t offset_ = 0;
  std::int64_t number_ = 0;
  bool at_start_ = true;  // of the stream: a byte order mark may follow
  bool at_end_ = false;
};

}  // namespace millrace::records
