#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <millrace/sql/connection.hpp>

#include "api/app/app.hpp"
#include "api/audience/settings.hpp"
#include "engine/base/json.hpp"
#include "tests/fixtures/mariadb.hpp"
#include "tests/fixtures/temporary_folder.hpp"

namespace millrace::test {

/// A server whose audience dialect stands at the root of a port of its own, and a real MariaDB with
/// an empty schema to read from and one to write to. [test's thread]
class AudienceServer {
 public:
  /// `more` are variables of the dialect besides profile, servers and schemas; they go before
  /// these.
  explicit AudienceServer(audience::Profile profile = audience::Profile::Document,
                          const Environment& more = {});
  ~AudienceServer();

  struct Answer {
    int status = 0;
    std::string text;
    std::map<std::string, std::string> headers;  // names in lower case
    Json body;                                   // null when the text is no JSON
    [[nodiscard]] const std::string& header(const std::string& name) const;
  };
  /// `headers` are lines with their ends. A body that is empty is sent as none.
  [[nodiscard]] Answer send(std::string_view method, std::string_view target,
                            std::string_view body = {}, std::string_view headers = {}) const;
  [[nodiscard]] Answer get(std::string_view target) const { return send("GET", target); }
  [[nodiscard]] Answer post(std::string_view target, const Json& body) const;
  [[nodiscard]] Answer remove(std::string_view target, const Json& body) const;
  /// What begins every absolute address of the dialect.
  [[nodiscard]] std::string base() const;

  /// The state of a task, as soon as `is_wanted`; fails the test, with the state, when it is not
  /// within `patience`.
  Json wait_for(const std::string& task, const std::function<bool(const Json&)>& is_wanted,
                std::chrono::seconds patience = std::chrono::seconds{60}) const;

  /// Connections of the test's own to the two schemas.
  [[nodiscard]] sql::Connection& input() { return *input_; }
  [[nodiscard]] sql::Connection& output() { return *output_; }
  [[nodiscard]] const std::string& input_schema() const { return input_at_.address.schema; }
  [[nodiscard]] const std::string& output_schema() const { return output_at_.address.schema; }
  /// The password of both servers: nothing that anybody sees may hold it.
  [[nodiscard]] const std::string& password() const { return output_at_.password; }
  /// Makes one more schema on the same server and returns its name.
  [[nodiscard]] static std::string another_schema();

  /// Makes the tables `state`, `model_status`, `model_report` and `term_weights` in the output
  /// schema, as the documented system has them.
  void make_state_table();
  void make_model_tables();
  /// Makes a table of results there.
  void make_result_table(const std::string& name);
  /// Inserts a row; a member is a column.
  void insert(const std::string& table, const Json& row);
  /// All rows of a query on the output schema, each an array of its values.
  [[nodiscard]] Json rows(std::string_view query);

  /// Ends the server and starts it anew on the same data folder, with other variables as they are
  /// given.
  void restart(const Environment& more = {});

  [[nodiscard]] std::uint16_t port() const { return app_->addresses().at(1).port; }
  [[nodiscard]] std::uint16_t main_port() const { return app_->addresses().at(0).port; }
  [[nodiscard]] Engine& engine() { return app_->engine(); }
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }
  /// What the server counts, as /metrics of its main port says it.
  [[nodiscard]] std::string metrics() const;

 private:
  void open();

  TemporaryFolder folder_;
  sql::Settings input_at_, output_at_;
  std::unique_ptr<sql::Connection> input_, output_;
  Environment variables_;
  std::unique_ptr<api::App> app_;
};

/// The names of an object's members in their order, with commas between.
std::string names(const Json& object);

/// An id that no task has, of 32 digits.
inline const std::string kNoTask(32, '0');

}  // namespace millrace::test
