#include "plugins/output/shuffled_lines.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <queue>
#include <unistd.h>
#include <utility>

#include <millrace/context.hpp>

namespace millrace::records {

namespace {

// What stands before each line in the file.
struct Head {
  std::uint64_t key;
  std::uint64_t size;
};

[[noreturn]] void fail(const char* what) {
  throw Failure{
      errno == ENOSPC ? MR_EXHAUSTED : MR_IO,
      std::string{"shuffle: cannot "} + what + " its temporary file: " + std::strerror(errno)};
}

}  // namespace

/// Reads one run from front to back, a block at a time.
class ShuffledLines::RunReader {
 public:
  RunReader(int file, Run run, std::size_t block)
      : file_{file}, at_{run.begin}, end_{run.end}, block_{block} {}

  /// Returns false at the end of the run.
  bool next() {
    if (!fill(sizeof head_)) return false;
    std::memcpy(&head_, buffer_.data() + begin_, sizeof head_);
    begin_ += sizeof head_;
    if (!fill(head_.size)) throw Failure{MR_INTERNAL, "shuffle: a run ends within a line"};
    line_ = {buffer_.data() + begin_, head_.size};
    begin_ += head_.size;
    return true;
  }
  [[nodiscard]] std::uint64_t key() const { return head_.key; }
  [[nodiscard]] std::string_view line() const { return line_; }

 private:
  // Makes `size` bytes available from begin_ on; returns false when the run has no more.
  bool fill(std::size_t size) {
    if (buffer_.size() - begin_ >= size) return true;
    buffer_.erase(0, begin_);
    begin_ = 0;
    while (buffer_.size() < size) {
      const auto want =
          std::min<std::uint64_t>(std::max(size - buffer_.size(), block_), end_ - at_);
      if (want == 0) return false;
      const std::size_t held = buffer_.size();
      buffer_.resize(held + want);
      const auto got = ::pread(file_, buffer_.data() + held, want, static_cast<off_t>(at_));
      if (got <= 0) fail("read");
      buffer_.resize(held + static_cast<std::size_t>(got));
      at_ += static_cast<std::uint64_t>(got);
    }
    return true;
  }

  int file_;
  std::uint64_t at_, end_;
  std::size_t block_;
  std::string buffer_;
  std::size_t begin_ = 0;
  Head head_{};
  std::string_view line_;
};

void ShuffledLines::add(std::uint64_t key, std::string_view line) {
  entries_.push_back({key, text_.size(), static_cast<std::uint32_t>(line.size())});
  text_.append(line);
  ++size_;
  if (text_.size() + entries_.size() * sizeof(Entry) > max_bytes_) spill();
}

void ShuffledLines::for_each(const std::function<void(std::string_view)>& show) const {
  for (const Entry& entry : entries_) show(std::string_view{text_}.substr(entry.begin, entry.size));
}

void ShuffledLines::sort() {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.key < b.key; });
}

void ShuffledLines::spill() {
  if (!file_) {
    file_.reset(std::tmpfile());
    if (!file_) fail("make");
  }
  sort();
  const std::uint64_t begin = file_size_;
  for (const Entry& entry : entries_) {
    const Head head{entry.key, entry.size};
    if (std::fwrite(&head, sizeof head, 1, file_.get()) != 1 ||
        std::fwrite(text_.data() + entry.begin, 1, entry.size, file_.get()) != entry.size) {
      fail("write");
    }
    file_size_ += sizeof head + entry.size;
  }
  if (std::fflush(file_.get()) != 0) fail("write");
  runs_.push_back({begin, file_size_});
  entries_.clear();
  text_.clear();
}

void ShuffledLines::drain(const std::function<void(std::string_view)>& take) {
  if (runs_.empty()) {
    sort();
    for (const Entry& entry : entries_)
      take(std::string_view{text_}.substr(entry.begin, entry.size));
  } else {
    if (!entries_.empty()) spill();
    merge(take);
  }
  *this = ShuffledLines{max_bytes_};
}

void ShuffledLines::merge(const std::function<void(std::string_view)>& take) {
  constexpr std::size_t kSmallestBlock = 4096;
  const std::size_t block = std::max(max_bytes_ / 2 / runs_.size(), kSmallestBlock);
  std::vector<RunReader> readers;
  readers.reserve(runs_.size());
  using Head =
      std::pair<std::uint64_t, std::size_t>;  // key, number of the run: earlier runs came first
  std::priority_queue<Head, std::vector<Head>, std::greater<>> heads;
  for (const Run& run : runs_) {
    readers.emplace_back(::fileno(file_.get()), run, block);
    if (readers.back().next()) heads.emplace(readers.back().key(), readers.size() - 1);
  }
  while (!heads.empty()) {
    const std::size_t run = heads.top().second;
    heads.pop();
    take(readers[run].line());
    if (readers[run].next()) heads.emplace(readers[run].key(), run);
  }
}

}  // namespace millrace::records
