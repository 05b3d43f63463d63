// Sorts rows by a drawn key in a child `millrace run`, and tells rows a second and the peak of the
// child's memory:
//   sort_bench [ROWS = 10000000] [MEMORY OF THE SORT IN BYTES = 67108864] [PROGRAM]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>

namespace {

// Runs a program to its end; returns its exit code and the peak of its memory in KiB, which is the
// VmHWM of /proc at its end.
std::pair<int, long> run(const std::vector<std::string>& words) {
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
  if (child < 0 || wait4(child, &status, 0, &used) != child) return {-1, 0};
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, used.ru_maxrss};
}

}  // namespace

int main(int count, char** words) {
  const std::string rows = count > 1 ? words[1] : "10000000";
  const std::string memory = count > 2 ? words[2] : "67108864";
  const std::string program = count > 3 ? words[3] : MR_BINARY_DIR "/bin/millrace";
  auto folder = (std::filesystem::temp_directory_path() / "sort_bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return 1;
  std::ofstream{folder + "/sort.json"} << fmt::format(
      R"({{"ops": [
  {{"name": "draw", "type": "input.draw", "preOps": [], "postOps": ["sort"], "params": {{"rows": {}}}}},
  {{"name": "sort", "type": "preprocess.sort", "preOps": ["draw"], "postOps": ["check"],
   "params": {{"by": [{{"column": "key"}}], "memory": {}}}}},
  {{"name": "check", "type": "output.check_sorted", "preOps": ["sort"], "postOps": [], "params": {{}}}}]}})",
      rows, memory);
  const auto begin = std::chrono::steady_clock::now();
  const auto [code, peak_kib] = run({program, "run", folder + "/sort.json", "--data",
                                     folder + "/data", "--plugins", MR_SORT_OPERATORS, "--quiet"});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::filesystem::remove_all(folder);
  if (code != 0) {
    fmt::print(stderr, "millrace run ended with {}\n", code);
    return 1;
  }
  fmt::print("{} rows in {:.1f} s: {:.0f} rows/s, peak {} MB\n", rows, took.count(),
             std::stod(rows) / took.count(), peak_kib / 1000);
  return 0;
}
