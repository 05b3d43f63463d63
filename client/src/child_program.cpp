#include "client/src/child_program.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>
#include <utility>

#include <millrace/client/error.hpp>

#include <sys/wait.h>

namespace millrace::client::detail {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
using Steady = std::chrono::steady_clock;

class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

[[noreturn]] void fail(const std::string& what, int error_number) {
  throw GitError{what + ": " + std::strerror(error_number)};
}

// Above the standard streams, in whose place a program may have nothing.
Descriptor above_streams(Descriptor file) {
  if (file.get() > 2) return file;
  Descriptor moved{::fcntl(file.get(), F_DUPFD_CLOEXEC, 3)};
  if (moved.get() < 0) fail("open pipe", errno);
  return moved;
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("open pipe", errno);
    read = Descriptor{ends[0]};
    write = Descriptor{ends[1]};
    read = above_streams(std::move(read));
    write = above_streams(std::move(write));
  }
  Descriptor read, write;
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

pid_t start(std::vector<std::string>& words, std::vector<std::string>& environment, int output,
            int errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  // The signals of a fresh program, and a group of its own, which can be killed as a whole.
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_adddup2(&actions, errors, 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  pid_t process = -1;
  const auto arguments = pointers(words);
  const auto variables = pointers(environment);
  const int failed = ::posix_spawnp(&process, words[0].c_str(), &actions, &attributes,
                                    arguments.data(), variables.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) fail(words[0] + " cannot be run", failed);
  return process;
}

// A running child, killed with its group and reaped at the end.
class Child {
 public:
  explicit Child(pid_t process) : process_{process} {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ < 0) return;
    ::kill(-process_, SIGKILL);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  // Returns the exit code; -1 when the host program lets its children be reaped by themselves.
  // Nothing when the child still runs at `end`.
  std::optional<int> wait(Steady::time_point end) {
    constexpr int kPauseMilliseconds = 2;
    while (true) {
      int status = 0;
      const auto reaped = ::waitpid(process_, &status, WNOHANG);
      if (reaped < 0 && errno == EINTR) continue;
      if (reaped == 0) {
        if (Steady::now() > end) return std::nullopt;
        ::poll(nullptr, 0, kPauseMilliseconds);
        continue;
      }
      process_ = -1;
      if (reaped < 0) return -1;
      return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
  }

 private:
  pid_t process_;
};

// Reads both streams until both have ended.
void read_all(Descriptor& output, Descriptor& errors, Finished& finished, Steady::time_point end,
              const std::string& program) {
  std::array<char, 16384> buffer;
  while (output.get() >= 0 || errors.get() >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Steady::now());
    std::array<pollfd, 2> wanted{pollfd{output.get(), POLLIN, 0}, pollfd{errors.get(), POLLIN, 0}};
    const int ready = left.count() <= 0
                          ? 0
                          : ::poll(wanted.data(), wanted.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) fail("poll", errno);
    if (ready == 0) throw GitError{program + " took too long"};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i].revents == 0) continue;
      auto& file = i == 0 ? output : errors;
      auto& text = i == 0 ? finished.output : finished.errors;
      const auto got = ::read(file.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        file.close();
        continue;
      }
      text.append(buffer.data(), static_cast<std::size_t>(got));
      if (text.size() > kMaxBytes) throw GitError{program + " wrote more than a MiB"};
    }
  }
}

}  // namespace

Finished run_program(std::vector<std::string> words, std::vector<std::string> environment,
                     std::chrono::milliseconds timeout) {
  const auto end = Steady::now() + timeout;
  Pipe output, errors;
  Child child{start(words, environment, output.write.get(), errors.write.get())};
  output.write.close();
  errors.write.close();
  Finished finished;
  read_all(output.read, errors.read, finished, end, words[0]);
  const auto code = child.wait(end);
  if (!code) throw GitError{words[0] + " took too long"};
  finished.exit_code = *code;
  return finished;
}

}  // namespace millrace::client::detail
