#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/catalog/query.hpp"

// How a query goes on behind the last row of the page before: by what that row holds in the columns
// of the order, which ends in the key. So a page costs the same wherever it lies, and rows that
// come or go elsewhere move none.

namespace millrace {

inline constexpr std::int64_t kMostPagedRows = 4'096;       // of one page
inline constexpr std::int64_t kMostPagedBytes = 8'388'608;  // of its long texts, but for one row
inline constexpr std::string_view kAfterColumn = "@after";  // of a page: where the next begins
/// Bytes of a text by which MySQL and MariaDB sort (max_sort_length is 1024).
inline constexpr std::size_t kMostSortedBytes = 1'000;

/// A column that rows are sorted by.
struct Ordered {
  const EntityColumn* column;
  bool is_descending;
};

/// Returns a condition that holds for the rows behind the one whose values in the columns of the
/// order are `last`. Null is smaller than all else, as both databases sort.
Result<Question> behind(const Entity& entity, const std::vector<Ordered>& order, const Json& last);

/// Whether texts of the column may be so long that a page of them must be cut.
bool may_be_long(const EntityColumn& column);

/// Asks for one page. `next` becomes what the next one is asked for with, or nothing when this is
/// the last.
Result<SqlRows> query_page(Connection& connection, SqlDialect dialect, const CompiledQuery& query,
                           std::optional<std::string>& next);

}  // namespace millrace
