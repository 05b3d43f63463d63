// What tasks of the audience dialect cost from the request to the production tables: the label and
// the production stage as jobs of a server process, and in turn with them, in this process, a bare
// program that reads the same rows in order and inserts the same labelled rows (bare_task.hpp).
//   INPUT_HOST=127.0.0.1 INPUT_USER=... INPUT_PASSWORD=... INPUT_SCHEMA=... task_bench [OPTIONS]
// The database server runs on this machine and is the one that tasks read from and write to; a
// schema "millrace_task_bench_PID" is made there, and dropped at the end. CPU seconds of server and
// client together are what holds on a busy machine.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include <millrace/sql/connection.hpp>

#include "engine/base/json.hpp"
#include "tests/bench/bare_task.hpp"
#include "tests/bench/process_figures.hpp"
#include "tests/bench/task_rows.hpp"
#include "tests/bench/task_server.hpp"
#include "tools/audience_workload/keywords.hpp"
#include "tools/audience_workload/patterns.hpp"
#include "tools/audience_workload/rows.hpp"
#include "tools/audience_workload/rule_text.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::bench;

namespace {

using Clock = std::chrono::steady_clock;

std::string variable(const char* name, const char* usual) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : usual;
}

struct Options {
  std::string model = "author";
  std::uint64_t rows = 0;  // 0: the table is there
  int turns = 3;
  pid_t database = 0;  // 0: whoever listens on the port
  bool has_two = false;
};

// What a task labels by, and the rows of a second that both stages are to take.
struct Model {
  std::string column, type, rules, about;
  double wanted = 0;

  static Model of(const std::string& name) {
    constexpr std::uint64_t kFew = 2'000, kPatterns = 200;
    if (name == "author") {
      return {"author", "keyword_model",
              workload::to_rule_set(workload::make_keywords(1, workload::kUsualKeywords)),
              "4,700 keywords on author", 300'000};
    }
    if (name == "content") {
      return {"content", "keyword_model", workload::to_rule_set(workload::make_keywords(1, kFew)),
              "2,000 keywords on content", 150'000};
    }
    return {"content", "rule_model", workload::to_rule_set(workload::make_patterns(kPatterns)),
            "200 patterns on content", 100'000};
  }
};

struct Cost {
  double seconds = 0, client = 0, server = 0;  // of the wall, and of CPU
  [[nodiscard]] double cpu() const { return client + server; }
  Cost& operator+=(const Cost& other) {
    seconds += other.seconds;
    client += other.client;
    server += other.server;
    return *this;
  }
};

// Counts from when it is made.
class Meter {
 public:
  Meter(pid_t client, pid_t server)
      : client_{client}, server_{server}, begin_{Clock::now()}, before_{now()} {}
  [[nodiscard]] Cost so_far() const {
    const Cost cost = now();
    return {std::chrono::duration<double>(Clock::now() - begin_).count(),
            cost.client - before_.client, cost.server - before_.server};
  }

 private:
  [[nodiscard]] Cost now() const { return {0, cpu_seconds(client_), cpu_seconds(server_)}; }

  pid_t client_, server_;
  Clock::time_point begin_;
  Cost before_;
};

sql::Settings settings_of_database() {
  sql::Settings settings;
  settings.address.dialect = sql::Dialect::MySql;
  settings.address.host = variable("INPUT_HOST", "127.0.0.1");
  settings.address.port = std::stoi(variable("INPUT_PORT", "3306"));
  settings.address.user = variable("INPUT_USER", "root");
  settings.address.schema = variable("INPUT_SCHEMA", "");
  settings.password = variable("INPUT_PASSWORD", "");
  settings.read_timeout = settings.write_timeout = std::chrono::hours{1};
  return settings;
}

std::vector<sql::TableName> tables_of(const Json& state, const std::string& schema) {
  std::vector<sql::TableName> tables;
  const auto names = state.at("result").get<std::string>();
  for (std::size_t begin = 0; begin <= names.size();) {
    const auto end = std::min(names.find(',', begin), names.size());
    tables.push_back({schema, names.substr(begin, end - begin)});
    begin = end + 1;
  }
  return tables;
}

class TaskBench {
 public:
  TaskBench(const Options& options, sql::Connection& connection)
      : options_{options},
        model_{Model::of(options.model)},
        connection_{connection},
        bare_{connection},
        database_{options.database != 0 ? options.database
                                        : listener_of(static_cast<std::uint16_t>(
                                              std::stoi(variable("INPUT_PORT", "3306"))))} {}

  void run(const std::string& input_schema, TaskSchema& results);

 private:
  struct Task {
    Cost labelled, done;  // from the request on
    double peak_bytes = 0;
    Json state;
  };

  // Posts as many equal tasks as there are queues, and waits for the end of the last.
  Task run_tasks(TaskServer& server, const std::vector<std::string>& queues) const;
  Cost measured(const std::function<std::int64_t()>& work, std::int64_t rows) const;
  void settle() const;
  void tell(std::string_view what, const Cost& cost, double rows,
            std::string_view behind = {}) const;
  void compare(const Cost& task, const Cost& bare, const Cost& label, const Cost& read) const;

  const Options options_;
  const Model model_;
  sql::Connection& connection_;
  BareTask bare_;
  const pid_t database_;
  TaskRows rows_;
};

// What the database server does behind what was asked of it is not to count for what comes next.
void TaskBench::settle() const {
  constexpr double kIdle = 0.05;  // of a core
  constexpr int kMostSeconds = 30;
  for (int second = 0; second < kMostSeconds; ++second) {
    const double before = cpu_seconds(database_);
    std::this_thread::sleep_for(std::chrono::seconds{1});
    if (cpu_seconds(database_) - before < kIdle) return;
  }
}

TaskBench::Task TaskBench::run_tasks(TaskServer& server,
                                     const std::vector<std::string>& queues) const {
  constexpr std::chrono::milliseconds kPause{100};
  Json body{{"MODEL_TYPE", model_.type},
            {"PREDICT_TYPE", model_.column},
            {"START_TIME", rows_.from},
            {"END_TIME", rows_.to},
            {"PATTERN", Json::parse(model_.rules)},
            {"INPUT_SCHEMA", rows_.table.schema},
            {"INPUT_TABLE", rows_.table.table},
            {"COUNTDOWN", 0}};
  settle();
  forget_peak_memory(server.process());
  const Meter meter{server.process(), database_};
  std::vector<std::string> tasks;
  for (const auto& queue : queues) {
    body["QUEUE"] = queue;
    tasks.push_back(server.create(body));
  }
  Task task;
  std::size_t labelled = 0, done = 0;
  while (done < tasks.size()) {
    std::this_thread::sleep_for(kPause);
    labelled = done = 0;
    for (const auto& id : tasks) {
      task.state = server.state_of(id);
      labelled += task.state.at("stat") == "SUCCESS" ? 1 : 0;
      done += task.state.at("prod_stat") == "finish" ? 1 : 0;
    }
    if (labelled == tasks.size() && task.labelled.seconds == 0) task.labelled = meter.so_far();
  }
  task.done = meter.so_far();
  task.peak_bytes = peak_memory_bytes(server.process());
  if (const auto received = task.state.at("length_receive_table").get<std::int64_t>();
      received != rows_.rows) {
    throw std::runtime_error{
        fmt::format("a task received {} rows, where {} are", received, rows_.rows)};
  }
  return task;
}

Cost TaskBench::measured(const std::function<std::int64_t()>& work, std::int64_t rows) const {
  settle();
  const Meter meter{::getpid(), database_};
  const auto did = work();
  const Cost cost = meter.so_far();
  if (did != rows)
    throw std::runtime_error{fmt::format("the bare program had {} rows, not {}", did, rows)};
  return cost;
}

void TaskBench::tell(std::string_view what, const Cost& cost, double rows,
                     std::string_view behind) const {
  fmt::print("  {:30} {:9.0f} rows/s, CPU us/row: server {:.2f}, client {:.2f}{}\n", what,
             rows / cost.seconds, cost.server * 1e6 / rows, cost.client * 1e6 / rows, behind);
  std::fflush(stdout);
}

void TaskBench::compare(const Cost& task, const Cost& bare, const Cost& label,
                        const Cost& read) const {
  fmt::print("both stages                 {:.0f} rows/s (wanted: {:.0f})\n",
             options_.turns * static_cast<double>(rows_.rows) / task.seconds, model_.wanted);
  fmt::print(
      "CPU, both stages : bare     {:.2f} = {:.1f} + {:.1f} s : {:.1f} + {:.1f} s of client and "
      "server (wanted: at most 1.5)\n",
      task.cpu() / bare.cpu(), task.client, task.server, bare.client, bare.server);
  fmt::print("CPU, label stage : bare     {:.2f}\n", label.cpu() / bare.cpu());
  fmt::print("label stage : ordered read  {:.2f} of its rows/s (wanted: at least 0.5)\n",
             read.seconds / label.seconds);
}

void TaskBench::run(const std::string& input_schema, TaskSchema& results) {
  const sql::TableName table{input_schema, variable("INPUT_TABLE", "ts_page_content")};
  if (options_.rows > 0)
    make_task_table(connection_, table, options_.rows, model_.column == "content");
  rows_ = TaskRows::find(connection_, table, model_.column);
  const auto rows = static_cast<double>(rows_.rows);
  fmt::print("{} rows of {} to {}, {}\n", rows_.rows, rows_.from, rows_.to, model_.about);
  bare_.read(rows_);  // so that what fits into the server's memory is there

  const auto address = settings_of_database();
  const std::string port = std::to_string(address.address.port);
  TaskServer server{{{"INPUT_HOST", address.address.host},
                     {"INPUT_PORT", port},
                     {"INPUT_USER", address.address.user},
                     {"INPUT_PASSWORD", address.password},
                     {"INPUT_SCHEMA", input_schema},
                     {"OUTPUT_HOST", address.address.host},
                     {"OUTPUT_PORT", port},
                     {"OUTPUT_USER", address.address.user},
                     {"OUTPUT_PASSWORD", address.password},
                     {"OUTPUT_SCHEMA", results.name()}}};
  Cost labels, tasks, reads, bares;
  for (int turn = 0; turn < options_.turns; ++turn) {
    const Task task = run_tasks(server, {"queue1"});
    tell("label stage", task.labelled, rows);
    tell("label and production stage", task.done, rows,
         fmt::format(", peak {:.0f} MB (wanted: 300)", task.peak_bytes / 1e6));
    const std::string own = "bare";  // table
    bare_.learn(tables_of(task.state, results.name()), task.state.at("task_id").get<std::string>(),
                {results.name(), own});
    results.drop_results(own);
    const auto labelled = task.state.at("length_output_table").get<std::int64_t>();
    const Cost read = measured([&] { return bare_.read(rows_); }, rows_.rows);
    tell("bare ordered read", read, rows);
    Cost bare = measured([&] { return bare_.insert(); }, labelled);
    bare += read;
    tell("bare read and insert", bare, rows, fmt::format(", {} rows inserted", labelled));
    results.drop_results();
    labels += task.labelled;
    tasks += task.done;
    reads += read;
    bares += bare;
  }
  compare(tasks, bares, labels, reads);
  if (!options_.has_two) return;
  const Task two = run_tasks(server, {"queue1", "queue2"});
  tell("two tasks on two queues", two.done, 2 * rows,
       fmt::format(" of both, peak {:.0f} MB", two.peak_bytes / 1e6));
  fmt::print("each of two : one alone     {:.2f} (wanted: at least 0.4)\n",
             tasks.seconds / options_.turns / two.done.seconds);
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app{"Measures tasks of the audience dialect against a bare program."};
  Options options;
  app.add_option("--model", options.model,
                 "author: 4,700 keywords on it; content: 2,000 keywords; patterns: 200 on content")
      ->check(CLI::IsMember({"author", "content", "patterns"}));
  app.add_option("--rows", options.rows,
                 "Makes INPUT_TABLE of so many rows where it is not there; it stays")
      ->check(CLI::Range(std::uint64_t{1}, workload::kMaxRows));
  app.add_option("--turns", options.turns, "How often each is measured, in turn; default: 3")
      ->check(CLI::Range(1, 1'000));
  app.add_option("--database-pid", options.database,
                 "Process of the database server; default: the one that listens on INPUT_PORT");
  app.add_flag("--two", options.has_two, "Measures two equal tasks at once, too, on two queues");
  CLI11_PARSE(app, count, arguments);
  try {
    const auto settings = settings_of_database();
    const auto connection = sql::connect(settings);
    TaskSchema results{*connection, fmt::format("millrace_task_bench_{}", ::getpid())};
    TaskBench{options, *connection}.run(settings.address.schema, results);
  } catch (const std::exception& failure) {
    fmt::print(stderr, "task_bench: {}\n", failure.what());
    return 1;
  }
  return 0;
}
