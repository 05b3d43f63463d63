#pragma once

#include <string_view>
#include <vector>

#include "engine/catalog/database.hpp"

namespace millrace::test {

/// Passes statements on to a connection, which it does not own, and counts them.
class CountingConnection final : public Connection {
 public:
  explicit CountingConnection(Connection& inner) : inner_{inner} {}

  Result<SqlRows> query(std::string_view sql, const std::vector<SqlValue>& values) override {
    ++asked;
    return inner_.query(sql, values);
  }
  Result<Changed> execute(std::string_view sql, const std::vector<SqlValue>& values) override {
    ++asked;
    return inner_.execute(sql, values);
  }
  Result<std::int64_t> insert(std::string_view sql, const std::vector<SqlValue>& values) override {
    ++asked;
    return inner_.insert(sql, values);
  }
  Result<void> run(std::string_view sql) override { return inner_.run(sql); }
  Result<void> begin() override { return inner_.begin(); }
  Result<void> commit() override { return inner_.commit(); }
  Result<void> rollback() override { return inner_.rollback(); }

  int asked = 0;  // but for those that run() takes

 private:
  Connection& inner_;
};

}  // namespace millrace::test
