#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/abi.h>

namespace millrace {

/// A JSON value given by the engine: a parameter, or a part of one. Read-only, valid during the
/// call that received it; the parameters of a constructor, as long as the instance. [any thread]
class Value {
 public:
  Value() = default;
  explicit Value(const mr_value* value) : value_{value} {}

  [[nodiscard]] bool is_null() const { return kind() == MR_NULL; }
  [[nodiscard]] int kind() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] double number() const;
  [[nodiscard]] std::string_view string() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Value at(std::size_t index) const;
  [[nodiscard]] std::string_view key(std::size_t index) const;
  /// Returns the member, or a null value.
  [[nodiscard]] Value operator[](std::string_view key) const;
  [[nodiscard]] const mr_value* handle() const { return value_; }

 private:
  const mr_value* value_ = nullptr;
};

/// The parameters of a node. The engine has checked them against the declaration and filled in its
/// defaults, so the fallbacks only serve those that have none.
class Params : public Value {
 public:
  using Value::Value;
  [[nodiscard]] double number(std::string_view name, double fallback = 0) const;
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback = 0) const;
  [[nodiscard]] bool boolean(std::string_view name, bool fallback = false) const;
  [[nodiscard]] std::string string(std::string_view name, std::string_view fallback = {}) const;
  [[nodiscard]] std::vector<std::string> strings(std::string_view name) const;
};

}  // namespace millrace
