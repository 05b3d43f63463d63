#include "tests/plugins_sql/output_fixture.hpp"

#include <csignal>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <sys/wait.h>

namespace plugins_sql {

using millrace::Batch;
using millrace::Builder;

namespace {

constexpr const char* kParams = R"json({
  "connection": "output", "table": "people", "columns": {"name": "name", "born": "born", "score": "score"},
  "constants": {"task": "t1"}, "transaction_s": 0, "attempt_wait_s": 0.2,
  "create": {"columns": [
    {"name": "task", "type": "varchar(32)", "nullable": false}, {"name": "name", "type": "varchar(200)"},
    {"name": "born", "type": "datetime"}, {"name": "score", "type": "double"}], "indexes": [["task"]]}
})json";

std::string text_of(const millrace::sql::Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr ? *text : "null";
}

}  // namespace

millrace::testing::OperatorHarness OutputPlace::harness(std::string_view more,
                                                        const Attempt& attempt) const {
  auto params = nlohmann::json::parse(kParams);
  params.merge_patch(nlohmann::json::parse(more));
  millrace::testing::HarnessOptions options;
  options.library = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/sql.so";
  options.job = attempt.job;
  options.node = "write";
  options.token = attempt.token;
  options.lease = attempt.lease;
  millrace::testing::OperatorHarness made{"output.sql", params.dump(), options};
  made.add_connection("output", place.settings.address.describe(), place.settings.password);
  return made;
}

std::vector<std::string> OutputPlace::names(const std::string& table) const {
  std::vector<std::string> names;
  const auto found =
      connection->query("SELECT name FROM " + connection->quote(table) + " ORDER BY name");
  for (const auto& row : found.rows) names.push_back(text_of(row.at(0)));
  return names;
}

std::vector<std::string> OutputPlace::row(const std::string& query) const {
  std::vector<std::string> cells;
  const auto found = connection->query(query);
  if (found.rows.empty()) return cells;
  for (const auto& cell : found.rows.front()) cells.push_back(text_of(cell));
  return cells;
}

void OutputPlace::wait_for_session(const std::string& condition) const {
  using namespace std::chrono_literals;
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (row("SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND id <> "
             "CONNECTION_ID() AND " +
             condition) == Names{"0"}) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error{"no session comes to where " + condition};
    std::this_thread::sleep_for(5ms);
  }
}

FrozenWriter::FrozenWriter(const OutputPlace& place, std::chrono::milliseconds lease,
                           const std::string& params, std::size_t late_bytes) {
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error{"no process can be made"};
  if (process_ == 0) {
    auto harness = place.harness(params, {.lease = lease});
    const bool has_begun = harness.push(people({{1, "a"}, {2, "frozen"}})).ok();
    ::raise(SIGSTOP);
    const auto pushed = harness.push(people({{2, std::string(late_bytes, 'x')}, {3, "late"}}));
    const bool is_refused = pushed.code() == MR_CONFLICT || pushed.code() == MR_UNAVAILABLE;
    ::_exit(has_begun && is_refused ? 0 : 1);
  }
  int status = 0;
  if (::waitpid(process_, &status, WUNTRACED) != process_ || !WIFSTOPPED(status))
    throw std::runtime_error{"the process does not stop"};
}

FrozenWriter::~FrozenWriter() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void FrozenWriter::freeze() const { ::kill(process_, SIGSTOP); }

void FrozenWriter::thaw() const { ::kill(process_, SIGCONT); }

bool FrozenWriter::is_refused() {
  thaw();
  int status = 0;
  const bool has_ended = ::waitpid(process_, &status, 0) == process_;
  process_ = -1;
  return has_ended && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Batch people(const std::vector<Person>& rows) {
  constexpr std::int64_t kSecond = 1'000'000;
  Builder<std::int64_t> window, born{millrace::Type::Timestamp};
  Builder<std::string_view> name, table;
  Builder<double> score;
  for (const Person& person : rows) {
    window.append(person.window);
    name.append(person.name);
    table.append(person.table);
    born.append(person.window * kSecond);
    score.append(static_cast<double>(person.window) / 2);
  }
  return Batch{}
      .with("window", std::move(window))
      .with("name", std::move(name))
      .with("table", std::move(table))
      .with("born", std::move(born))
      .with("score", std::move(score));
}

}  // namespace plugins_sql
