#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/context.hpp>
#include <millrace/detail/run_file.hpp>

namespace millrace {

/// Returns the address of a scratch file of the job that belongs to the calling node alone:
/// "work:///n-<node>.<name>". `name` has letters, digits, '_' and '-'.
[[nodiscard]] std::string scratch_uri(const Context& context, std::string_view name);

/// Puts records into the order of their keys with bounded memory: what does not fit goes to scratch
/// of the job, in sorted runs that are merged at the end. Keys are compared byte by byte; equal
/// ones stay in the order in which they came, so the same input gives the same order with any
/// limits. A member of an operator, or of what it keeps; throws Failure. [one thread at a time]
///
/// A snapshot writes down which runs there are, and spills what is in memory first: a new instance
/// goes on from it at any later time, since no run that a snapshot names is changed before the job
/// ends. Runs beyond `fan_in` cost another pass over all records, and as much scratch again.
class ExternalSort {
 public:
  struct Limits {
    std::size_t memory_bytes = std::size_t{32} << 20;  // of records that wait, with their entries
    std::size_t fan_in = 64;  // runs merged at once; each has a block of its own in memory
  };
  /// A key and its record together: more is Exhausted.
  static constexpr std::size_t kMaxItemBytes = std::size_t{256} << 20;

  /// Views of the bytes; they live until the next call.
  using Item = detail::RunItem;

  /// `name`: of the files, within the node.
  explicit ExternalSort(std::string name);
  ExternalSort(std::string name, Limits limits);
  ~ExternalSort();
  ExternalSort(ExternalSort&&) noexcept;
  ExternalSort& operator=(ExternalSort&&) noexcept;

  void add(Context& context, std::string_view key, std::string_view record);
  /// Records that were added.
  [[nodiscard]] std::uint64_t size() const;
  /// Gives the next record in order; false when all were given. The first call ends the adding, and
  /// may take as long as a pass over all records.
  bool next(Context& context, Item& item);

  /// Text of digits and blanks.
  [[nodiscard]] std::string snapshot(Context& context);
  /// Before anything else is called. DataInvalid: no snapshot, or its runs are not there.
  void restore(Context& context, std::string_view state);

 private:
  class Memory;
  class Level;
  class Merge;

  void spill(Context& context);
  /// Writes all that is in memory, in order, as one run.
  void write_run(Context& context);
  void settle(Context& context);
  void merge_level(Context& context);
  Level& level(Context& context, std::size_t number);

  std::string name_;
  Limits limits_;
  std::unique_ptr<Memory> memory_;
  std::vector<std::unique_ptr<Level>> levels_;  // a file each; the first holds what was spilled
  std::vector<detail::Run> runs_;               // of the last level that has any
  std::vector<detail::Run> spilled_;            // of the first: what a snapshot names
  std::size_t last_level_ = 0;
  std::uint64_t size_ = 0, given_ = 0, skipped_ = 0;
  bool is_settled_ = false;
  std::unique_ptr<Merge> merge_;
};

/// Returns a number as a key: eight bytes whose order is that of the numbers.
[[nodiscard]] inline std::array<char, 8> sort_key(std::uint64_t number) {
  std::array<char, 8> bytes{};
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, number >>= 8)
    *byte = static_cast<char>(number & 0xff);
  return bytes;
}

}  // namespace millrace
