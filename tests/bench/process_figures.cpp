#include "tests/bench/process_figures.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

namespace millrace::bench {

namespace {

std::ifstream open_file_of(pid_t process, const char* name) {
  std::ifstream file{fmt::format("/proc/{}/{}", process, name)};
  if (!file) throw std::runtime_error{fmt::format("process {} cannot be looked at", process)};
  return file;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream text{line};
  return {std::istream_iterator<std::string>{text}, {}};
}

// Of sockets of both kinds of addresses that listen on the port, as /proc names them.
std::vector<std::string> listening_sockets(std::uint16_t port) {
  constexpr std::size_t kLocal = 1, kState = 3, kInode = 9;  // columns (man 5 proc)
  const std::string behind_address = fmt::format(":{:04X}", port);
  std::vector<std::string> sockets;
  for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file{table};
    for (std::string line; std::getline(file, line);) {
      const auto words = words_of(line);
      if (words.size() > kInode && words[kState] == "0A" && words[kLocal].ends_with(behind_address))
        sockets.push_back("socket:[" + words[kInode] + "]");
    }
  }
  return sockets;
}

bool has_any(const std::filesystem::path& process, const std::vector<std::string>& sockets) {
  std::error_code gone;  // of another user, or a descriptor that is closed by now
  for (const auto& open : std::filesystem::directory_iterator{process / "fd", gone}) {
    const auto what = std::filesystem::read_symlink(open.path(), gone).string();
    if (std::find(sockets.begin(), sockets.end(), what) != sockets.end()) return true;
  }
  return false;
}

}  // namespace

double cpu_seconds(pid_t process) {
  auto file = open_file_of(process, "stat");
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  constexpr std::size_t kUser = 11, kSystem = 12;  // behind the name, which may hold blanks
  const auto words = words_of(text.substr(text.rfind(')') + 1));
  return (std::stod(words.at(kUser)) + std::stod(words.at(kSystem))) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double peak_memory_bytes(pid_t process) {
  auto file = open_file_of(process, "status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("VmHWM:")) return 1024.0 * std::stod(words_of(line).at(1));
  }
  throw std::runtime_error{fmt::format("process {} has no memory: it has ended", process)};
}

void forget_peak_memory(pid_t process) {
  constexpr auto* kPeak = "5";  // man 5 proc
  if (!(std::ofstream{fmt::format("/proc/{}/clear_refs", process)} << kPeak << std::flush))
    throw std::runtime_error{fmt::format("the peak of process {} cannot be reset", process)};
}

pid_t listener_of(std::uint16_t port) {
  const auto sockets = listening_sockets(port);
  for (const auto& process : std::filesystem::directory_iterator{"/proc"}) {
    const auto name = process.path().filename().string();
    pid_t id = 0;
    const auto* const end = name.data() + name.size();
    if (std::from_chars(name.data(), end, id).ptr == end && has_any(process.path(), sockets))
      return id;
  }
  throw std::runtime_error{fmt::format("no process of ours listens on port {}", port)};
}

}  // namespace millrace::bench
