#include "engine/base/error.hpp"

#include <cerrno>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include <millrace/abi.h>

#include "engine/base/result.hpp"

using namespace millrace;

TEST_CASE("every code has a word of its own", "[base][error]") {
  std::set<std::string_view> words;
  for (int number = 1; number <= 12; ++number) {
    const Code code{number};
    words.insert(to_string(code));
    CHECK(read_code(to_string(code)) == code);
  }
  CHECK(words.size() == 12);
  CHECK(to_string(Code::DeadlineExceeded) == "deadline_exceeded");
  CHECK(to_string(static_cast<Code>(99)) == "internal");
  CHECK_FALSE(read_code("Internal"));
  CHECK_FALSE(read_code(""));
}

TEST_CASE("the codes are those of the C ABI", "[base][error]") {
  CHECK(static_cast<int>(Code::InvalidArgument) == MR_INVALID_ARGUMENT);
  CHECK(static_cast<int>(Code::Cancelled) == MR_CANCELLED);
  CHECK(static_cast<int>(Code::Internal) == MR_INTERNAL);
  CHECK(static_cast<int>(Code::PermissionDenied) == MR_PERMISSION_DENIED);
}

TEST_CASE("context goes before the message and nothing else changes", "[base][error]") {
  const Error inner{Code::NotFound, "no such file: a.txt", "below /secret"};
  const auto outer = inner.within("open list");
  CHECK(outer.message == "open list: no such file: a.txt");
  CHECK(outer.code == Code::NotFound);
  CHECK(outer.detail == "below /secret");
}

TEST_CASE("a failed system call says what to do about it", "[base][error]") {
  const auto full = system_error("write file", "a", ENOSPC);
  CHECK(full.code == Code::Exhausted);
  CHECK(full.message == "write file: the disk is full; free some space and try again (a)");
  CHECK(system_error("x", "", EROFS).message == "x: the file system is mounted read-only");
  CHECK(system_error("x", "", ENOENT).code == Code::NotFound);
  CHECK(system_error("x", "", EACCES).code == Code::Io);
  CHECK(system_error("x", "", ELOOP).code == Code::PermissionDenied);
  CHECK(system_error("x", "", EIO).code == Code::Io);
}

namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return Error{Code::InvalidArgument, "odd: " + std::to_string(number)};
  return number / 2;
}

Result<int> quarter(int number) {
  MR_TRY(const int once, half(number));
  MR_TRY(const int twice, half(once));
  return twice;
}

Result<void> only_even(int number) {
  MR_CHECK(half(number));
  return {};
}

}  // namespace

TEST_CASE("a failure leaves the function at the first MR_TRY or MR_CHECK", "[base][result]") {
  CHECK(*quarter(8) == 2);
  CHECK(quarter(6).error().message == "odd: 3");
  CHECK(quarter(5).error().message == "odd: 5");
  CHECK(only_even(2).ok());
  CHECK(only_even(3).error().code == Code::InvalidArgument);
  CHECK(half(3).value_or(-1) == -1);
}
