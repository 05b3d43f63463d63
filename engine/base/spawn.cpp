#include "engine/base/spawn.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string_view>

#include "engine/base/file_descriptor.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>

extern "C" {  // which the header of glibc 2.36 leaves out
#include <sys/pidfd.h>
}

extern char** environ;

namespace millrace {
namespace {

using detail::FileDescriptor;
using Moment = std::chrono::steady_clock::time_point;

struct Pipe {
  FileDescriptor read, write;
};

// Moves a file above the three standard streams: in a program that was started without them it
// could stand in the place of another one that the child is to get.
FileDescriptor above_streams(FileDescriptor file) {
  if (!file || file.get() > 2) return file;
  return FileDescriptor{::fcntl(file.get(), F_DUPFD_CLOEXEC, 3)};
}

Result<Pipe> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("open pipe", "", errno);
  Pipe pipe{FileDescriptor{ends[0]}, FileDescriptor{ends[1]}};
  pipe.read = above_streams(std::move(pipe.read));
  pipe.write = above_streams(std::move(pipe.write));
  if (!pipe.read || !pipe.write) return system_error("open pipe", "", errno);
  return pipe;
}

// Puts the input into memory that the child reads as a file: nothing to pump, and no SIGPIPE if it
// does not read.
Result<FileDescriptor> open_input(std::string_view input) {
  if (input.empty()) {
    auto null = above_streams(FileDescriptor{::open("/dev/null", O_RDONLY | O_CLOEXEC)});
    if (!null) return system_error("open input", "/dev/null", errno);
    return null;
  }
  auto memory = above_streams(FileDescriptor{::memfd_create("millrace-input", MFD_CLOEXEC)});
  if (!memory) return system_error("open input", "", errno);
  while (!input.empty()) {
    const auto put = ::write(memory.get(), input.data(), input.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return system_error("write input", "", put == 0 ? ENOSPC : errno);
    input.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::lseek(memory.get(), 0, SEEK_SET) != 0) return system_error("rewind input", "", errno);
  return memory;
}

// What posix_spawn wants to know, freed with this.
class SpawnSettings {
 public:
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    // The child begins with the signals of a fresh program, whatever this thread blocks or ignores.
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  // Gives the child its three streams and nothing else.
  int connect(int input, int output, int errors) {
    const std::array<int, 3> streams{input, output, errors};
    for (int number = 0; number < 3; ++number) {
      const auto from = streams[static_cast<std::size_t>(number)];
      if (const int failed = posix_spawn_file_actions_adddup2(&actions_, from, number))
        return failed;
    }
    return posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
  }

  const posix_spawn_file_actions_t* actions() const { return &actions_; }
  const posix_spawnattr_t* attributes() const { return &attributes_; }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> lines;
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string_view text{*line};
    const std::string name{text.substr(0, text.find('='))};
    if (command.environment.count(name) == 0) lines.emplace_back(text);
  }
  for (const auto& [name, value] : command.environment) lines.push_back(name + '=' + value);
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> out;
  out.reserve(lines.size() + 1);
  for (auto& line : lines) out.push_back(line.data());
  out.push_back(nullptr);
  return out;
}

// A running child. What is still alive of its group when this ends is killed, and the child is
// reaped.
class Child {
 public:
  explicit Child(pid_t process) : process_{process}, handle_{::pidfd_open(process, 0)} {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (!is_reaped_) finish();
  }

  [[nodiscard]] const FileDescriptor& handle() const { return handle_; }

  // Kills the group before reaping: until then nobody else can have got its number.
  int finish() {
    ::kill(-process_, SIGKILL);
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    is_reaped_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t process_;
  FileDescriptor handle_;  // readable when the child has ended
  bool is_reaped_ = false;
};

// One stream of the child, collected up to a limit.
struct Collected {
  FileDescriptor from;
  std::string* into;

  // Reads what is there. False: more came than the limit allows.
  bool drain(std::size_t limit) {
    std::array<char, 65536> buffer;
    while (from) {
      const auto got = ::read(from.get(), buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return true;
      if (got <= 0) {
        from.close();
        return true;
      }
      if (static_cast<std::size_t>(got) > limit - into->size()) return false;
      into->append(buffer.data(), static_cast<std::size_t>(got));
    }
    return true;
  }
};

// Returns the time left for poll, rounded up; 0 when it is over.
int remaining_ms(Moment deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(left.count(), 0, 1 << 30));
}

// Collects both streams until the child ends.
Result<void> collect(const Command& command, const Child& child,
                     std::array<Collected, 2>& streams) {
  // A timeout longer than the clock can say is as good as a year.
  const auto timeout =
      std::min<std::chrono::milliseconds>(command.timeout, std::chrono::hours{8760});
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    std::array<pollfd, 3> waits{pollfd{child.handle().get(), POLLIN, 0},
                                pollfd{streams[0].from.get(), POLLIN, 0},
                                pollfd{streams[1].from.get(), POLLIN, 0}};
    const int left = remaining_ms(deadline);
    const int ready = ::poll(waits.data(), waits.size(), left);
    if (ready < 0 && errno != EINTR)
      return system_error("wait for program", command.program, errno);
    // Before the streams are read: what the child wrote last is then still in the pipe.
    const bool has_ended = waits[0].revents != 0;
    for (auto& stream : streams) {
      if (!stream.drain(command.max_output)) {
        return Error{Code::Exhausted, fmt::format("run program: it wrote more than {} bytes ({})",
                                                  command.max_output, command.program)};
      }
    }
    if (ready > 0 && has_ended) return {};
    if (left == 0) {
      return Error{
          Code::DeadlineExceeded,
          fmt::format("run program: not finished after {} ms; stopped with its children ({})",
                      command.timeout.count(), command.program)};
    }
  }
}

class PosixSpawn final : public Spawn {
 public:
  Result<Finished> run(const Command& command) override {
    MR_CHECK(check(command));
    MR_TRY(auto input, open_input(command.input));
    MR_TRY(auto output, open_pipe());
    MR_TRY(auto errors, open_pipe());
    for (const auto* end : {&output.read, &errors.read}) {
      if (::fcntl(end->get(), F_SETFL, O_NONBLOCK) != 0)
        return system_error("open pipe", "", errno);
    }
    MR_TRY(const pid_t process,
           start(command, input.get(), output.write.get(), errors.write.get()));
    Child child{process};
    if (!child.handle()) return system_error("watch program", command.program, errno);
    input.close();
    output.write.close();
    errors.write.close();

    Finished finished;
    std::array<Collected, 2> streams{Collected{std::move(output.read), &finished.output},
                                     Collected{std::move(errors.read), &finished.errors}};
    MR_CHECK(collect(command, child, streams));
    finished.exit_code = child.finish();
    return finished;
  }

 private:
  static Result<void> check(const Command& command) {
    const auto has_zero = [](const std::string& text) { return text.find('\0') != text.npos; };
    bool is_bad = command.program.empty() || has_zero(command.program);
    for (const auto& argument : command.arguments) is_bad = is_bad || has_zero(argument);
    for (const auto& [name, value] : command.environment) {
      is_bad = is_bad || name.empty() || has_zero(name) || name.find('=') != name.npos ||
               has_zero(value);
    }
    if (!is_bad) return {};
    return Error{Code::InvalidArgument,
                 "run program: the command is empty or holds a zero byte or a bad variable name (" +
                     command.program.substr(0, command.program.find('\0')) + ')'};
  }

  static Result<pid_t> start(const Command& command, int input, int output, int errors) {
    std::vector<std::string> words{command.program};
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    auto variables = environment_of(command);
    SpawnSettings settings;
    pid_t process = 0;
    int failed = settings.connect(input, output, errors);
    if (failed == 0) {
      failed =
          ::posix_spawnp(&process, command.program.c_str(), settings.actions(),
                         settings.attributes(), pointers(words).data(), pointers(variables).data());
    }
    if (failed != 0) return system_error("start program", command.program, failed);
    return process;
  }
};

}  // namespace

Spawn& system_spawn() {
  static PosixSpawn spawn;
  return spawn;
}

}  // namespace millrace
