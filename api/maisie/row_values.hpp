#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"

namespace millrace::maisie {

/// Values of a row of the catalog as replies show them.
Json text(const Batch& rows, std::string_view column, std::int64_t row);
std::int64_t integer(const Batch& rows, std::string_view column, std::int64_t row);
Json integer_or_null(const Batch& rows, std::string_view column, std::int64_t row);
/// A document, {} when it is none.
Json document(const Batch& rows, std::string_view column, std::int64_t row);
std::string date(const Batch& rows, std::string_view column, std::int64_t row);
/// "2026-11-22T02:03:51.533349+00:00", of microseconds since 1970.
std::string date_text(std::int64_t micros);

}  // namespace millrace::maisie
