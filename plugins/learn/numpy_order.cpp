#include "plugins/learn/numpy_order.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <numeric>
#include <utility>

namespace millrace::learn {

double numpy_sum(std::span<const double> values) {
  constexpr std::size_t kBlock = 128, kSums = 8;
  if (values.size() < kSums) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
  if (values.size() <= kBlock) {
    double part[kSums];
    std::copy_n(values.begin(), kSums, part);
    std::size_t i = kSums;
    for (; i + kSums <= values.size(); i += kSums) {
      for (std::size_t k = 0; k < kSums; ++k) part[k] += values[i + k];
    }
    double sum =
        ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (; i < values.size(); ++i) sum += values[i];
    return sum;
  }
  const auto half = values.size() / 2 / kSums * kSums;
  return numpy_sum(values.first(half)) + numpy_sum(values.subspan(half));
}

namespace {

class Argsort {
 public:
  explicit Argsort(std::span<const std::int64_t> values) : values_{values}, order_(values.size()) {
    std::iota(order_.begin(), order_.end(), 0);
  }

  std::vector<std::uint32_t> run() {
    if (!order_.empty())
      sort(0, static_cast<std::ptrdiff_t>(order_.size()) - 1,
           2 * (static_cast<int>(std::bit_width(order_.size())) - 1));
    return std::move(order_);
  }

 private:
  static constexpr std::ptrdiff_t kSmall = 16;

  [[nodiscard]] std::int64_t value(std::ptrdiff_t place) const { return values_[order_[place]]; }
  void swap(std::ptrdiff_t left, std::ptrdiff_t right) { std::swap(order_[left], order_[right]); }
  void swap_if_less(std::ptrdiff_t left, std::ptrdiff_t right) {
    if (value(left) < value(right)) swap(left, right);
  }

  // Both ends are part of the range. `depth` is how often it may still be split.
  void sort(std::ptrdiff_t first, std::ptrdiff_t last, int depth) {
    while (last - first > kSmall) {
      if (depth-- < 0) return heap_sort(first, last);
      const auto middle = first + ((last - first) >> 1);
      swap_if_less(middle, first);
      swap_if_less(last, middle);
      swap_if_less(middle, first);
      const auto pivot = value(middle);
      auto left = first, right = last - 1;
      swap(middle, right);
      for (;;) {
        do ++left;
        while (value(left) < pivot);
        do --right;
        while (pivot < value(right));
        if (left >= right) break;
        swap(left, right);
      }
      swap(left, last - 1);
      // The parts do not touch each other, so that their order does not matter.
      if (left - first < last - left) {
        sort(first, left - 1, depth);
        first = left + 1;
      } else {
        sort(left + 1, last, depth);
        last = left - 1;
      }
    }
    for (auto i = first + 1; i <= last; ++i) {
      const auto moved = order_[i];
      auto place = i;
      for (; place > first && values_[moved] < value(place - 1); --place)
        order_[place] = order_[place - 1];
      order_[place] = moved;
    }
  }

  void heap_sort(std::ptrdiff_t first, std::ptrdiff_t last) {
    const auto count = last - first + 1;
    const auto sift = [&](std::ptrdiff_t i, std::ptrdiff_t size) {  // places from 1
      const auto moved = order_[first + i - 1];
      for (auto child = 2 * i; child <= size; child = 2 * i) {
        if (child < size && value(first + child - 1) < value(first + child)) ++child;
        if (values_[moved] >= value(first + child - 1)) break;
        order_[first + i - 1] = order_[first + child - 1];
        i = child;
      }
      order_[first + i - 1] = moved;
    };
    for (auto i = count / 2; i > 0; --i) sift(i, count);
    for (auto size = count - 1; size > 0; --size) {
      swap(first, first + size);
      sift(1, size);
    }
  }

  std::span<const std::int64_t> values_;
  std::vector<std::uint32_t> order_;
};

}  // namespace

std::vector<std::uint32_t> numpy_argsort(std::span<const std::int64_t> values) {
  return Argsort{values}.run();
}

}  // namespace millrace::learn
