#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/connection.hpp>

namespace millrace::sql {

/// The largest statement that fits into one packet of the server, in bytes.
constexpr std::size_t most_statement_bytes(std::size_t max_allowed_packet) {
  return max_allowed_packet - 2;  // the command's byte, and a packet is to be smaller
}

// Spelled so that a value ends where it ends whatever sql_mode says of backslashes: a text that has
// one is written in hexadecimal digits, any other in quotes, those inside doubled.
void append_literal(std::string& sql, std::int64_t value);
/// Throws Failure with InvalidArgument for what is not finite, which MySQL cannot hold.
void append_literal(std::string& sql, double value);
void append_text_literal(std::string& sql, std::string_view value);
void append_bytes_literal(std::string& sql, std::string_view value);

/// Returns the statement with a literal in place of each "?" that stands neither in a text, nor in
/// a name, nor in a comment. Throws Failure with Internal where there are more or fewer than
/// values.
std::string with_literals(std::string_view sql, const std::vector<Value>& values);

/// Cuts the rows of a block into INSERT statements. A statement has as many rows as fit into
/// kStatementBytes, and a larger row one of its own.
class InsertStatements {
 public:
  /// Some thousand rows: a trip is then a small part of their time, and a statement of memory.
  static constexpr std::size_t kStatementBytes = 1024 * 1024;

  InsertStatements(const Target& target, const Block& rows, std::size_t max_allowed_packet);

  /// Returns the next statement, which stays until the next call; empty after the last. Throws
  /// Failure with InvalidArgument for a row that is larger than the server takes.
  const std::string& next();

 private:
  void append_row();

  const Block& rows_;
  const std::size_t largest_;
  const std::string head_;
  std::string statement_, row_text_;
  std::int64_t row_ = 0;
};

}  // namespace millrace::sql
