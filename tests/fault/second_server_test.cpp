#include <catch2/catch.hpp>

#include "engine/base/spawn.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

Finished serve(const std::filesystem::path& data) {
  Command command;
  command.program = std::string{MR_BINARY_DIR} + "/bin/millrace";
  command.arguments = {"serve", "--data", data.string(), "--listen", "127.0.0.1:0"};
  auto finished = system_spawn().run(command);
  REQUIRE(finished.ok());
  return *std::move(finished);
}

}  // namespace

TEST_CASE("a second server on the same data folder is refused, naming the first", "[fault][lock]") {
  const TemporaryFolder folder;
  ServerProcess first{folder / "data"};
  const Finished second = serve(folder / "data");
  CHECK(second.exit_code == 5);
  CHECK(second.errors.find(std::to_string(first.process())) != std::string::npos);
  CHECK(second.errors.find("in use") != std::string::npos);
}

TEST_CASE("the lock of a killed server does not keep the next one out", "[fault][lock]") {
  const TemporaryFolder folder;
  ServerProcess first{folder / "data"};
  first.kill();
  ServerProcess second{folder / "data"};
  CHECK(second.port() != 0);
  CHECK(second.terminate() == 0);
}

TEST_CASE("a data folder that cannot be written is named", "[fault][disk]") {
  const Finished finished = serve("/proc/nowhere");
  CHECK(finished.exit_code != 0);
  CHECK(finished.errors.find("/proc/nowhere") != std::string::npos);
}
