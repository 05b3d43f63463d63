#include "reader.hpp"

#include "errors.hpp"

namespace millrace::sql {

MysqlReader::MysqlReader(std::shared_ptr<MysqlSession> session, std::string_view sql,
                         const std::string& spelled)
    : session_{std::move(session)}, sql_{sql} {
  session_->call(sql_, [&] {
    session_->limit_time(true);
    std::unique_ptr<cppconn::Statement> statement{session_->connection().createStatement()};
    statement->setResultSetType(cppconn::ResultSet::TYPE_FORWARD_ONLY);
    std::unique_ptr<cppconn::ResultSet> result{statement->executeQuery(spelled)};
    columns_ = columns_of(*result);
    statement_ = std::move(statement);
    result_ = std::move(result);
  });
  session_->is_read = true;
}

// The driver reads all that is left of a result before it lets it go. A short rest is read; a long
// one is ended on the server, and the session with it, for which the order might come late.
MysqlReader::~MysqlReader() {
  constexpr int kShortRest = 1'000;
  if (!result_) return;
  bool is_long = false;
  try {
    for (int row = 0; row <= kShortRest && result_->next(); ++row) is_long = row == kShortRest;
  } catch (const cppconn::SQLException&) {
    is_long = true;  // the session is lost
  }
  if (is_long) session_->interrupt();
  close();
  if (is_long) session_->drop();
}

void MysqlReader::close() {
  result_.reset();
  statement_.reset();
  session_->is_read = false;
}

bool MysqlReader::read_rows(Block& block, std::int64_t max_rows, std::size_t max_bytes) {
  if (block.columns.empty()) {
    for (const MysqlColumn& column : columns_) block.columns.push_back({column.name, column.type});
  }
  block.clear();
  if (!result_) return false;
  return session_->call(sql_, [&] {
    try {
      return fetch(block, max_rows, max_bytes);
    } catch (const Failure&) {
      throw;  // of a cell: the rows behind it end as those of a reader let go
    } catch (...) {
      close();  // before the session, which may end with this
      throw;
    }
  });
}

bool MysqlReader::fetch(Block& block, std::int64_t max_rows, std::size_t max_bytes) {
  std::int64_t rows = 0;
  for (std::size_t bytes = 0; rows < max_rows && bytes < max_bytes; ++rows) {
    if (!result_->next()) {
      close();
      check_ended();
      break;
    }
    unsigned place = 0;
    for (Column& column : block.columns) bytes += append(column, ++place);
  }
  return rows > 0;
}

// The driver takes an error amid a result for its end.
void MysqlReader::check_ended() {
  const std::unique_ptr<cppconn::Statement> statement{session_->connection().createStatement()};
  const std::unique_ptr<cppconn::ResultSet> errors{statement->executeQuery("SHOW ERRORS")};
  if (errors->next())
    throw cppconn::SQLException{errors->getString(3).asStdString(), "HY000", errors->getInt(2)};
}

std::size_t MysqlReader::append(Column& column, unsigned place) const {
  if (result_->isNull(place)) {
    column.append_null();
  } else if (column.type == Type::Integer) {
    column.append(read_integer(*result_, place, columns_[place - 1]));
  } else if (column.type == Type::Real) {
    column.append(read_real(result_->getString(place).asStdString()));
  } else {
    const cppconn::SQLString text = result_->getString(place);
    column.append(std::string_view{text.asStdString()});
    return text.length();
  }
  return sizeof(std::int64_t);
}

}  // namespace millrace::sql
