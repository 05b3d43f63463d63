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
