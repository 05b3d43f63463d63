#include "tests/plugins_label/keyword_fixture.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace millrace::test {

label::KeywordRules keyword_rules(std::string_view json, const label::KeywordLimits& limits,
                                  std::size_t piece) {
  return label::read_keyword_rules(
      [&](std::span<char> buffer) {
        const auto size = std::min({json.size(), piece, buffer.size()});
        std::copy_n(json.begin(), size, buffer.begin());
        json.remove_prefix(size);
        return size;
      },
      limits);
}

std::string refused_keyword_rules(std::string_view json, const label::KeywordLimits& limits) {
  try {
    keyword_rules(json, limits);
    return {};
  } catch (const Failure& failure) {
    return failure.what();
  }
}

Batch texts(const std::vector<std::optional<std::string>>& values) {
  Builder<std::string_view> column;
  for (const auto& value : values) {
    value ? column.append(std::string_view{*value}) : column.append_null();
  }
  return Batch{}.with("text", std::move(column));
}

}  // namespace millrace::test
