#include "engine/run/output.hpp"

#include <exception>
#include <iterator>
#include <utility>

namespace millrace {

namespace {

constexpr std::size_t kRoom = 4;  // elements of a vector that a thread keeps

// The one used-up vector of a kind that this thread keeps.
template <class Element>
std::vector<Element>& spare() {
  thread_local std::vector<Element> kept;
  return kept;
}

// Makes room in an empty vector: that which this thread keeps, or as much.
template <class Element>
void take_spare_room(std::vector<Element>& into) {
  into = std::exchange(spare<Element>(), {});
  if (into.capacity() == 0) into.reserve(kRoom);
}

template <class Element>
void keep_room(std::vector<Element>&& used) {
  if (used.capacity() != kRoom) return;
  used.clear();
  spare<Element>() = std::move(used);
}

}  // namespace

void recycle(std::vector<Emitted>&& emitted) { keep_room(std::move(emitted)); }
void recycle(std::vector<Batch>&& batches) { keep_room(std::move(batches)); }
void take_room(std::vector<Batch>& batches) { take_spare_room(batches); }

void Output::add(std::string_view port, Batch batch) {
  if (error_) return;
  const std::size_t bytes = batch.size_bytes();
  if (!spill_ && (kept_.empty() || kept_bytes_ + bytes <= kKeptBytes)) {
    if (kept_.capacity() == 0) take_spare_room(kept_);
    kept_bytes_ += bytes;
    kept_.push_back({std::string{port}, std::move(batch), bytes});
    return;
  }
  if (auto spilled = spill(port, batch); !spilled.ok())
    error_ = std::make_unique<Error>(std::move(spilled).error());
}

Result<void> Output::spill(std::string_view port, const Batch& batch) {
  if (!spill_) {
    MR_TRY(spill_, files_->take());
  }
  return spill_->write(port, batch);
}

Result<void> Output::settle() {
  if (!error_) return {};
  Error error = *std::exchange(error_, nullptr);
  if (error.code == Code::Unavailable || error.code == Code::NotFound ||
      error.code == Code::InvalidArgument) {
    error.code = Code::Exhausted;  // there is no scratch
  }
  return std::move(error).within("what one call emitted does not fit in memory");
}

Result<void> Output::take_part(std::vector<Emitted>& part, std::size_t& bytes) {
  if (!kept_.empty()) {
    bytes += std::exchange(kept_bytes_, 0);
    if (part.empty()) {
      part.swap(kept_);
    } else {
      std::move(kept_.begin(), kept_.end(), std::back_inserter(part));
    }
    kept_.clear();
    return {};
  }
  for (std::size_t read = 0; spill_ && read < kPartBytes;) {
    MR_TRY(Emitted next, spill_->read());
    read += next.bytes;
    bytes += next.bytes;
    part.push_back(std::move(next));
    if (spill_->size() == 0) spill_.reset();
  }
  return {};
}

Output::Mark Output::mark() const {
  return {kept_.size(), kept_bytes_, spill_ ? spill_->size() : 0};
}

Result<void> Output::roll_back(const Mark& mark) {
  error_.reset();
  kept_.erase(kept_.begin() + static_cast<std::ptrdiff_t>(mark.kept), kept_.end());
  kept_bytes_ = mark.kept_bytes;
  if (!spill_) return {};
  MR_CHECK(spill_->shrink(mark.spilled));
  if (spill_->size() == 0) spill_.reset();
  return {};
}

}  // namespace millrace
