#include "engine/catalog/sql_spelling.hpp"

#include <charconv>

#include <fmt/format.h>

namespace millrace {

std::string placeholders(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += i == 0 ? "?" : ", ?";
  return text;
}

SqlSpelling SqlSpelling::sqlite() {
  SqlSpelling spelling;
  spelling.id_ = "INTEGER PRIMARY KEY AUTOINCREMENT";
  spelling.integer_ = "INTEGER";
  spelling.real_ = "REAL";
  spelling.text_ = "TEXT";
  spelling.options_ = "STRICT";
  spelling.clustered_ = "WITHOUT ROWID, STRICT";
  return spelling;
}

SqlSpelling SqlSpelling::mysql(std::string_view version) {
  const bool is_mariadb = version.find("MariaDB") != std::string_view::npos;
  SqlSpelling spelling;
  spelling.id_ = "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY";
  spelling.integer_ = "BIGINT";
  spelling.real_ = "DOUBLE";
  spelling.text_ = "LONGTEXT";
  spelling.options_ =
      fmt::format("ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE {}",
                  is_mariadb ? "utf8mb4_nopad_bin" : "utf8mb4_0900_bin");
  spelling.clustered_ = spelling.options_;
  spelling.keys_have_length_ = true;
  return spelling;
}

Result<SqlSpelling> SqlSpelling::of(SqlDialect dialect, Connection& connection) {
  if (dialect == SqlDialect::Sqlite) return sqlite();
  MR_TRY(const SqlRows found, connection.query("SELECT VERSION()"));
  return mysql(std::get<std::string>(found.rows.at(0).at(0)));
}

Result<std::string> SqlSpelling::spell(std::string_view text) const {
  std::string out;
  out.reserve(text.size() + 64);
  while (true) {
    const auto open = text.find('{');
    out += text.substr(0, open);
    if (open == std::string_view::npos) return out;
    const auto close = text.find('}', open);
    if (close == std::string_view::npos)
      return Error{Code::Internal, "SQL text lacks a closing brace"};
    const auto word = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    if (word == "id") {
      out += id_;
    } else if (word == "integer") {
      out += integer_;
    } else if (word == "real") {
      out += real_;
    } else if (word == "text") {
      out += text_;
    } else if (word == "options") {
      out += options_;
    } else if (word == "clustered") {
      out += clustered_;
    } else if (word.starts_with("key ")) {
      int length = 0;
      const auto digits = word.substr(4);
      const auto [end, fault] =
          std::from_chars(digits.data(), digits.data() + digits.size(), length);
      if (fault != std::errc{} || end != digits.data() + digits.size() || length < 1) {
        return Error{Code::Internal,
                     fmt::format("SQL text has a key without length: {{{}}}", word)};
      }
      out += keys_have_length_ ? fmt::format("VARCHAR({})", length) : text_;
    } else {
      return Error{Code::Internal, fmt::format("SQL text has an unknown word: {{{}}}", word)};
    }
  }
}

}  // namespace millrace
