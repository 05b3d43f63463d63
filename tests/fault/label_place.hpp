#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <millrace/sql/connection.hpp>

#include "engine/base/json.hpp"
#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/mariadb.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// A number that an environment variable has; `usual` where it has none.
std::uint64_t number_of(const char* variable, std::uint64_t usual);

/// A table of posts in a schema of its own, on the shared MariaDB, and a task that labels them.
class Posts {
 public:
  /// Makes so many with the generator, over as many days as it has for them, and a month at the
  /// least, so that there are many windows. The task labels authors by 4,700 keywords, and waits
  /// for `countdown` between its two stages.
  static Posts generated(std::uint64_t rows,
                         std::chrono::seconds countdown = std::chrono::seconds{0});
  /// Makes one in each of so many windows. The task labels all, each of which takes a millisecond
  /// or more: what its pattern looks for comes behind none of the letters that it tries.
  static Posts slow(std::uint64_t windows);

  /// The task, as POST /audience/tasks/ takes it.
  [[nodiscard]] const std::string& task() const { return task_; }
  [[nodiscard]] const sql::Settings& database() const { return database_; }
  [[nodiscard]] std::uint64_t rows() const { return rows_; }

 private:
  explicit Posts(std::uint64_t rows);

  std::uint64_t rows_;
  sql::Settings database_;
  std::string task_;
};

/// Where a task of all posts has its state and its rows: a fresh schema of the shared MariaDB, and
/// the settings of servers that work on it. One task for a place. [test's thread]
class LabelPlace {
 public:
  explicit LabelPlace(const Posts& posts);

  /// Starts a server on the data folder of that name.
  std::unique_ptr<ServerProcess> serve(const std::string& data = "data",
                                       std::vector<std::string> options = {}) const;
  std::optional<Answer> ask(const ServerProcess& server, const std::string& method,
                            const std::string& target, const std::string& body = {},
                            const std::string& data = "data") const;

  /// Posts the task and keeps its id; fails the test when it is not taken.
  void create(const ServerProcess& server, const std::string& data = "data");
  [[nodiscard]] const std::string& task() const { return task_; }

  /// A column of the task's row in `state`, as a text; "NULL" where it is null.
  [[nodiscard]] std::string state(std::string_view column) const;
  /// Rows of the label stage that are in their tables for good.
  [[nodiscard]] std::int64_t labelled() const;
  /// Rows in the production tables.
  [[nodiscard]] std::int64_t produced() const;
  /// Whether nothing more happens by itself: the task is done, or has failed, or was aborted.
  [[nodiscard]] bool is_ended() const;
  /// Waits until then, as long as so many rows may take, and fails the test when it is not to be.
  void wait_until_ended() const;

  [[nodiscard]] const sql::Settings& database() const { return database_; }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  [[nodiscard]] sql::Rows look(std::string_view query) const;

  TemporaryFolder folder_;
  const Posts& posts_;
  sql::Settings database_;
  std::string task_;
};

}  // namespace millrace::test
