#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/catalog/database.hpp"

namespace millrace {

/// Returns the places of so many values in a statement: "?, ?, ?".
std::string placeholders(std::size_t count);

/// All that the two dialects of SQL spell differently in our schema. Texts of migrations use these
/// words in braces:
///   {id}         64 bit, given by the database, never given twice
///   {integer}    64 bit
///   {real}       64 bit floating point
///   {key N}      text of at most N characters, compared bytewise, fit for an index
///   {text}       text of any length
///   {options}    what stands behind the closing parenthesis of a table
///   {clustered}  the same for a table whose rows lie in the order of its primary key
class SqlSpelling {
 public:
  static SqlSpelling sqlite();
  /// MariaDB and MySQL name the collation that compares bytewise and does not pad differently:
  /// `version` is the answer to SELECT VERSION().
  static SqlSpelling mysql(std::string_view version);
  /// Asks the connection where that is needed.
  static Result<SqlSpelling> of(SqlDialect dialect, Connection& connection);

  /// Returns the text with the words replaced. A word that does not exist is Internal.
  [[nodiscard]] Result<std::string> spell(std::string_view text) const;

 private:
  std::string id_, integer_, real_, text_, options_, clustered_;
  bool keys_have_length_ = false;
};

}  // namespace millrace
