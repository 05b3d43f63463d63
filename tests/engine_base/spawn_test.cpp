#include "engine/base/spawn.hpp"

#include <chrono>
#include <fcntl.h>
#include <signal.h>
#include <string>
#include <thread>
#include <unistd.h>

#include <catch2/catch.hpp>

using namespace millrace;
using namespace std::chrono_literals;

namespace {

Command shell(std::string script) {
  Command command;
  command.program = "sh";
  command.arguments = {"-c", std::move(script)};
  command.timeout = 30s;
  return command;
}

// Waits until no process has this number, at most ten seconds.
bool is_gone(int process) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < deadline) {
    if (::kill(process, 0) != 0) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("a program gives back both streams and its exit code", "[base][spawn]") {
  const auto finished = system_spawn().run(shell("echo out; echo err >&2; exit 3"));
  REQUIRE(finished.ok());
  CHECK(finished->output == "out\n");
  CHECK(finished->errors == "err\n");
  CHECK(finished->exit_code == 3);
  CHECK(system_spawn().run(shell("kill -TERM $$"))->exit_code == 128 + SIGTERM);
}

TEST_CASE("a program reads its input to the end", "[base][spawn]") {
  auto command = shell("wc -c");
  command.input = std::string(1'000'000, 'x');
  CHECK(system_spawn().run(command)->output == "1000000\n");
  command = shell("cat");
  CHECK(system_spawn().run(command)->output.empty());
  command.input = std::string(300'000, 'y');
  CHECK(system_spawn().run(command)->output == command.input);
}

TEST_CASE("a program that does not read its input is no fault", "[base][spawn]") {
  auto command = shell("exit 0");
  command.input = std::string(1'000'000, 'x');
  CHECK(system_spawn().run(command)->exit_code == 0);
}

TEST_CASE("variables are added to the environment and replace ours", "[base][spawn]") {
  ::setenv("MILLRACE_SPAWN_TEST", "ours", 1);
  auto command = shell("echo $MILLRACE_SPAWN_TEST $MILLRACE_SPAWN_OTHER");
  CHECK(system_spawn().run(command)->output == "ours\n");
  command.environment = {{"MILLRACE_SPAWN_TEST", "theirs"}, {"MILLRACE_SPAWN_OTHER", "a b"}};
  CHECK(system_spawn().run(command)->output == "theirs a b\n");
}

TEST_CASE("a program that does not exist is not found", "[base][spawn]") {
  Command command;
  command.program = "millrace-no-such-program";
  const auto finished = system_spawn().run(command);
  REQUIRE_FALSE(finished.ok());
  CHECK(finished.error().code == Code::NotFound);
  CHECK(finished.error().message.find("millrace-no-such-program") != std::string::npos);
}

TEST_CASE("a command that cannot be passed on is refused", "[base][spawn]") {
  using namespace std::string_literals;
  CHECK(system_spawn().run(Command{}).error().code == Code::InvalidArgument);
  auto command = shell("true");
  command.arguments.push_back("a\0b"s);
  CHECK(system_spawn().run(command).error().code == Code::InvalidArgument);
  command = shell("true");
  command.environment = {{"A=B", "c"}};
  CHECK(system_spawn().run(command).error().code == Code::InvalidArgument);
}

TEST_CASE("past the timeout a program is killed with its children", "[base][spawn]") {
  auto command = shell("sleep 1000 & echo $!; trap '' TERM; sleep 1000");
  command.timeout = 300ms;
  const auto start = std::chrono::steady_clock::now();
  const auto finished = system_spawn().run(command);
  REQUIRE_FALSE(finished.ok());
  CHECK(finished.error().code == Code::DeadlineExceeded);
  CHECK(std::chrono::steady_clock::now() - start < 20s);
}

TEST_CASE("children that a program leaves behind are killed and do not hold it up",
          "[base][spawn]") {
  const auto start = std::chrono::steady_clock::now();
  const auto finished = system_spawn().run(shell("sleep 1000 & echo $!"));
  REQUIRE(finished.ok());
  CHECK(std::chrono::steady_clock::now() - start < 20s);
  CHECK(is_gone(std::stoi(finished->output)));
}

TEST_CASE("a program that writes without end is stopped", "[base][spawn]") {
  auto command = shell("yes");
  command.max_output = 100'000;
  CHECK(system_spawn().run(command).error().code == Code::Exhausted);
  command = shell("yes >&2");
  command.max_output = 100'000;
  CHECK(system_spawn().run(command).error().code == Code::Exhausted);
  command = shell("printf 12345");
  command.max_output = 5;
  CHECK(system_spawn().run(command)->output == "12345");
}

TEST_CASE("a program gets no open file but its three streams", "[base][spawn]") {
  const int leaked = ::fcntl(1, F_DUPFD, 100);  // not closed on exec
  REQUIRE(leaked >= 100);
  const auto finished = system_spawn().run(shell("ls /proc/self/fd | sort -n | tr '\\n' ' '"));
  ::close(leaked);
  REQUIRE(finished.ok());
  CHECK(finished->output.find(std::to_string(leaked) + ' ') == std::string::npos);
}
