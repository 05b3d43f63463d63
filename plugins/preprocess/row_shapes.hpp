#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <millrace/batch.hpp>

namespace millrace::preprocess {

/// All columns that came so far, for operators that keep rows of many batches as bytes
/// (row_codec.hpp). Batches may have some of them only, in any order.
class RowShapes {
 public:
  /// Different sets of columns; so the number of one fits into a byte.
  static constexpr std::size_t kMostShapes = 255;

  /// Returns the number of a batch's schema. Columns of one name have one type: another is a
  /// Failure with DataInvalid; more sets than kMostShapes are one with Exhausted.
  std::size_t number_of(const Schema& schema);
  [[nodiscard]] std::size_t size() const { return shapes_.size(); }
  [[nodiscard]] const Schema& schema(std::size_t number) const { return shapes_[number].schema; }
  /// For each column of that schema its place in all(). An unknown number is a Failure with
  /// DataInvalid.
  [[nodiscard]] std::span<const std::size_t> places(std::size_t number) const;
  /// Every column once; new ones come behind those that were there.
  [[nodiscard]] const Schema& all() const { return all_; }

 private:
  struct Shape {
    Schema schema;
    std::vector<std::size_t> places;
  };
  std::vector<Shape> shapes_;
  Schema all_;
};

}  // namespace millrace::preprocess
