// Vectorscan sees the rows of a block as one text: 73 bytes cost it 63 ns there, and 118 ns by
// themselves. A match that begins in the row before is none. Matches come in no promised order, so
// the row of each is looked for from that of the one before, in either direction.
#include "plugins/label/keyword_search.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include <hs/hs.h>

namespace millrace::label {

struct KeywordSearch::Scan {
  KeywordSearch& search;
  const LowerBlock& block;
  const std::size_t first, behind;
  std::size_t row = first;    // of the last match
  std::uint64_t matches = 0;  // also those that are no hits
  bool is_ordered = true, is_full = false, is_stopped = false;

  static int take(unsigned keyword, unsigned long long, unsigned long long to, unsigned,
                  void* scan) noexcept {
    return static_cast<Scan*>(scan)->take(keyword, static_cast<std::size_t>(to)) ? 0 : 1;
  }

  // Returns whether to go on.
  bool take(unsigned keyword, std::size_t to) noexcept {
    if (++matches % 65'536 == 0 && search.stopping_()) {
      is_stopped = true;
      return false;
    }
    const std::size_t end = block.begin(first) + to;
    const std::size_t bytes = search.index_->keyword_bytes(keyword);
    while (end > block.end(row)) ++row;
    while (end <= block.begin(row)) --row;
    if (end - bytes < block.begin(row)) return true;
    for (const auto target : search.index_->targets(keyword)) {
      if (!add({static_cast<std::uint32_t>(row), target, static_cast<std::uint32_t>(end),
                static_cast<std::uint32_t>(bytes)}))
        return false;
    }
    // All that one row can have: there is nothing more to be found in it.
    return behind - first > 1 || search.hits_.size() < search.index_->within_count();
  }

  // The memory is there already: many rows have kMaxHits, a single one has no target twice.
  bool add(const KeywordHit& hit) noexcept {
    auto& seen_in = search.seen_in_[hit.target];
    const auto row_number = search.rows_before_ + hit.row;
    if (seen_in == row_number) return true;
    if (behind - first > 1 && search.hits_.size() == kMaxHits) {
      is_full = true;
      return false;
    }
    seen_in = row_number;
    is_ordered = is_ordered && (search.hits_.empty() || search.hits_.back().row <= hit.row);
    search.hits_.push_back(hit);
    return true;
  }
};

void KeywordSearch::FreeScratch::operator()(hs_scratch* scratch) const { hs_free_scratch(scratch); }

KeywordSearch::KeywordSearch(std::shared_ptr<const KeywordIndex> index,
                             std::function<bool()> stopping)
    : index_{std::move(index)}, stopping_{std::move(stopping)} {
  if (index_->database() == nullptr) return;
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(index_->database(), &scratch) != HS_SUCCESS) {
    throw Failure{MR_EXHAUSTED, "search for keywords: no memory for Vectorscan"};
  }
  scratch_.reset(scratch);
  hits_.reserve(std::max(kMaxHits, index_->within_count()));
  seen_in_.resize(index_->target_count());
}

KeywordSearch::~KeywordSearch() = default;

void KeywordSearch::run(const LowerBlock& block, const Each& each) {
  if (stopping_()) throw Failure{MR_CANCELLED, "search for keywords: stopped"};
  if (block.rows() > 0) run(block, 0, block.rows(), each);
}

void KeywordSearch::run(const LowerBlock& block, std::size_t first, std::size_t behind,
                        const Each& each) {
  if (scan(block, first, behind)) return each(first, behind, hits_);
  const std::size_t middle = first + (behind - first) / 2;
  run(block, first, middle, each);
  run(block, middle, behind, each);
}

// Fills hits_ with those of some rows; false when they are too many.
bool KeywordSearch::scan(const LowerBlock& block, std::size_t first, std::size_t behind) {
  hits_.clear();
  const auto text = block.text(first, behind);
  if (!scratch_ || text.empty()) return true;
  Scan scan{*this, block, first, behind};
  const auto status = hs_scan(index_->database(), text.data(), static_cast<unsigned>(text.size()),
                              0, scratch_.get(), Scan::take, &scan);
  rows_before_ += block.rows();
  if (status != HS_SUCCESS && status != HS_SCAN_TERMINATED) {
    throw Failure{MR_INTERNAL,
                  "search for keywords: Vectorscan fails with status " + std::to_string(status)};
  }
  if (scan.is_stopped) throw Failure{MR_CANCELLED, "search for keywords: stopped"};
  if (scan.is_full) return false;
  if (!scan.is_ordered) {
    const auto key = [](const KeywordHit& hit) { return std::tie(hit.row, hit.target); };
    std::sort(hits_.begin(), hits_.end(),
              [&](const auto& one, const auto& other) { return key(one) < key(other); });
    hits_.erase(
        std::unique(hits_.begin(), hits_.end(),
                    [&](const auto& one, const auto& other) { return key(one) == key(other); }),
        hits_.end());
  }
  return true;
}

}  // namespace millrace::label
