#include "api/http/departure.hpp"

#include <utility>

namespace millrace::http {

void Departure::on_left(std::function<void()> left) {
  {
    const std::lock_guard lock{mutex_};
    if (!has_left_) {
      left_ = std::move(left);
      return;
    }
  }
  left();
}

bool Departure::has_left() const {
  const std::lock_guard lock{mutex_};
  return has_left_;
}

void Departure::tell() {
  std::function<void()> left;
  {
    const std::lock_guard lock{mutex_};
    has_left_ = true;
    left.swap(left_);
  }
  if (left) left();
}

}  // namespace millrace::http
