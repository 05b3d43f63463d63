#pragma once

#include <cassert>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <millrace/batch.hpp>
#include <millrace/detail/array.hpp>
#include <millrace/detail/memory.hpp>

namespace millrace {
namespace detail {

/// What a predicate's argument reads: its own type, with every signed integer as the column value
/// of its width.
template <class Argument>
struct PredicateArgument {
  using Plain = std::remove_cvref_t<Argument>;
  static constexpr bool kIsInteger = std::signed_integral<Plain> && !std::same_as<Plain, char> &&
                                     !std::same_as<Plain, signed char>;
  using type =
      std::conditional_t<kIsInteger && sizeof(Plain) == 4, std::int32_t,
                         std::conditional_t<kIsInteger && sizeof(Plain) == 8, std::int64_t, Plain>>;
  static_assert(
      kIsColumnValue<type>,
      "keep_rows: the predicate takes bool, int32_t, int64_t, float, double or string_view");
};

template <class Predicate>
struct PredicateValue : PredicateValue<decltype(&Predicate::operator())> {};
template <class Result, class Argument>
struct PredicateValue<Result (*)(Argument)> : PredicateArgument<Argument> {};
template <class Result, class Argument>
struct PredicateValue<Result (*)(Argument) noexcept> : PredicateArgument<Argument> {};
template <class Class, class Result, class Argument>
struct PredicateValue<Result (Class::*)(Argument)> : PredicateArgument<Argument> {};
template <class Class, class Result, class Argument>
struct PredicateValue<Result (Class::*)(Argument) const> : PredicateArgument<Argument> {};
template <class Class, class Result, class Argument>
struct PredicateValue<Result (Class::*)(Argument) noexcept> : PredicateArgument<Argument> {};
template <class Class, class Result, class Argument>
struct PredicateValue<Result (Class::*)(Argument) const noexcept> : PredicateArgument<Argument> {};

template <class T>
[[nodiscard]] constexpr Type default_type() {
  static_assert(kIsColumnValue<T>,
                "a column is built of bool, int32_t, int64_t, float, double or string_view");
  if constexpr (std::is_same_v<T, bool>) return Type::Bool;
  if constexpr (std::is_same_v<T, std::int32_t>) return Type::Int32;
  if constexpr (std::is_same_v<T, std::int64_t>) return Type::Int64;
  if constexpr (std::is_same_v<T, float>) return Type::Float32;
  if constexpr (std::is_same_v<T, double>) return Type::Float64;
  if constexpr (std::is_same_v<T, std::string_view>) return Type::Utf8;
}

/// Makes an array that owns its buffers.
[[nodiscard]] std::shared_ptr<const Array> make_array(
    Type type, std::int64_t length, Buffers buffers,
    std::vector<std::shared_ptr<const Array>> children = {});

}  // namespace detail

template <class T>
std::optional<T> Column<T>::operator[](std::int64_t row) const {
  assert(row >= 0 && row < size_);
  if (array_->is_null(row)) return std::nullopt;
  return detail::load_value<T>(*array_, array_->offset + row);
}

template <class T>
struct Builder<T>::State {
  Type type;
  std::int64_t size = 0;
  detail::Buffers buffers{};

  void append_validity(bool is_valid) {
    if (!buffers.validity.empty()) {
      buffers.validity.append(is_valid);
    } else if (!is_valid) {  // the first null: all before it were values
      buffers.validity.append_run(true, size);
      buffers.validity.append(false);
    }
  }
};

template <class T>
Builder<T>::Builder() : Builder{detail::default_type<T>()} {}

template <class T>
Builder<T>::Builder(Type type) : state_{std::make_unique<State>(State{type})} {
  const bool is_fitting = type == detail::default_type<T>() ||
                          (std::is_same_v<T, std::int64_t> && type == Type::Timestamp) ||
                          (std::is_same_v<T, std::string_view> && type == Type::Binary);
  if (!is_fitting) detail::throw_cannot_build(type);
  if constexpr (std::is_same_v<T, std::string_view>) {
    state_->buffers.values.append_value(std::int32_t{0});
  }
}

template <class T>
Builder<T>::~Builder() = default;
template <class T>
Builder<T>::Builder(Builder&&) noexcept = default;
template <class T>
Builder<T>& Builder<T>::operator=(Builder&&) noexcept = default;

template <class T>
void Builder<T>::reserve(std::int64_t rows) {
  auto& buffers = state_->buffers;
  if constexpr (std::is_same_v<T, bool>) {
    buffers.bits.reserve(rows);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    buffers.values.reserve((static_cast<std::size_t>(rows) + 1) * sizeof(std::int32_t));
  } else {
    buffers.values.reserve(static_cast<std::size_t>(rows) * sizeof(T));
  }
}

template <class T>
void Builder<T>::append(T value) {
  State& state = *state_;
  auto& buffers = state.buffers;
  if constexpr (std::is_same_v<T, bool>) {
    buffers.bits.append(value);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    if (value.size() > static_cast<std::size_t>(detail::kMaxColumnBytes) - buffers.bytes.size()) {
      detail::throw_too_many_bytes();
    }
    buffers.bytes.append(value.data(), value.size());
    buffers.values.append_value(static_cast<std::int32_t>(buffers.bytes.size()));
  } else {
    buffers.values.append_value(value);
  }
  state.append_validity(true);
  ++state.size;
}

template <class T>
void Builder<T>::append_null() {
  State& state = *state_;
  auto& buffers = state.buffers;
  if constexpr (std::is_same_v<T, bool>) {
    buffers.bits.append(false);
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    buffers.values.append_value(static_cast<std::int32_t>(buffers.bytes.size()));
  } else {
    buffers.values.append_value(T{});
  }
  state.append_validity(false);
  ++state.size;
}

template <class T>
std::int64_t Builder<T>::size() const {
  return state_->size;
}

template <class T>
Column<T> Batch::column(std::string_view name) const {
  Column<T> column;
  column.array_ = find(name);
  column.size_ = column.array_->length;
  if (!detail::is_readable_as<T>(column.array_->type)) {
    detail::throw_other_type(name, column.array_->type, detail::wanted_word<T>());
  }
  return column;
}

template <class Predicate>
Batch Batch::keep_rows(std::string_view name, Predicate keep) && {
  using T = typename detail::PredicateValue<std::decay_t<Predicate>>::type;
  const Column<T> values = column<T>(name);
  std::vector<std::int64_t> kept;
  kept.reserve(static_cast<std::size_t>(values.size()));
  for (std::int64_t row = 0; row < values.size(); ++row) {
    if (const auto value = values[row]; value && keep(*value)) kept.push_back(row);
  }
  return std::move(*this).keep_ascending(kept);
}

template <class T>
Batch Batch::with(std::string_view name, Builder<T> values) && {
  auto& state = *values.state_;
  return std::move(*this).put(Field{std::string{name}, state.type},
                              detail::make_array(state.type, state.size, std::move(state.buffers)));
}

}  // namespace millrace
