#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::records {

/// Lines that wait to be put into the order of their keys. Beyond a bound of memory they go to a
/// temporary file, in sorted runs that are merged at the end. Throws Failure when that file cannot
/// be written or read. [one thread at a time]
class ShuffledLines {
 public:
  explicit ShuffledLines(std::size_t max_bytes = kMaxBytes) : max_bytes_{max_bytes} {}

  void add(std::uint64_t key, std::string_view line);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Whether all lines are in memory and have `bytes` at the most together.
  [[nodiscard]] bool fits(std::size_t bytes) const {
    return runs_.empty() && text_.size() <= bytes;
  }
  /// Shows the lines that are in memory, in the order in which they came.
  void for_each(const std::function<void(std::string_view)>& show) const;
  /// Gives out all lines by key, equal keys in the order in which they came; none is left.
  void drain(const std::function<void(std::string_view)>& take);

 private:
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

  struct Entry {
    std::uint64_t key;
    std::size_t begin;
    std::uint32_t size;
  };
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  struct Run {
    std::uint64_t begin, end;  // places in the file
  };
  class RunReader;

  void sort();
  void spill();
  void merge(const std::function<void(std::string_view)>& take);

  std::size_t max_bytes_;
  std::string text_;
  std::vector<Entry> entries_;
  std::uint64_t size_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t file_size_ = 0;
  std::vector<Run> runs_;
};

}  // namespace millrace::records
