#include "client/src/ini_file.hpp"

#include <catch2/catch.hpp>

#include <millrace/client/error.hpp>

#include "tests/client/surroundings.hpp"

using namespace millrace::client;
using namespace millrace::client::detail;
using Catch::Matchers::Message;

namespace {

std::string shown(const std::vector<IniEntry>& entries) {
  std::string text;
  for (const auto& entry : entries)
    text += entry.section + "." + entry.key + "=<" + entry.value + ">\n";
  return text;
}

}  // namespace

TEST_CASE("sections, keys and values are read as they stand", "[client][ini]") {
  CHECK(shown(parse_ini("# one\n[api]\nurl = http://h/api/v1\n; two\n\n  page=2\n[Git]\n"
                        "Local_Repo : /a b/c\r\n[auth]\nuser_password = 50%off=\"x\" # no comment\n"
                        "user_login =\n",
                        "f")) ==
        "api.url=<http://h/api/v1>\napi.page=<2>\ngit.local_repo=</a b/c>\n"
        "auth.user_password=<50%off=\"x\" # no comment>\nauth.user_login=<>\n");
  CHECK(shown(parse_ini("\xEF\xBB\xBF[a]\nk=\xC5\xBC", "f")) == "a.k=<\xC5\xBC>\n");
  CHECK(parse_ini("", "f").empty());
}

TEST_CASE("a fault of an INI file is told with its line", "[client][ini]") {
  const auto fault = [](const std::string& text) -> std::string {
    try {
      return "no fault: " + shown(parse_ini(text, "f.ini"));
    } catch (const ConfigInitializationError& error) {
      return error.what();
    }
  };
  CHECK(fault("[api]\nurl\n") ==
        "f.ini:2: neither a section nor \"key = value\"; a value is one line");
  CHECK(fault("url = x\n") == "f.ini:1: a key stands before the first section");
  CHECK(fault("[api\n") == "f.ini:1: a section has no \"]\" at its end");
  CHECK(fault("[ ]\n") == "f.ini:1: a section has no name");
  CHECK(fault("[api]\n= 3\n") == "f.ini:2: a value has no key");
  CHECK(fault("[api]\npage=1\nPage=2\n") == "f.ini:3: the key \"page\" comes twice in [api]");
  CHECK(fault("[api]\nurl=a\x01"
              "b\n") == "f.ini:2: a control character");
  CHECK(fault("[api]\nurl=\xff\n") == "f.ini:2: text that is not UTF-8");
  CHECK(fault("[api]\nurl=" + std::string(9000, 'x')) == "f.ini:2: a line is longer than 8 KiB");
}

TEST_CASE("an INI file that is too large or is no file is refused, a missing one is empty",
          "[client][ini]") {
  const millrace::test::Surroundings here;
  CHECK(read_ini(here.path("nowhere")).empty());
  const auto large = here.write("large", "[a]\n" + std::string(70'000, '\n'));
  CHECK_THROWS_MATCHES(read_ini(large), ConfigInitializationError,
                       Message("the configuration file is larger than 64 KiB: " + large.string()));
  CHECK_THROWS_AS(read_ini(here.path(".")), ConfigInitializationError);
  CHECK(shown(read_ini(here.write("small", "[a]\nb=c\n"))) == "a.b=<c>\n");
}
