#include <millrace/detail/plugin.hpp>
#include <millrace/params.hpp>

#include "text.hpp"

namespace millrace {

using detail::current_host;

int Value::kind() const { return value_ == nullptr ? MR_NULL : current_host->value_kind(value_); }

bool Value::boolean() const { return value_ != nullptr && current_host->value_bool(value_) != 0; }

std::int64_t Value::integer() const {
  return value_ == nullptr ? 0 : current_host->value_integer(value_);
}

double Value::number() const { return value_ == nullptr ? 0 : current_host->value_number(value_); }

std::string_view Value::string() const {
  return value_ == nullptr ? std::string_view{} : detail::view(current_host->value_string(value_));
}

std::size_t Value::size() const { return value_ == nullptr ? 0 : current_host->value_size(value_); }

Value Value::at(std::size_t index) const {
  return value_ == nullptr ? Value{} : Value{current_host->value_at(value_, index)};
}

std::string_view Value::key(std::size_t index) const {
  return value_ == nullptr ? std::string_view{}
                           : detail::view(current_host->value_key(value_, index));
}

Value Value::operator[](std::string_view key) const {
  return value_ == nullptr ? Value{} : Value{current_host->value_get(value_, detail::text(key))};
}

double Params::number(std::string_view name, double fallback) const {
  const Value value = (*this)[name];
  return value.is_null() ? fallback : value.number();
}

std::int64_t Params::integer(std::string_view name, std::int64_t fallback) const {
  const Value value = (*this)[name];
  return value.is_null() ? fallback : value.integer();
}

bool Params::boolean(std::string_view name, bool fallback) const {
  const Value value = (*this)[name];
  return value.is_null() ? fallback : value.boolean();
}

std::string Params::string(std::string_view name, std::string_view fallback) const {
  const Value value = (*this)[name];
  return std::string{value.is_null() ? fallback : value.string()};
}

std::vector<std::string> Params::strings(std::string_view name) const {
  const Value value = (*this)[name];
  std::vector<std::string> all;
  all.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) all.emplace_back(value.at(i).string());
  return all;
}

}  // namespace millrace
