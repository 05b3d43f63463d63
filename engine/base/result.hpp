#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "engine/base/error.hpp"

namespace millrace {

/// A value of T, or the Error that kept it from being made.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : state_{std::in_place_index<0>, std::move(value)} {}  // NOLINT: implicit by design
  Result(Error error) : state_{std::in_place_index<1>, std::move(error)} {}  // NOLINT

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error error() && { return std::get<1>(std::move(state_)); }

  /// Returns the value, or `fallback` where there is an error.
  T value_or(T fallback) && { return ok() ? std::get<0>(std::move(state_)) : std::move(fallback); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or an Error: what a function returns that only does something.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_{std::move(error)} {}  // NOLINT: implicit by design

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace millrace

#define MR_CONCAT_(a, b) a##b
#define MR_CONCAT(a, b) MR_CONCAT_(a, b)

/// MR_TRY(auto value, expression): declares `value` from a Result, or returns its error from this
/// function.
#define MR_TRY(declaration, ...)                                                                  \
  auto MR_CONCAT(result_, __LINE__) = (__VA_ARGS__);                                              \
  if (!MR_CONCAT(result_, __LINE__).ok()) return std::move(MR_CONCAT(result_, __LINE__)).error(); \
  declaration = *std::move(MR_CONCAT(result_, __LINE__))

/// MR_CHECK(expression): returns the error of a Result<void> (or of a Result whose value is not
/// wanted) from this function.
#define MR_CHECK(...)                                                                      \
  do {                                                                                     \
    if (auto checked_ = (__VA_ARGS__); !checked_.ok()) return std::move(checked_).error(); \
  } while (false)
