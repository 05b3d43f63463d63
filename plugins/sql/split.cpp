#include "plugins/sql/split.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <millrace/context.hpp>

namespace millrace::sql_operators {

namespace {

constexpr std::string_view kFrom = "@from", kTo = "@to";

}  // namespace

Batch split_batch(const Windows::Range& range) {
  Builder<std::int64_t> from, to;
  from.append(range.from);
  to.append(range.to);
  return Batch{}.with(kFrom, std::move(from)).with(kTo, std::move(to));
}

bool is_split_batch(const Batch& batch) {
  const auto is_int64 = [](const Field& field) { return field.type == Type::Int64; };
  const Schema& schema = batch.schema();
  return schema.size() == 2 && batch.has(kFrom) && batch.has(kTo) && is_int64(schema[0]) &&
         is_int64(schema[1]);
}

std::vector<Windows::Range> ranges_of(const Batch& batch) {
  const auto from = batch.column<std::int64_t>(kFrom), to = batch.column<std::int64_t>(kTo);
  std::vector<Windows::Range> ranges;
  for (std::int64_t row = 0; row < batch.rows(); ++row) {
    if (!from[row] || !to[row])
      throw Failure{MR_DATA_INVALID, "a range to read has a first and a last time"};
    ranges.push_back({*from[row], *to[row]});
  }
  return ranges;
}

}  // namespace millrace::sql_operators
