#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cppconn/resultset.h>
#include <cppconn/statement.h>

#include "cells.hpp"
#include "session.hpp"

namespace millrace::sql {

/// Streams the rows of a query as the server sends them.
class MysqlReader final : public Reader {
 public:
  /// `sql` is for failures, `spelled` the same with its values.
  MysqlReader(std::shared_ptr<MysqlSession> session, std::string_view sql,
              const std::string& spelled);
  ~MysqlReader() override;
  MysqlReader(const MysqlReader&) = delete;
  MysqlReader& operator=(const MysqlReader&) = delete;

 private:
  bool read_rows(Block& block, std::int64_t max_rows, std::size_t max_bytes) override;
  bool fetch(Block& block, std::int64_t max_rows, std::size_t max_bytes);
  std::size_t append(Column& column, unsigned place) const;
  void close();
  void check_ended();

  const std::shared_ptr<MysqlSession> session_;  // may outlive the connection
  const std::string sql_;
  std::unique_ptr<cppconn::Statement> statement_;
  std::unique_ptr<cppconn::ResultSet> result_;  // none: it has ended
  std::vector<MysqlColumn> columns_;
};

}  // namespace millrace::sql
