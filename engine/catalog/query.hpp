#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <millrace/batch.hpp>

#include "engine/base/json.hpp"
#include "engine/catalog/database.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

/// A query of the catalog's language, checked against the schema: SQL with a "?" for every value of
/// the user.
struct CompiledQuery {
  std::string sql;
  std::vector<SqlValue> values;
  std::vector<const EntityColumn*> columns;  // of the rows that it gives
};

/// Compiles a query. Every fault is InvalidArgument and names the entity, column or operator and
/// what there is instead. `owner`, when not empty, is the only owner whose rows are seen.
Result<CompiledQuery> compile_query(const Json& query, std::string_view owner);

/// Makes the batch of a query's rows.
Batch make_batch(const std::vector<const EntityColumn*>& columns, const SqlRows& rows);

}  // namespace millrace
