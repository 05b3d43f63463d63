#include "plugins/augment/grammar.hpp"

#include <catch2/catch.hpp>

#include "tests/plugins_augment/pictures.hpp"

using namespace millrace::augment;
using millrace::augment::testing::faults_of;

namespace {

std::vector<ParsedOp> parsed(std::string_view text) {
  std::vector<OpsFault> faults;
  auto ops = parse_ops(text, faults);
  INFO(text);
  REQUIRE(faults.empty());
  return ops;
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("a chain is read with its arguments, by place and by name", "[augment][grammar]") {
  const auto ops = parsed("flip;rotate/[10,20]/expand:0/fill:#a0b1c2;crop/320x240/gravity:Center;");
  REQUIRE(ops.size() == 3);
  CHECK(ops[0].name == "flip");
  CHECK(ops[0].args.empty());
  REQUIRE(ops[1].args.size() == 3);
  CHECK(ops[1].offset == 5);
  CHECK(ops[1].args[0].name.empty());
  CHECK(ops[1].args[0].value.form == ParsedValue::Form::Range);
  CHECK(ops[1].args[0].value.texts == std::vector<std::string>{"10", "20"});
  CHECK(ops[1].args[1].name == "expand");
  CHECK(ops[1].args[2].value.texts == std::vector<std::string>{"#a0b1c2"});
  CHECK(ops[2].args[1].name == "gravity");
}

TEST_CASE("two numbers in brackets are a range, one or three are a list", "[augment][grammar]") {
  const auto form = [](std::string_view text) { return parsed(text)[0].args[0].value; };
  CHECK(form("rotate/[10,20]").form == ParsedValue::Form::Range);
  CHECK(form("rotate/[10,20,30]").form == ParsedValue::Form::Numbers);
  CHECK(form("rotate/[10]").form == ParsedValue::Form::Numbers);
  CHECK(form("rotate/[-1.,.5]").texts == std::vector<std::string>{"-1.", ".5"});
  CHECK(form("resize/{10x10,50p}").form == ParsedValue::Form::Texts);
}

TEST_CASE("white space counts only inside words", "[augment][grammar]") {
  CHECK(parsed(" \t flip ;\r\n flop ; ").size() == 2);
  CHECK(parsed("rotate/[10 , 20]")[0].args[0].value.texts == std::vector<std::string>{"10", "20"});
  CHECK(parsed("resize/{10x10 ,50p}")[0].args[0].value.texts.size() == 2);
}

TEST_CASE("percent escapes are part of a text", "[augment][grammar]") {
  CHECK(parsed("a/class.%E4%BA%BA")[0].args[0].value.texts[0] == "class.%E4%BA%BA");
  CHECK(faults_of("flip/%E") == std::vector<std::string>{"ops_syntax@5"});
  CHECK(faults_of("flip/%zz") == std::vector<std::string>{"ops_syntax@5"});
}

TEST_CASE("groups are read to the depth that is allowed", "[augment][grammar]") {
  const auto ops = parsed("oneof/(flip)/(flop;rotate/90)");
  REQUIRE(ops[0].args.size() == 2);
  CHECK(ops[0].args[1].value.group.size() == 2);
  CHECK(parsed("a/(a/(a/(a/(flip))))").size() == 1);
  CHECK(faults_of("a/(a/(a/(a/(a/(flip)))))") == std::vector<std::string>{"ops_syntax@14"});
}

TEST_CASE("broken texts are reported with the offset of the break", "[augment][grammar]") {
  const std::vector<std::pair<std::string, std::string>> broken{
      {";", "ops_syntax@0"},
      {"flip;;flop", "ops_syntax@5"},
      {"flip; ;", "ops_syntax@6"},
      {"flip;;", "ops_syntax@5"},
      {"rotate/", "ops_syntax@7"},
      {"rotate/;flip", "ops_syntax@7"},
      {"rotate/[20", "ops_syntax@10"},
      {"rotate/[20,", "ops_syntax@11"},
      {"rotate/[]", "ops_syntax@8"},
      {"rotate/[ 10,20]", "ops_syntax@8"},
      {"rotate/[10,20 ]", "ops_syntax@14"},
      {"rotate/[1e3]", "ops_syntax@9"},
      {"rotate/[-]", "ops_syntax@8"},
      {"rotate/[.]", "ops_syntax@8"},
      {"rotate/20]", "ops_syntax@9"},
      {"rotate/+5", "ops_syntax@7"},
      {"rotate/{a,}", "ops_syntax@10"},
      {"rotate/expand:", "ops_syntax@14"},
      {"rotate/expand:0:1", "ops_syntax@15"},
      {"rotate/a b", "ops_syntax@9"},
      {"Flip", "ops_syntax@0"},
      {"1flip", "ops_syntax@0"},
      {"fl_ip", "ops_syntax@2"},
      {"flip)", "ops_syntax@4"},
      {"oneof/(flip", "ops_syntax@11"},
      {"oneof/()", "ops_syntax@7"},
      {"flip\x01", "ops_syntax@4"},
      {"\xe4\xba\xba", "ops_syntax@0"},
      {std::string{"flip\0", 5}, "ops_syntax@4"},
  };
  for (const auto& [text, fault] : broken) {
    INFO(text);
    CHECK(faults_of(text) == std::vector<std::string>{fault});
  }
}

TEST_CASE("an empty text and a chain that is too long are not allowed", "[augment][grammar]") {
  CHECK(faults_of("") == std::vector<std::string>{"ops_not_allowed@0"});
  CHECK(faults_of(" \n") == std::vector<std::string>{"ops_not_allowed@0"});
  CHECK(faults_of(repeated("flip;", 32)).empty());
  CHECK(faults_of(repeated("flip;", 33)) == std::vector<std::string>{"ops_not_allowed@160"});
}

TEST_CASE("the message of a syntax error names the offset", "[augment][grammar]") {
  std::vector<OpsFault> faults;
  parse_ops("rotate/[20", faults);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].message.find("offset 10") != std::string::npos);
}

TEST_CASE("any bytes end in a chain or in one fault", "[augment][grammar]") {
  // Every text of up to three bytes out of those that mean something.
  const std::string alphabet = "a/;:[]{}(),.-1 #%x\xff";
  for (const char a : alphabet) {
    for (const char b : alphabet) {
      for (const char c : alphabet) {
        std::vector<OpsFault> faults;
        const auto ops = parse_ops(std::string{a, b, c}, faults);
        REQUIRE(ops.empty() == (faults.size() == 1));
      }
    }
  }
}
