#include "tests/fault/label_place.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <catch2/catch.hpp>

#include "tools/audience_workload/keywords.hpp"
#include "tools/audience_workload/rows.hpp"
#include "tools/audience_workload/rule_text.hpp"
#include "tools/audience_workload/write_rows.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>

namespace millrace::test {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_days kFirstDay{std::chrono::year{2020} / 1 / 1};

std::string text_of(const sql::Value& value) {
  if (std::holds_alternative<std::nullptr_t>(value)) return "NULL";
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return std::to_string(sql::integer(value));
}

std::string spell(std::chrono::sys_days day) {
  const std::chrono::year_month_day date{day};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

std::uint64_t number_of(const char* variable, std::uint64_t usual) {
  const char* given = std::getenv(variable);
  if (given == nullptr) return usual;
  const std::string_view text{given};
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc{} || end != text.data() + text.size() || number == 0)
    throw std::runtime_error{fmt::format("{}: takes a number from 1 on: {}", variable, text)};
  return number;
}

Posts::Posts(std::uint64_t rows) : rows_{rows}, database_{MariaDb::shared().fresh_schema()} {
  database_.read_timeout = 10min;
  sql::connect(database_)->run(
      "CREATE TABLE ts_page_content (id VARCHAR(32) PRIMARY KEY, s_id VARCHAR(20), s_area_id "
      "VARCHAR(100), author VARCHAR(200), title TEXT, content LONGTEXT, post_time DATETIME, "
      "INDEX (post_time)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
}

Posts Posts::generated(std::uint64_t rows, std::chrono::seconds countdown) {
  constexpr std::uint64_t kMonth = 30;
  workload::RowSet set;
  set.rows = rows;
  set.start = kFirstDay;
  set.days = std::max(kMonth, workload::usual_days(rows));
  set.has_content = false;
  const TemporaryFolder folder;
  const auto file = folder / "posts.tsv";
  {
    std::ofstream out{file, std::ios::binary};
    if (!workload::write_rows(set, 2, out) || !out.flush())
      throw std::runtime_error{"cannot write " + file.string()};
  }
  ::chmod(folder.path().c_str(), 0755);  // the server is perhaps another user
  Posts posts{rows};
  sql::connect(posts.database_)
      ->run(fmt::format("LOAD DATA INFILE '{}' INTO TABLE ts_page_content CHARACTER SET utf8mb4",
                        file.string()));
  posts.task_ = fmt::format(
      R"({{"START_TIME":"{}","END_TIME":"{}","COUNTDOWN":{},"PATTERN":{}}})", spell(set.start),
      spell(set.start + std::chrono::days{set.days}), countdown.count(),
      workload::to_rule_set(workload::make_keywords(set.seed, workload::kUsualKeywords)));
  return posts;
}

Posts Posts::slow(std::uint64_t windows) {
  constexpr std::uint64_t kWindowsOfDay = 4;
  Posts posts{windows};
  sql::connect(posts.database_)
      ->execute(
          "INSERT INTO ts_page_content (id, s_id, author, content, post_time) SELECT "
          "CONCAT('p', seq), 'WH_F0001', CONCAT('u', seq), CONCAT('d', REPEAT('a', 400), "
          "'d'), '2020-01-01' + INTERVAL 6 * seq HOUR FROM seq_0_to_" +
          std::to_string(windows - 1));
  posts.task_ = fmt::format(
      R"({{"MODEL_TYPE":"rule_model","PREDICT_TYPE":"content","START_TIME":"{}","END_TIME":"{}",)"
      R"("COUNTDOWN":0,"PATTERN":{{"男性":["^d","(?:a|b)*(?=c)d"]}}}})",
      spell(kFirstDay),
      spell(kFirstDay + std::chrono::days{1 + static_cast<int>(windows / kWindowsOfDay)}));
  return posts;
}

LabelPlace::LabelPlace(const Posts& posts)
    : posts_{posts}, database_{MariaDb::shared().fresh_schema()} {
  const auto file = folder_ / "audience.env";
  std::ofstream out{file};
  for (const auto& [side, at] :
       {std::pair{"INPUT", posts.database()}, std::pair{"OUTPUT", database_}})
    out << fmt::format(
        "{0}_HOST={1}\n{0}_PORT={2}\n{0}_USER={3}\n{0}_PASSWORD={4}\n{0}_SCHEMA={5}\n", side,
        at.address.host, at.address.port, at.address.user, at.password, at.address.schema);
  out.close();
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

std::unique_ptr<ServerProcess> LabelPlace::serve(const std::string& data,
                                                 std::vector<std::string> options) const {
  options.insert(options.end(), {"--audience-settings", (folder_ / "audience.env").string()});
  return std::make_unique<ServerProcess>(folder_ / data, options);
}

std::optional<Answer> LabelPlace::ask(const ServerProcess& server, const std::string& method,
                                      const std::string& target, const std::string& body,
                                      const std::string& data) const {
  return test::ask(server, folder_ / data, method, target, body);
}

void LabelPlace::create(const ServerProcess& server, const std::string& data) {
  const auto answer = ask(server, "POST", "/audience/tasks/", posts_.task(), data);
  REQUIRE(answer);
  INFO(answer->status << " " << answer->body.dump());
  REQUIRE(answer->status == 200);
  REQUIRE(answer->body.value("error_code", 0) == 200);
  task_ = answer->body.at("error_message").at("task_id").get<std::string>();
}

sql::Rows LabelPlace::look(std::string_view query) const {
  return sql::connect(database_)->query(query);
}

std::string LabelPlace::state(std::string_view column) const {
  const auto found = look(fmt::format("SELECT {} FROM state", column));
  REQUIRE(found.rows.size() == 1);
  return text_of(found.rows[0][0]);
}

std::int64_t LabelPlace::labelled() const {
  try {
    const auto found = sql::connect(database_)->query(
        "SELECT written FROM millrace_ledger WHERE work = ?", {task_ + "/written"});
    return found.rows.empty() ? 0 : sql::integer(found.rows[0][0]);
  } catch (const sql::Failure& failure) {
    if (failure.code() == sql::Code::NotFound) return 0;  // the stage has not begun
    throw;
  }
}

std::int64_t LabelPlace::produced() const {
  const auto connection = sql::connect(database_);
  std::int64_t rows = 0;
  for (const auto& table : connection->query("SHOW TABLES LIKE 'wh\\_panel\\_mapping\\_%'").rows) {
    const auto counted = connection->query("SELECT COUNT(*) FROM " +
                                           connection->quote(std::get<std::string>(table[0])));
    rows += sql::integer(counted.rows[0][0]);
  }
  return rows;
}

bool LabelPlace::is_ended() const {
  const auto found = look(
      "SELECT stat = 'FAILURE' OR stat = 'BREAK' OR prod_stat IS NOT NULL OR error_message IS "
      "NOT NULL FROM state");
  return sql::integer(found.rows.at(0).at(0)) != 0;
}

void LabelPlace::wait_until_ended() const {
  constexpr std::int64_t kRowsInSecond = 2'000;  // in a build with sanitizers, by far
  const auto deadline =
      std::chrono::steady_clock::now() + 2min +
      std::chrono::seconds{static_cast<std::int64_t>(posts_.rows()) / kRowsInSecond};
  while (!is_ended()) {
    INFO("stat " << state("stat") << ", labelled " << labelled());
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(20ms);
  }
}

}  // namespace millrace::test
