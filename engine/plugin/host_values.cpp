#include "engine/base/json_numbers.hpp"
#include "engine/plugin/host.hpp"
#include "engine/plugin/text.hpp"

#include <fmt/format.h>

namespace millrace::detail {
namespace {

std::int32_t value_kind(const mr_value* value) {
  const Json* json = to_json_value(value);
  if (json == nullptr) return MR_NULL;
  switch (json->type()) {
    case Json::value_t::boolean:
      return MR_BOOL;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return MR_INTEGER;
    case Json::value_t::number_float:
      return MR_NUMBER;
    case Json::value_t::string:
      return MR_STRING;
    case Json::value_t::array:
      return MR_ARRAY;
    case Json::value_t::object:
      return MR_OBJECT;
    default:
      return MR_NULL;
  }
}

std::int32_t value_bool(const mr_value* value) {
  const auto* json = value == nullptr ? nullptr : to_json_value(value)->get_ptr<const bool*>();
  return json != nullptr && *json ? 1 : 0;
}

// Every value that a plugin sees has been through unfit_number(): parameters when they were
// checked, others in value_parse().
std::int64_t value_integer(const mr_value* value) {
  return value == nullptr ? 0 : whole_number(*to_json_value(value)).value_or(0);
}

// An integer is a number too: a parameter of type "number" may be written "4".
double value_number(const mr_value* value) {
  const auto kind = value_kind(value);
  return kind == MR_NUMBER || kind == MR_INTEGER ? to_json_value(value)->get<double>() : 0.0;
}

mr_text value_string(const mr_value* value) {
  if (value == nullptr) return {};
  const auto* text = to_json_value(value)->get_ptr<const Json::string_t*>();
  return text == nullptr ? mr_text{} : to_text(*text);
}

std::uint64_t value_size(const mr_value* value) {
  const auto kind = value_kind(value);
  return kind == MR_ARRAY || kind == MR_OBJECT ? to_json_value(value)->size() : 0;
}

const mr_value* value_at(const mr_value* value, std::uint64_t index) {
  if (index >= value_size(value)) return nullptr;
  const Json& json = *to_json_value(value);
  if (const auto* array = json.get_ptr<const Json::array_t*>()) return to_value((*array)[index]);
  const auto& object = json.get_ref<const Json::object_t&>();
  return to_value(std::next(object.begin(), static_cast<std::ptrdiff_t>(index))->second);
}

mr_text value_key(const mr_value* value, std::uint64_t index) {
  if (value_kind(value) != MR_OBJECT || index >= value_size(value)) return {};
  const auto& object = to_json_value(value)->get_ref<const Json::object_t&>();
  return to_text(std::next(object.begin(), static_cast<std::ptrdiff_t>(index))->first);
}

const mr_value* value_get(const mr_value* value, mr_text key) {
  if (value_kind(value) != MR_OBJECT) return nullptr;
  const auto name = view(key);
  for (const auto& [member, held] : to_json_value(value)->get_ref<const Json::object_t&>()) {
    if (member == name) return to_value(held);
  }
  return nullptr;
}

const mr_value* value_parse(mr_context* context, mr_text json) {
  const mr_value* value = nullptr;
  guarded([&] {
    auto parsed = parse_json(view(json));
    if (!parsed.ok()) return failed(parsed.error());
    if (const auto unfit = unfit_number(*parsed)) {
      return failed(Error{Code::DataInvalid,
                          fmt::format("JSON: an integer beyond 64 bits with a sign: {} at \"{}\"",
                                      unfit->text, unfit->pointer)});
    }
    value = to_value(context->values.emplace_front(*std::move(parsed)));
    return MR_OK;
  });
  return value;
}

}  // namespace

void fill_value_functions(mr_host& host) {
  host.value_kind = value_kind;
  host.value_bool = value_bool;
  host.value_integer = value_integer;
  host.value_number = value_number;
  host.value_string = value_string;
  host.value_size = value_size;
  host.value_at = value_at;
  host.value_key = value_key;
  host.value_get = value_get;
  host.value_parse = value_parse;
}

}  // namespace millrace::detail
