#include "engine/base/json.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include <catch2/catch.hpp>

using namespace millrace;

namespace {

std::string fault(std::string_view text, const JsonLimits& limits = {}) {
  const auto parsed = parse_json(text, limits);
  if (parsed.ok()) return "accepted: " + parsed->dump();
  CHECK(parsed.error().code == Code::DataInvalid);
  return parsed.error().message;
}

}  // namespace

TEST_CASE("JSON keeps values and the order of keys", "[base][json]") {
  const auto parsed =
      parse_json(R"( {"z":[1,-2,2.5,true,null,"ä\u00e4"],"a":{"b":{}},"":18446744073709551615} )");
  REQUIRE(parsed.ok());
  CHECK(parsed->dump() ==
        R"({"z":[1,-2,2.5,true,null,"ää"],"a":{"b":{}},"":18446744073709551615})");
  CHECK(parse_json("7")->get<int>() == 7);
  CHECK(parse_json("\"\"")->get<std::string>().empty());
}

TEST_CASE("the same text gives the same document as the library's own parser", "[base][json]") {
  const std::string text =
      R"([{"a":1,"b":[[],{}],"c":"x"},[[1],[2,[3]]],{"k":{"l":{"m":[null,false]}}},-0.0,1e10])";
  CHECK(*parse_json(text) == Json::parse(text));
}

TEST_CASE("faults in JSON name line and column", "[base][json]") {
  CHECK(fault("{\n  \"a\": 1,\n}").find("JSON, line 3, column 1: ") == 0);
  CHECK(fault("[1 2]").find("JSON, line 1, column 4: ") == 0);
  CHECK(fault("").find("JSON, line 1, column 1: ") == 0);
  CHECK(fault("{\"a\":1,\n \"a\":2}").find("JSON, line 2, column 5: key given twice: a") == 0);
  CHECK(fault("[1e999]").find("JSON, line 1, column 6: number overflow") == 0);
}

TEST_CASE("what is not strict JSON is refused", "[base][json]") {
  for (const std::string_view text :
       {"{'a':1}", "[1,]",   "// c\n1", "/* c */1",    "NaN",         "Infinity",
        "01",      "+1",     ".5",      "1.",          "[1",          "1 1",
        "tru",     "\"\t\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "{\"a\"}",
        "{1:2}",   "]",      ",",       "\"abc",       "{\"a\":1}}"}) {
    INFO(text);
    CHECK_FALSE(parse_json(text).ok());
  }
}

TEST_CASE("JSON has to be UTF-8 and its error texts are printable", "[base][json]") {
  for (const std::string_view text : {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"",
                                      "\"\xf4\x90\x80\x80\"", "\xfe\xff", "\"\xe4\""}) {
    const auto message = fault(text);
    CHECK(message.find("JSON, line 1") == 0);
    CHECK(
        std::all_of(message.begin(), message.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
  }
}

TEST_CASE("a zero byte does not end JSON", "[base][json]") {
  using namespace std::string_literals;
  CHECK(fault("{}\0garbage"s) == "JSON, line 1, column 3: a zero byte");
  CHECK(fault("\0"s) == "JSON, line 1, column 1: a zero byte");
}

TEST_CASE("a key given twice is refused at any width and depth", "[base][json]") {
  CHECK(fault(R"({"a":1,"b":{"c":1,"c":1}})").find("key given twice: c") != std::string::npos);
  CHECK(fault(R"({"\u0061":1,"a":2})").find("key given twice: a") != std::string::npos);
  CHECK(parse_json(R"([{"a":1},{"a":1},{"a":{"a":{"a":1}}}])").ok());
  std::string wide = "{";
  for (int i = 0; i < 40; ++i) wide += "\"k" + std::to_string(i) + "\":0,";
  CHECK(parse_json(wide + "\"k40\":0}").ok());
  CHECK(fault(wide + "\"k3\":0}").find("key given twice: k3") != std::string::npos);
  CHECK(fault(wide + "\"k39\":0}").find("key given twice: k39") != std::string::npos);
}

TEST_CASE("an object of many keys is read in linear time", "[base][json]") {
  std::string wide = "{";
  for (int i = 0; i < 200'000; ++i) wide += "\"key" + std::to_string(i) + "\":0,";
  wide += "\"end\":1}";
  const auto start = std::chrono::steady_clock::now();
  const auto parsed = parse_json(wide);
  REQUIRE(parsed.ok());
  CHECK(parsed->size() == 200'001);
  // The square of 200,000 would be minutes with the sanitizers on.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{20});
}

TEST_CASE("of a key given twice the last one counts where the limits say so", "[base][json]") {
  const JsonLimits last{.last_key_counts = true};
  const auto text = [&](std::string_view given) {
    const auto parsed = parse_json(given, last);
    return parsed.ok() ? parsed->dump() : parsed.error().message;
  };
  // It keeps the place of the first.
  CHECK(text(R"({"a":1,"b":2,"a":3})") == R"({"a":3,"b":2})");
  CHECK(text(R"({"a":{"x":1},"a":{"y":2}})") == R"({"a":{"y":2}})");
  CHECK(text(R"({"a":{"x":1},"a":5})") == R"({"a":5})");
  CHECK(text(R"({"a":5,"a":[1,{"b":1,"b":2}],"c":0})") == R"({"a":[1,{"b":2}],"c":0})");
  CHECK(text(R"({"\u0061":1,"a":2})") == R"({"a":2})");
  std::string wide = "{";
  for (int i = 0; i < 40; ++i) wide += "\"k" + std::to_string(i) + "\":0,";
  const auto parsed = parse_json(wide + R"("k3":{"z":1},"k39":2,"k40":3,"k40":4})", last);
  REQUIRE(parsed.ok());
  CHECK(parsed->size() == 41);
  CHECK((*parsed)["k3"] == Json{{"z", 1}});
  CHECK((*parsed)["k39"] == 2);
  CHECK((*parsed)["k40"] == 4);
  // What was given up counts for the limits.
  CHECK(fault(R"({"a":1,"a":2})", {.max_values = 4, .last_key_counts = true})
            .find("more than 4 values") != std::string::npos);
  CHECK(fault(R"({"a":1,"a":2)", last).find("JSON, line 1") == 0);
}

TEST_CASE("an object whose keys all stand twice is read in linear time", "[base][json]") {
  constexpr int kNames = 100'000;
  std::string doubled = "{";
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < kNames; ++i)
      doubled += "\"key" + std::to_string(i) + "\":" + std::to_string(round) + ",";
  doubled += "\"end\":1}";
  const auto start = std::chrono::steady_clock::now();
  const auto parsed = parse_json(doubled, {.last_key_counts = true});
  REQUIRE(parsed.ok());
  CHECK(parsed->size() == kNames + 1);
  CHECK(std::all_of(parsed->begin(), parsed->end(), [](const Json& value) { return value == 1; }));
  CHECK(fault(doubled).find("key given twice: key0") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{20});
}

TEST_CASE("depth and size of JSON are limited", "[base][json]") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_json(nested(64)).ok());
  CHECK(fault(nested(65)).find("JSON, line 1, column 66: nested more than 64 levels deep") == 0);
  CHECK(fault(std::string(1'000'000, '[')).find("nested more than 64") != std::string::npos);
  std::string objects;
  for (int i = 0; i < 100; ++i) objects += "{\"a\":";
  CHECK(fault(objects).find("nested more than 64") != std::string::npos);
  CHECK(fault("[1,2,3]", {.max_bytes = 6}) == "JSON: 7 bytes are more than the limit of 6 bytes");
  CHECK(parse_json("[1,2,3]", {.max_bytes = 7, .max_depth = 1}).ok());
  CHECK(fault("[]", {.max_depth = 0}).find("nested more than 0") != std::string::npos);
}

TEST_CASE("values of JSON are limited, and the names of members count", "[base][json]") {
  CHECK(parse_json("[1,2,3]", {.max_values = 4}).ok());
  CHECK(fault("[1,2,3]", {.max_values = 3}) ==
        "JSON, line 1, column 8: more than 3 values (names of members count too)");
  CHECK(parse_json(R"({"a":{"b":1}})", {.max_values = 5}).ok());
  CHECK(fault(R"({"a":{"b":1}})", {.max_values = 4}).find("more than 4 values") !=
        std::string::npos);
  CHECK(fault("[[[]]]", {.max_values = 2}).find("more than 2 values") != std::string::npos);
  CHECK(fault("true", {.max_values = 0}).find("more than 0 values") != std::string::npos);
  CHECK(parse_json(R"({"abc":1})", {.max_name_bytes = 3}).ok());
  CHECK(fault(R"({"abcd":1})", {.max_name_bytes = 3}).find("a name of more than 3 bytes") !=
        std::string::npos);
}

TEST_CASE("a document of too many values is given up at the first too many", "[base][json]") {
  std::string text{"["};
  while (text.size() < (15u << 20)) text += "{},";
  text += "{}]";
  const auto start = std::chrono::steady_clock::now();
  CHECK(fault(text, {.max_values = 50'000}).find("JSON, line 1, column 150000:") == 0);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{5});
}
