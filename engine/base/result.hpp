#pragma once

#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "engine/base/error.hpp"

namespace millrace {

template <class T>
inline constexpr bool is_variant = false;
template <class... Each>
inline constexpr bool is_variant<std::variant<Each...>> = true;

/// A value of T, or what kept it from being made: an Error, or of another type E that begins with
/// one, so that an Error is passed up as an E too.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value)
      : state_{std::in_place_index<0>, std::move(value)} {}  // NOLINT: implicit by design
  /// One of a variant's alternatives is the value too.
  template <class Alternative>
  requires(is_variant<T> && !std::same_as<std::remove_cvref_t<Alternative>, T> &&
           std::convertible_to<Alternative, T>) Result(Alternative&& value)  // NOLINT
      : state_{std::in_place_index<0>, std::forward<Alternative>(value)} {}
  Result(E error) : state_{std::in_place_index<1>, std::move(error)} {}  // NOLINT
  Result(Error error)                                                    // NOLINT
      requires(!std::same_as<E, Error>)
      : state_{std::in_place_index<1>, E{std::move(error)}} {}

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }

  [[nodiscard]] const E& error() const& { return std::get<1>(state_); }
  [[nodiscard]] E error() && { return std::get<1>(std::move(state_)); }

  /// Returns the value, or `fallback` where there is an error.
  T value_or(T fallback) && { return ok() ? std::get<0>(std::move(state_)) : std::move(fallback); }

 private:
  std::variant<T, E> state_;
};

/// Success, or an Error: what a function returns that only does something.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(E error) : error_{std::move(error)} {}  // NOLINT: implicit by design
  Result(Error error)                            // NOLINT
      requires(!std::same_as<E, Error>)
      : error_{E{std::move(error)}} {}

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const E& error() const& { return *error_; }
  [[nodiscard]] E error() && { return *std::move(error_); }

 private:
  std::optional<E> error_;
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
