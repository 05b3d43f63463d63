#include "python_process.hpp"

#include <cstdlib>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/fixtures/temporary_folder.hpp"

void each_line_of_python(const std::string& script_and_arguments,
                         const std::function<void(const std::string&)>& each) {
  const millrace::test::TemporaryFolder folder;
  const std::string file = (folder.path() / "lines").string();
  const std::string command = "python3 -X utf8 " MR_SOURCE_DIR "/tests/plugins_label/" +
                              script_and_arguments + " > '" + file + "'";
  INFO(command);
  REQUIRE(std::system(command.c_str()) == 0);
  std::ifstream lines{file, std::ios::binary};
  for (std::string line; std::getline(lines, line);) each(line);
}
