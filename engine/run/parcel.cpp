#include "engine/run/parcel.hpp"

#include <utility>

namespace millrace {

bool EdgeQueue::try_push(Parcel& parcel, const Limits& limits) {
  const std::lock_guard lock{mutex_};
  const std::size_t waiting = parcels_.size() - first_;
  if (waiting > 0 && (waiting >= limits.parcels || bytes_ + parcel.bytes > limits.bytes)) {
    producer_waits_ = true;
    return false;
  }
  bytes_ += parcel.bytes;
  if (parcels_.capacity() == 0) parcels_.reserve(2);  // a parcel and the last
  parcels_.push_back(std::move(parcel));
  return true;
}

std::optional<EdgeQueue::Head> EdgeQueue::head() const {
  const std::lock_guard lock{mutex_};
  if (first_ == parcels_.size()) return std::nullopt;
  return Head{parcels_[first_].sequence, parcels_[first_].input};
}

std::optional<Parcel> EdgeQueue::pop(bool& producer_waits) {
  const std::lock_guard lock{mutex_};
  if (first_ == parcels_.size()) return std::nullopt;
  Parcel parcel = std::move(parcels_[first_++]);
  if (parcel.is_last()) {
    parcels_ =
        std::vector<Parcel>{};  // nothing comes after it: what it stood in is free for others
    first_ = 0;
  } else if (first_ == parcels_.size()) {
    parcels_.clear();
    first_ = 0;
  } else if (first_ * 2 > parcels_.size()) {
    parcels_.erase(parcels_.begin(), parcels_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  bytes_ -= parcel.bytes;
  producer_waits = std::exchange(producer_waits_, false);
  return parcel;
}

}  // namespace millrace
