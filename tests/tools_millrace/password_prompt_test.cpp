// Passwords at a real terminal: what it shows of them, and in what state it is left.
#include <csignal>

#include <catch2/catch.hpp>

#include "engine/catalog/catalog.hpp"
#include "tests/tools_millrace/program_fixture.hpp"
#include "tests/tools_millrace/terminal.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr const char* kPassword = "Hm7-correct-horse";
constexpr const char* kOther = "Zq9-battery-staple";
constexpr const char* kInterrupt = "\x03";
constexpr const char* kStop = "\x1a";
constexpr const char* kEnd = "\x04";

std::vector<std::string> words(const ProgramFixture& fixture, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--data", "data"});
  return fixture.words(arguments);
}

// No four letters in a row of it.
bool shows(const Terminal& terminal, std::string_view password) {
  for (std::size_t i = 0; i + 4 <= password.size(); ++i) {
    if (terminal.shown().find(password.substr(i, 4)) != std::string::npos) return true;
  }
  return false;
}

bool can_sign_in(const ProgramFixture& fixture, std::string_view login, std::string_view password) {
  DatabaseSettings settings;
  settings.address = "sqlite:" + fixture.path("data/catalog.sqlite");
  const auto catalog = Catalog::open(settings, system_clock());
  if (!catalog.ok()) throw std::runtime_error{catalog.error().message};
  const auto found = (*catalog)->query(
      {{"entity", "users"},
       {"columns", {"id"}},
       {"where", Json::array({{{"column", "login"}, {"op", "="}, {"value", login}},
                              {{"column", "password"}, {"op", "verify"}, {"value", password}}})}});
  if (!found.ok()) throw std::runtime_error{found.error().message};
  return found->rows() == 1;
}

}  // namespace

TEST_CASE("a terminal shows what is typed when nobody hides it", "[tools][password]") {
  Terminal terminal{{"cat"}};
  CHECK(terminal.echoes());
  terminal.type(std::string{kPassword} + "\n");
  terminal.wait_for(kPassword);
  CHECK(shows(terminal, kPassword));
  terminal.type(kEnd);
  CHECK(terminal.wait() == 0);
}

TEST_CASE("a new password is typed twice and shows nowhere", "[tools][password]") {
  const ProgramFixture fixture;
  {
    Terminal terminal{words(fixture, {"user", "add", "admin"})};
    terminal.wait_for("Password: ");
    CHECK_FALSE(terminal.echoes());
    terminal.type(std::string{kPassword} + "\n");
    terminal.wait_for("Repeat for confirmation: ");
    CHECK_FALSE(terminal.echoes());
    terminal.type(std::string{kPassword} + "\n");
    INFO(terminal.shown());
    CHECK(terminal.wait() == 0);
    CHECK(terminal.shown().find("admin") != std::string::npos);
    CHECK_FALSE(shows(terminal, kPassword));
    CHECK(terminal.echoes());
  }
  CHECK(can_sign_in(fixture, "admin", kPassword));
  {
    Terminal terminal{words(fixture, {"user", "password", "admin"})};
    terminal.wait_for("Password: ");
    terminal.type(std::string{kOther} + "\n" + kOther + "\n");  // pasted in one piece
    CHECK(terminal.wait() == 0);
    CHECK_FALSE(shows(terminal, kOther));
    CHECK(terminal.echoes());
  }
  CHECK(can_sign_in(fixture, "admin", kOther));
  CHECK_FALSE(can_sign_in(fixture, "admin", kPassword));
}

TEST_CASE("two different entries are refused", "[tools][password]") {
  const ProgramFixture fixture;
  Terminal terminal{words(fixture, {"user", "add", "admin"})};
  terminal.wait_for("Password: ");
  terminal.type(std::string{kPassword} + "\n");
  terminal.wait_for("Repeat for confirmation: ");
  terminal.type(std::string{kOther} + "\n");
  CHECK(terminal.wait() == 3);
  CHECK(terminal.shown().find("the two passwords differ") != std::string::npos);
  CHECK_FALSE(shows(terminal, kPassword));
  CHECK_FALSE(shows(terminal, kOther));
  CHECK(terminal.echoes());
  CHECK_FALSE(can_sign_in(fixture, "admin", kPassword));
  CHECK_FALSE(can_sign_in(fixture, "admin", kOther));
}

TEST_CASE("an interrupt at the prompt leaves the terminal as it was", "[tools][password]") {
  const ProgramFixture fixture;
  const bool is_second = GENERATE(false, true);
  Terminal terminal{words(fixture, {"user", "add", "admin"})};
  terminal.wait_for("Password: ");
  if (is_second) {
    terminal.type(std::string{kPassword} + "\n");
    terminal.wait_for("Repeat for confirmation: ");
  }
  terminal.type(std::string{kPassword}.substr(0, 8));
  CHECK_FALSE(terminal.echoes());
  terminal.type(kInterrupt);
  CHECK(terminal.wait() == 1000 + SIGINT);
  CHECK(terminal.echoes());
  CHECK_FALSE(shows(terminal, kPassword));
  CHECK_FALSE(can_sign_in(fixture, "admin", kPassword));
}

TEST_CASE("a prompt that was stopped is asked again", "[tools][password]") {
  const ProgramFixture fixture;
  Terminal terminal{words(fixture, {"user", "add", "admin"})};
  terminal.wait_for("Password: ");
  terminal.type(std::string{kOther}.substr(0, 8) + kStop);  // a session's leader goes on at once
  terminal.wait_for("Password: ");
  CHECK_FALSE(terminal.echoes());
  terminal.type(std::string{kPassword} + "\n");
  terminal.wait_for("Repeat for confirmation: ");
  terminal.type(std::string{kPassword} + "\n");
  CHECK(terminal.wait() == 0);
  CHECK_FALSE(shows(terminal, kOther));
  CHECK(can_sign_in(fixture, "admin", kPassword));
}

TEST_CASE("the end of the input at the prompt adds nobody", "[tools][password]") {
  const ProgramFixture fixture;
  Terminal terminal{words(fixture, {"user", "add", "admin"})};
  terminal.wait_for("Password: ");
  terminal.type(kEnd);
  CHECK(terminal.wait() == 3);
  CHECK(terminal.shown().find("no password was given") != std::string::npos);
  CHECK(terminal.echoes());
}
