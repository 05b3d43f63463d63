#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace millrace::records {

/// Counts what a target list holds: records, class values, boxes, face clusters. [one thread at a
/// time]
class Statistics {
 public:
  /// Counts one record; `label` is its raw JSON, empty when it has none.
  void add(std::string_view label);
  void merge(const Statistics& other);
  [[nodiscard]] std::uint64_t file_count() const { return file_count_; }

  /// Returns the targetFileStatistics object, with `classification` and `detection` as other names
  /// of `class` and `detect` when `aliases`.
  [[nodiscard]] std::string json(bool aliases = true) const;

  /// Returns all counts as JSON text, and takes them back; restore() returns false on text that is
  /// none of ours.
  [[nodiscard]] std::string snapshot() const;
  bool restore(std::string_view text);

 private:
  class Counter;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  using Counts = std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>>;
  using Groups = std::unordered_map<std::string, Counts, Hash, std::equal_to<>>;

  std::uint64_t file_count_ = 0;
  Groups classes_, detections_;
  Counts clusters_;
};

}  // namespace millrace::records
