#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/base/json.hpp"

namespace millrace {

/// Builds a document from what a reader of JSON finds, one call for each thing in the order of the
/// text, and keeps to limits. Takes linear time, however many members an object has. After a
/// refusal nothing more is given to it.
class JsonBuilder {
 public:
  explicit JsonBuilder(const JsonLimits& limits) : limits_{limits} {}

  /// Takes a value that is no object and no array. False: refused, as by the others; fault() says
  /// why.
  [[nodiscard]] bool value(Json value) { return add(std::move(value)) != nullptr; }
  /// Begins an object or an array: what follows goes into it until close().
  [[nodiscard]] bool open(Json empty);
  void close() { levels_.pop_back(); }
  /// Takes the name of the member that the next value is.
  [[nodiscard]] bool name(std::string name);

  /// How many objects and arrays are open.
  [[nodiscard]] std::size_t depth() const { return levels_.size(); }
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] Json take() { return std::move(root_); }

 private:
  struct Level {
    Json* value;
    std::string pending_name;
    std::optional<std::size_t> known{};  // place of a member that has the pending name
    std::unordered_map<std::string, std::size_t>
        names{};  // filled once there are more than kFewNames
  };
  // Up to here looking at each name is cheaper than hashing it.
  static constexpr std::size_t kFewNames = 16;

  bool refuse(std::string fault);
  bool count();
  std::optional<std::size_t> place_of(Level& level, const std::string& name);
  Json* add(Json value);

  const JsonLimits limits_;
  Json root_;
  std::vector<Level> levels_;
  std::size_t values_ = 0;  // and names, so far
  std::string fault_;
};

}  // namespace millrace
