#include "engine/job/ending_policy.hpp"

#include <string>

#include <catch2/catch.hpp>

#include <fmt/format.h>

using namespace millrace;

TEST_CASE("what an error leads to at the end of a job is one table", "[job][ending]") {
  const auto word = [](EndingStep step, Code code) -> std::string_view {
    switch (after_error(step, code)) {
      case EndingChoice::Again:
        return "again";
      case EndingChoice::Refused:
        return "refused";
      case EndingChoice::Fail:
        return "fail";
    }
    return "?";
  };
  std::string table;
  for (int code = 1; code <= 12; ++code) {
    const auto which = static_cast<Code>(code);
    table += fmt::format("{}: {} {} {}\n", to_string(which), word(EndingStep::Run, which),
                         word(EndingStep::Write, which), word(EndingStep::Store, which));
  }
  CHECK(table ==
        "invalid_argument: fail fail fail\n"
        "not_found: fail refused fail\n"
        "conflict: fail refused fail\n"
        "data_invalid: fail fail fail\n"
        "cancelled: fail fail fail\n"
        "deadline_exceeded: fail fail fail\n"
        "exhausted: fail again again\n"
        "unavailable: again again again\n"
        "io: again again again\n"
        "internal: fail fail fail\n"
        "unauthenticated: fail fail fail\n"
        "permission_denied: fail fail fail\n");
}
