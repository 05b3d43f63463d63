#include "tools/audience_workload/write_rows.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

namespace millrace::workload {
namespace {

constexpr std::uint64_t kBlockRows = 4096;

void append_block(const RowSet& set, std::uint64_t block, std::string& text) {
  const auto end = std::min(set.rows, (block + 1) * kBlockRows);
  for (auto index = block * kBlockRows; index < end; ++index)
    append_tsv(text, make_row(set, index));
}

}  // namespace

bool write_rows(const RowSet& set, unsigned threads, std::ostream& out) {
  const auto blocks = (set.rows + kBlockRows - 1) / kBlockRows;
  std::atomic<std::uint64_t> turn = 0;  // the block that is written next; its thread owns `out`
  const auto work = [&](std::uint64_t first) {
    std::string text;
    for (auto block = first; block < blocks; block += threads) {
      text.clear();
      append_block(set, block, text);
      for (auto now = turn.load(); now != block; now = turn.load()) turn.wait(now);
      out.write(text.data(), static_cast<std::streamsize>(text.size()));
      const bool is_written = out.good();
      turn.store(block + 1);
      turn.notify_all();
      if (!is_written) return;  // and so does each other thread at its next turn
    }
  };
  {
    std::vector<std::jthread> workers;
    for (unsigned first = 0; first < threads; ++first) workers.emplace_back(work, first);
  }
  return out.flush().good();
}

}  // namespace millrace::workload
