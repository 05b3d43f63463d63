#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/catalog/answer_cache.hpp"
#include "engine/catalog/database.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

/// What errors of queries begin with.
inline constexpr std::string_view kQueryWhat = "catalog query";

/// A page of rows in two steps, for when the first one's answer is at hand: which rows meet the
/// conditions, and these of them. The rows tell their revision: where that is another one than the
/// ids were found at, they are asked for anew. Besides, the second step checks what it can at once.
struct PageQuery {
  /// Of all rows that meet the conditions, in order; of several, what the answers have in common.
  std::vector<Question> ids;
  std::int64_t limit = 0;  // 0: the query is none for pages
  std::int64_t offset = 0;
  Question rows;     // its SQL ends where the list of ids comes ...
  std::string tail;  // ... and this behind it

  /// Returns the question for the rows with these ids, of which there is one at the least.
  [[nodiscard]] Question rows_of(std::span<const std::int64_t> page) const;
};

/// What a query with `after` knows of the next page (query_after.hpp).
struct Continuation {
  std::vector<const EntityColumn*> order;  // whose values stand behind the columns of each row
  std::int64_t limit = 0;                  // rows of a page at the most
  Question sizes;  // bytes of each of its rows, where a row may be long; no SQL: none is
};

/// A query of the catalog's language, checked against the schema: SQL with a "?" for every value of
/// the user.
struct CompiledQuery {
  Question question;
  PageQuery page;
  std::optional<Continuation> next{};        // of a query with `after`
  std::vector<const EntityColumn*> columns;  // of the answer; a Rows column reads as our row's id
  bool counts = false;                       // the answer is one number
  bool is_settled = false;                   // no change of the rows is under way
  std::string_view told{};  // name of the revision that each row has behind its columns; or none
  std::vector<Question> counted{};  // of several members: what is counted are the ids in common
  const Entity* entity = nullptr;
  const EntityColumn* hash = nullptr;     // of `verify`: the rows end in their id and this column
  std::optional<std::string> password{};  // that is verified
};

/// Compiles a query. Every fault is InvalidArgument and names the entity, column or operator and
/// what there is instead. `owner`, when not empty, is the only owner whose rows are seen.
Result<CompiledQuery> compile_query(const Json& query, std::string_view owner);

/// Returns what a query or a change names; InvalidArgument says what there is.
Result<const Entity*> entity_of(const Json& query, std::string_view what);
Result<const EntityColumn*> column_of(const Entity& entity, std::string_view name,
                                      std::string_view what);
/// Appends, or returns, the column as SQL, with its table where it has one.
void append_sql(std::string& sql, const Entity& entity, const EntityColumn& column);
std::string sql_of(const Entity& entity, const EntityColumn& column);
/// Returns a value that a column may hold or be compared with; InvalidArgument says what it takes.
/// Null is the caller's to allow.
Result<SqlValue> to_sql_value(const EntityColumn& column, const Json& value, std::string_view what);

/// The rows that a Rows column shows, in the order of the rows that they belong to.
struct RelatedItems {
  std::vector<std::int64_t> lengths;
  Batch items;
};

/// Makes the batch of a query's rows; `related` has one element for each Rows column.
Batch make_batch(const std::vector<const EntityColumn*>& columns, const SqlRows& rows,
                 std::vector<RelatedItems> related = {});

/// Asks for the rows that belong to each of `ids`, as far as `owner` sees them.
Result<RelatedItems> query_related(Connection& connection, const RelatedRows& related,
                                   const std::vector<std::int64_t>& ids, std::string_view owner);

}  // namespace millrace
