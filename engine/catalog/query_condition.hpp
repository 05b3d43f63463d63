#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/catalog/answer_cache.hpp"
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
  /// Adds SQL of ours without one.
  void add_fixed(std::string sql) { add(nullptr, std::move(sql), {}, {}); }
  /// Adds SQL of ours with its values.
  void add(std::string sql, std::vector<SqlValue> values);
  /// Adds {"column": ..., "op": ..., "value": ...}.
  Result<void> add(const Json& condition);

  /// Notes a column that the query reads or sorts by: the table that it stands in is joined.
  void use(const EntityColumn& column);
  /// Returns what is joined to the entity's table: " LEFT JOIN ...".
  [[nodiscard]] const std::string& joins() const { return joins_; }

  /// Appends " FROM ... WHERE ..." and its values. Rows of which only the id is wanted are found in
  /// the index of the documents alone where that knows all that is asked.
  void append_source(std::string& sql, std::vector<SqlValue>& values, bool only_ids) const;
  /// Appends the same for rows that are counted.
  void append_counted(std::string& sql, std::vector<SqlValue>& values) const;
  /// Appends the same for rows whose ids are known, which are looked at one by one, but for the
  /// members of their documents; ends in an open condition on the id:
  /// " FROM ... WHERE ... AND models.id".
  void append_check(std::string& sql, std::vector<SqlValue>& values) const;
  /// Returns a question for each of several members, whose answers have in common the ids of the
  /// rows that meet all conditions. Empty where there are not several, or where the index of the
  /// documents does not know all that is asked.
  [[nodiscard]] std::vector<Question> lists() const;
  /// Whether members of documents are asked for.
  [[nodiscard]] bool asks_members() const { return !members_.empty(); }
  /// Whether rows are found by an index that does not give them in the order of their ids.
  [[nodiscard]] bool finds_out_of_order() const;
  /// The id of a row as the SQL that the source is sorted by.
  [[nodiscard]] std::string row_id() const;
  /// The column that `verify` asks, or null; and what it is asked.
  [[nodiscard]] const EntityColumn* hash() const { return hash_; }
  [[nodiscard]] const std::optional<std::string>& password() const { return password_; }

 private:
  Result<void> add_comparison(const EntityColumn& column, std::string_view op, const Json& value);
  Result<void> add_is_null(const EntityColumn& column, const Json& value);
  Result<void> add_in(const EntityColumn& column, const Json& values);
  Result<void> add_like(const EntityColumn& column, const Json& pattern);
  Result<void> add_contains(const EntityColumn& column, const Json& value);
  Result<void> add_has(const EntityColumn& column, const Json& value);
  Result<void> add_has_member(const EntityColumn& column, const Json& value);
  Result<void> add_has_row(const EntityColumn& column, const Json& value);
  Result<void> add_verify(const EntityColumn& column, const Json& value);

  void append_in_index(std::string& sql, std::vector<SqlValue>& values, const EntityColumn& column,
                       const std::string& folded) const;

  // A member of a document that a row must have: conditions on an alias of the index.
  struct Member {
    const DocumentIndex* index;
    std::string alias, conditions;  // "has1", "has1.kind = ? AND has1.name = ?"
    std::string listed;             // the same of "has"
    std::vector<SqlValue> values;
  };
  // A condition on the row: "models.project_id" and " IN (?, ?)".
  struct Condition {
    const EntityColumn* column;  // null: of no single one
    std::string sql;             // with the column in front where there is one
    std::string rest;            // the same without it
    std::vector<SqlValue> values;
    std::string check;  // the same for a row that is known, where that is quicker
    std::vector<SqlValue> check_values;
  };
  [[nodiscard]] bool is_copied(const Condition& condition) const;
  [[nodiscard]] bool index_knows_all() const;
  void add(const EntityColumn* column, std::string sql, std::string rest,
           std::vector<SqlValue> values);
  [[nodiscard]] std::string operand(const EntityColumn& column) const;

  const Entity& entity_;
  std::string joins_;
  std::vector<Member> members_;
  std::vector<Condition> conditions_;
  const EntityColumn* hash_ = nullptr;
  std::optional<std::string> password_;
};

}  // namespace millrace
