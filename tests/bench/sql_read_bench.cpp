// Reads a table of MariaDB in the order of time, bare on one connection and with input.sql in a
// child `millrace run`, in turn, and compares the CPU seconds of client and server together:
//   sql_read_bench [ROWS = 2000000] [TURNS = 3] [PROGRAM]
// with ids that grow with time and with random ones, without the content and with it.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include <millrace/sql/connection.hpp>

#include "tests/fixtures/mariadb.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace sql = millrace::sql;
using millrace::test::MariaDb;

namespace {

struct Cost {
  double seconds = 0, client = 0, server = 0;  // of the wall, and of CPU
  long peak_kib = 0;
  [[nodiscard]] double cpu() const { return client + server; }
};

double cpu_of(const rusage& used) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// CPU seconds of a process so far: fields 14 and 15 of its stat, in ticks (man 5 proc).
double cpu_of_process(const std::string& id) {
  std::ifstream file{"/proc/" + id + "/stat"};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  std::vector<std::string> fields;
  for (std::size_t at = text.rfind(')') + 2; at < text.size();) {
    const auto end = std::min(text.find(' ', at), text.size());
    fields.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  constexpr std::size_t kUser = 11, kSystem = 12;  // the third field of all is the first here
  return (std::stod(fields.at(kUser)) + std::stod(fields.at(kSystem))) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

Cost run(const std::vector<std::string>& words) {
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    std::_Exit(127);
  }
  int status = 0;
  rusage used{};
  if (child < 0 || wait4(child, &status, 0, &used) != child || !WIFEXITED(status) ||
      WEXITSTATUS(status) != 0) {
    fmt::print(stderr, "millrace run failed\n");
    std::exit(1);
  }
  return {.client = cpu_of(used), .peak_kib = used.ru_maxrss};
}

// Measures `read`, which says what the client took.
template <class Read>
Cost measured(const std::string& server, const Read& read) {
  const double before = cpu_of_process(server);
  const auto begin = std::chrono::steady_clock::now();
  Cost cost = read();
  cost.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  cost.server = cpu_of_process(server) - before;
  return cost;
}

Cost read_bare(const sql::Settings& settings, const std::string& columns, std::int64_t rows) {
  rusage before{}, after{};
  getrusage(RUSAGE_SELF, &before);
  const auto connection = sql::connect(settings);
  const auto reader = connection->stream("SELECT " + columns +
                                         " FROM posts FORCE INDEX (by_time) ORDER BY post_time");
  sql::Block block;
  std::int64_t seen = 0;
  while (reader->read(block, 16'384, 4 << 20)) seen += block.rows();
  getrusage(RUSAGE_SELF, &after);
  if (seen != rows) {
    fmt::print(stderr, "{} rows instead of {}\n", seen, rows);
    std::exit(1);
  }
  return {.client = cpu_of(after) - cpu_of(before)};
}

void make_table(sql::Connection& connection, std::int64_t rows, bool has_random_ids) {
  connection.run("DROP TABLE IF EXISTS posts");
  connection.run(
      "CREATE TABLE posts (id VARCHAR(32) PRIMARY KEY, s_id VARCHAR(20), author VARCHAR(200), "
      "content LONGTEXT, post_time DATETIME, KEY by_time (post_time)) CHARACTER SET utf8mb4");
  connection.run(fmt::format(
      "INSERT INTO posts SELECT {}, CONCAT('WH_F00', seq % 60), CONCAT('author ', seq * 7919 % "
      "50000), REPEAT(CONCAT('text ', seq, ' '), 45), '2020-01-01' + INTERVAL seq * 3 SECOND FROM "
      "seq_1_to_{}",
      has_random_ids ? "MD5(seq)" : "LPAD(seq, 32, '0')", rows));
  connection.run("ANALYZE TABLE posts");
}

void tell(const char* who, const Cost& cost, std::int64_t rows) {
  const auto each = [rows](double seconds) { return seconds * 1e6 / static_cast<double>(rows); };
  fmt::print("  {:9} {:9.0f} rows/s, CPU us/row: server {:.2f}, client {:.2f}", who,
             static_cast<double>(rows) / cost.seconds, each(cost.server), each(cost.client));
  if (cost.peak_kib > 0) fmt::print(", peak {} MB", cost.peak_kib / 1000);
  fmt::print("\n");
}

}  // namespace

int main(int count, char** words) {
  const std::int64_t rows = count > 1 ? std::atoll(words[1]) : 2'000'000;
  const int turns = count > 2 ? std::atoi(words[2]) : 3;
  const std::string program = count > 3 ? words[3] : MR_BINARY_DIR "/bin/millrace";
  auto folder = (std::filesystem::temp_directory_path() / "sql_read_bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;

  sql::Settings settings = MariaDb::shared().fresh_schema();
  settings.read_timeout = settings.write_timeout = std::chrono::hours{1};
  const auto connection = sql::connect(settings);
  std::string server;
  std::ifstream{std::get<std::string>(connection->query("SELECT @@pid_file").rows.at(0).at(0))} >>
      server;
  for (const bool has_random_ids : {false, true}) {
    make_table(*connection, rows, has_random_ids);
    for (const std::string columns :
         {"id, s_id, author, post_time", "id, s_id, author, post_time, content"}) {
      std::string names = columns;
      for (std::size_t at = 0; (at = names.find(", ", at)) != std::string::npos; at += 4)
        names.replace(at, 2, "\", \"");
      std::ofstream{folder + "/read.json"} << fmt::format(
          R"({{"ops": [
  {{"name": "rows", "type": "input.sql", "params": {{"connection": "data", "table": "posts", "id": "id",
    "columns": ["{}"],
    "time": {{"column": "post_time", "from": "2020-01-01", "to": "2030-01-01", "window_hours": 6}}}}}},
  {{"name": "gone", "type": "output.discard", "preOps": ["rows"]}}]}})",
          names);
      fmt::print("{} ids, {}\n", has_random_ids ? "random" : "growing", columns);
      double bare_cpu = 0, our_cpu = 0;
      for (int turn = 0; turn < turns; ++turn) {
        const Cost bare = measured(server, [&] { return read_bare(settings, columns, rows); });
        const Cost ours = measured(server, [&] {
          return run({program, "run", folder + "/read.json", "--data", folder + "/data",
                      "--plugins", MR_BENCH_PLUGINS, "--quiet", "--connection",
                      "data=" + settings.address.describe(), "--connection-password-file",
                      "data=" + MariaDb::shared().password_file()});
        });
        tell("bare", bare, rows);
        tell("input.sql", ours, rows);
        bare_cpu += bare.cpu();
        our_cpu += ours.cpu();
      }
      fmt::print("  CPU of input.sql : bare = {:.2f}\n", our_cpu / bare_cpu);
    }
  }
  std::filesystem::remove_all(folder);
  return 0;
}
