#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/catalog/database.hpp"
#include "engine/catalog/part.hpp"

namespace millrace {

/// Makes SQL of the conditions of a query, which must all hold. Names are checked against the
/// schema, values become "?". Every fault is InvalidArgument.
class ConditionCompiler {
 public:
  explicit ConditionCompiler(const Entity& entity) : entity_{entity} {}

  /// Adds SQL of ours with one "?".
  void add(std::string_view sql, std::string_view value);
  /// Adds {"column": ..., "op": ..., "value": ...}.
  Result<void> add(const Json& condition);

  /// " JOIN ..." for conditions on the members of documents.
  [[nodiscard]] const std::string& joins() const { return joins_; }
  /// " WHERE ..."
  [[nodiscard]] const std::string& where() const { return where_; }
  /// Of the joins, then of the conditions.
  std::vector<SqlValue> take_values();
  /// The column that `verify` asks, or null; and what it is asked.
  [[nodiscard]] const EntityColumn* hash() const { return hash_; }
  [[nodiscard]] const std::optional<std::string>& password() const { return password_; }

 private:
  void begin();
  void add_operand(const EntityColumn& column);
  Result<void> add_comparison(const EntityColumn& column, std::string_view op, const Json& value);
  Result<void> add_is_null(const EntityColumn& column, const Json& value);
  Result<void> add_in(const EntityColumn& column, const Json& values);
  Result<void> add_like(const EntityColumn& column, const Json& pattern);
  Result<void> add_contains(const EntityColumn& column, const Json& value);
  Result<void> add_has(const EntityColumn& column, const Json& value);
  Result<void> add_has_member(const EntityColumn& column, const Json& value);
  Result<void> add_has_row(const EntityColumn& column, const Json& value);
  Result<void> add_verify(const EntityColumn& column, const Json& value);

  const Entity& entity_;
  std::string joins_, where_;
  std::vector<SqlValue> join_values_, where_values_;
  int joined_ = 0;
  const EntityColumn* hash_ = nullptr;
  std::optional<std::string> password_;
};

}  // namespace millrace
