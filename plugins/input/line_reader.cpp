#include "plugins/input/line_reader.hpp"

#include <cstring>

namespace millrace::records {

void LineReader::start(std::uint64_t offset, std::int64_t number) {
  begin_ = end_ = searched_ = 0;
  offset_ = offset;
  number_ = number;
  at_start_ = offset == 0;
  at_end_ = false;
}

// Reads one chunk behind what is there; returns false at the end of the stream.
bool LineReader::fill(const Read& read) {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + kChunkBytes + kPadding) buffer_.resize(end_ + kChunkBytes + kPadding);
  const std::size_t size = read(std::span{buffer_}.subspan(end_, kChunkBytes));
  end_ += size;
  return size > 0;
}

void LineReader::consume(std::size_t bytes) {
  begin_ += bytes;
  offset_ += bytes;
  searched_ = 0;
}

bool LineReader::next(const Read& read, Line& line) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (at_start_) {
    while (!at_end_ && end_ - begin_ < kByteOrderMark.size()) at_end_ = !fill(read);
    at_start_ = false;
    if (std::string_view{buffer_.data() + begin_, end_ - begin_}.starts_with(kByteOrderMark)) {
      consume(kByteOrderMark.size());
    }
  }
  bool is_too_long = false;
  for (;;) {
    const char* const text = buffer_.data() + begin_;
    const std::size_t held = end_ - begin_;
    const auto* feed =
        held > searched_
            ? static_cast<const char*>(std::memchr(text + searched_, '\n', held - searched_))
            : nullptr;
    if (feed != nullptr || at_end_) {
      std::size_t size = feed != nullptr ? static_cast<std::size_t>(feed - text) : held;
      if (feed == nullptr && size == 0 && !is_too_long) return false;
      consume(size + (feed != nullptr ? 1 : 0));
      if (size > 0 && text[size - 1] == '\r') --size;
      is_too_long = is_too_long || size > max_line_bytes_;
      line = {is_too_long ? std::string_view{} : std::string_view{text, size}, ++number_,
              is_too_long};
      return true;
    }
    searched_ = held;
    if (held > max_line_bytes_ + 1) {  // one more byte may be a carriage return
      is_too_long = true;
      consume(held);
    }
    at_end_ = !fill(read);
  }
}

}  // namespace millrace::records
