#include "engine/base/python_json.hpp"

#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/fixtures/python_lines.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace std::string_view_literals;

namespace {

constexpr JsonLimits kLimits{.max_depth = 64, .last_key_counts = true};

std::string from_hexadecimal(std::string_view digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string{digits.substr(i, 2)}, nullptr, 16));
  return bytes;
}

std::string hexadecimal(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

// As python_json_oracle.py shows a value.
std::string typed(const Json& value) {
  if (value.is_null()) return "n";
  if (value.is_boolean()) return value.get<bool>() ? "t" : "f";
  if (value.is_number_integer()) return "i" + value.dump();
  if (value.is_string()) return "s" + hexadecimal(value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (std::isnan(number)) return "dnan";
    std::uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    return fmt::format("d{:016x}", bits);
  }
  std::string text;
  for (const auto& [name, each] : value.items())
    text += (value.is_object() ? "s" + hexadecimal(name) : "") + typed(each);
  return value.is_array() ? "[" + text + "]" : "{" + text + "}";
}

std::string told(std::string_view bytes) {
  const auto read = parse_python_json(bytes, kLimits);
  if (read.ok()) return "value " + typed(*read);
  const auto& error = read.error();
  if (error.text.empty()) return "none";
  return fmt::format("error {}|{}|{}|{}", error.text, error.position, error.line, error.column);
}

}  // namespace

TEST_CASE("bytes are the values and errors that they are to Python's json.loads()",
          "[json][python]") {
  std::size_t texts = 0, values = 0, errors = 0;
  std::vector<std::string> different;
  test::each_line_of_python("engine_base/python_json_oracle.py 1 50000",
                            [&](const std::string& line) {
                              const auto tab = line.find('\t');
                              const auto expected = line.substr(tab + 1);
                              const auto bytes = from_hexadecimal(line.substr(0, tab));
                              const auto ours = told(bytes);
                              ++texts;
                              values += expected.starts_with("value") ? 1 : 0;
                              errors += expected.starts_with("error") ? 1 : 0;
                              if (ours != expected && different.size() < 20)
                                different.push_back(line + " | " + ours);
                            });
  CHECK(different == std::vector<std::string>{});
  CHECK(texts > 50'000);
  CHECK(values > 4'000);
  CHECK(errors > 20'000);
}

TEST_CASE("of a name that stands twice the last value counts, at the first one's place",
          "[json][python]") {
  const auto read = parse_python_json(R"({"a":1,"b":2,"a":{"c":3}})", kLimits);
  REQUIRE(read.ok());
  CHECK(read->dump() == R"({"a":{"c":3},"b":2})");
}

TEST_CASE("places of an error count code points, and its document is UTF-8", "[json][python]") {
  const auto read = parse_python_json("\xFF\xFE{\0\n\0\"\0\x48\x51\"\0 \0x\0"sv, kLimits);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().text == "Expecting ':' delimiter");
  CHECK(read.error().document == "{\n\"先\" x");
  CHECK(read.error().position == 6);
  CHECK(read.error().line == 2);
  CHECK(read.error().column == 5);
}

TEST_CASE("members that are asked for stay texts, and are checked all the same", "[json][python]") {
  const std::vector<std::string> as_text{"P"};
  const auto read = [&](std::string_view text, JsonLimits limits = kLimits) {
    return parse_python_json(text, limits, as_text);
  };
  const auto whole = read(R"({"Q":{"P":[1]},"P": {"男性" : [["哥","end"]], "男性":NaN} ,"R":2})");
  REQUIRE(whole.ok());
  CHECK(*whole ==
        Json{{"Q", {{"P", {1}}}}, {"P", R"({"男性" : [["哥","end"]], "男性":NaN})"}, {"R", 2}});
  // The last one counts here too, and a list on the outside has no members.
  CHECK(read(R"({"P":[1],"P":null})")->dump() == R"({"P":"null"})");
  CHECK(read(R"([{"P":[1]}])")->dump() == R"([{"P":[1]}])");
  // It counts as one value, but its depth is that of the document.
  const JsonLimits few{.max_depth = 3, .max_values = 3, .last_key_counts = true};
  CHECK(read(R"({"P":[[1,2,3,4,5,6,7,8]]})", few).ok());
  CHECK(read(R"({"P":[[[1]]]})", few).error().reason == "nested more than 3 levels deep");
  CHECK(read(R"({"Q":[[1,2]]})", few).error().text.empty());
  const auto broken = read(R"({"P":[1,}})");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().text == "Expecting value");
  CHECK(broken.error().position == 8);
}

TEST_CASE("what is no text, over a limit or has no place in a Json is told apart from an error",
          "[json][python]") {
  const auto reason = [](std::string_view bytes, JsonLimits limits = kLimits) {
    const auto read = parse_python_json(bytes, limits);
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().text.empty());
    return read.error().reason;
  };
  CHECK(reason("\"\xFF\"") == "JSON: not UTF-8, UTF-16 or UTF-32");
  CHECK(reason("\xFF\xFE\"") == "JSON: not UTF-8, UTF-16 or UTF-32");
  CHECK(reason("[18446744073709551616]") ==
        "an integer of more than 64 bits: 18446744073709551616");
  CHECK(reason(R"(["\ud800"])") == R"(half of a surrogate pair: \ud800)");
  CHECK(reason(std::string(65, '[') + std::string(65, ']')) == "nested more than 64 levels deep");
  CHECK(reason(std::string(2'000'000, '[')) == "nested more than 64 levels deep");
  CHECK(reason("[1,2,3]", {.max_bytes = 6}) == "7 bytes are more than the limit of 6 bytes");
  CHECK(reason("[1,2,3]", {.max_values = 3}) == "more than 3 values (names of members count too)");
  CHECK(reason(R"({"abc":1})", {.max_name_bytes = 2}) == "a name of more than 2 bytes");
}
