// Feeds text to the expression language: it is refused with a place inside the text, or read and
// answered for rows of every type without a crash.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <variant>

#include <millrace/batch.hpp>
#include <millrace/context.hpp>

#include "plugins/filter/expression.hpp"
#include "plugins/filter/expression_rows.hpp"

namespace {

using namespace millrace;

Batch rows() {
  Builder<std::int64_t> whole;
  Builder<double> number;
  Builder<bool> flag;
  Builder<std::string_view> text;
  whole.append(640);
  whole.append_null();
  number.append(0.5);
  number.append_null();
  flag.append(true);
  flag.append_null();
  text.append("image");
  text.append_null();
  return Batch{}
      .with("a", std::move(whole))
      .with("b", std::move(number))
      .with("c", std::move(flag))
      .with("d", std::move(text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Batch batch = rows();
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto parsed = expression::parse(text);
  if (const auto* error = std::get_if<expression::SyntaxError>(&parsed)) {
    if (error->offset > size || error->message.empty()) std::abort();
    return 0;
  }
  const auto& read = std::get<expression::Expression>(parsed);
  expression::where_conditions(read);
  try {
    const expression::ExpressionRows reader{read, batch};
    for (std::int64_t row = 0; row < batch.rows(); ++row) static_cast<void>(reader.is_true(row));
  } catch (const Failure& failure) {
    if (failure.code() != MR_DATA_INVALID) std::abort();
  }
  return 0;
}
