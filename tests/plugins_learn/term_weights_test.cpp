#include "plugins/learn/term_weights.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

using namespace millrace::learn;
using Contest = TermWeightModel::Contest;

namespace {

std::vector<LabelTerms> loans_and_raffles() {
  return {{"貸款", {{"利率", 1.0}, {"貸款", 0.8}, {"銀行", 0.31}, {"的", 0.0}}},
          {"抽獎", {{"抽獎", 1.0}, {"分享", 0.3}, {"留言", 0.25}}},
          {"一般", {{"今天", 0.9}}}};
}

std::string label_of(const std::vector<LabelTerms>& labels, std::string_view text,
                     Contest contest = Contest::Candidates) {
  TermWeightModel::Scratch scratch;
  return std::string{TermWeightModel{labels, "一般", contest}.label(text, scratch)};
}

std::string file_failure(std::string_view text) {
  try {
    read_term_file(text);
  } catch (const millrace::Failure& failure) {
    return failure.what();
  }
  return "nothing failed";
}

}  // namespace

TEST_CASE("a text has the label whose terms weigh over 0.3 on average", "[learn][term_weights]") {
  const auto labels = loans_and_raffles();
  CHECK(label_of(labels, "利率的的") == "貸款");
  CHECK(label_of(labels, "利率利率的的的的的") == "一般");
  CHECK(label_of(labels, "銀行") == "貸款");
  CHECK(label_of(labels, "分享") == "一般");  // 0.3 is not over 0.3
  CHECK(label_of(labels, "留言抽獎抽獎") == "抽獎");
  CHECK(label_of(labels, "今天") == "一般");
  CHECK(label_of(labels, "的") == "一般");
  CHECK(label_of(labels, "") == "一般");
}

TEST_CASE("of several labels the one with the heaviest first term wins, then the earlier one",
          "[learn][term_weights]") {
  const auto labels = loans_and_raffles();
  CHECK(label_of(labels, "貸款抽獎") == "抽獎");
  CHECK(label_of(labels, "利率抽獎") == "貸款");
  CHECK(label_of(labels, "今天貸款") == "貸款");  // the general label wins over no other
  const std::vector<LabelTerms> three{
      {"P", {{"甲", 1.0}, {"的", 0.0}}}, {"Q", {{"乙", 0.5}}}, {"R", {{"丙", 0.4}}}};
  CHECK(label_of(three, "甲的的的乙丙") == "Q");
  CHECK(label_of(three, "甲的的的乙丙", Contest::AllWithTerms) == "P");
  const std::vector<LabelTerms> negative{{"P", {{"a", -1.0}, {"b", 9.0}}},
                                         {"Q", {{"a", -2.0}, {"b", 9.0}}}};
  CHECK(label_of(negative, "ab").empty());
}

TEST_CASE("all candidates are told", "[learn][term_weights]") {
  const TermWeightModel model{loans_and_raffles(), "一般", Contest::Candidates};
  TermWeightModel::Scratch scratch;
  CHECK(model.label("今天貸款", scratch) == "貸款");
  CHECK(scratch.candidates == std::vector<std::uint32_t>{0, 2});
  CHECK(model.label("無", scratch) == "一般");
  CHECK(scratch.candidates.empty());
}

TEST_CASE("a term file is read as it was written", "[learn][term_file]") {
  std::vector<LabelTerms> labels = loans_and_raffles();
  labels.push_back({"a,\"b\"\r\nc", {{"x\ny", 1e-5}}});
  const auto text = write_term_file(labels);
  CHECK_THAT(text, Catch::StartsWith("label,term,weight\r\n貸款,利率,1.0\r\n"));
  CHECK_THAT(text, Catch::EndsWith("\"a,\"\"b\"\"\r\nc\",\"x\ny\",1e-05\r\n"));
  const auto read = read_term_file(text);
  REQUIRE(read.size() == 4);
  CHECK(write_term_file(read) == text);
  CHECK(read[3].label == labels[3].label);
}

TEST_CASE("labels of a term file stand in the order of their first line", "[learn][term_file]") {
  const auto read = read_term_file("\xEF\xBB\xBFlabel,term,weight\nB,x,1\nA,y,0.5\nB,z,2");
  REQUIRE(read.size() == 2);
  CHECK(read[0].label == "B");
  CHECK(read[0].terms[1].term == "z");
  CHECK(read_term_file("label,term,weight\r\n").empty());
}

TEST_CASE("a term file that is none is refused by its line", "[learn][term_file]") {
  CHECK(file_failure("") == "term file: line 1: it is to be label,term,weight");
  CHECK_THAT(file_failure("label,weight,term\n"), Catch::Contains("line 1"));
  CHECK_THAT(file_failure("label,term,weight\na,b\n"), Catch::Contains("line 2: it is to have"));
  CHECK_THAT(file_failure("label,term,weight\na,b,1,2\n"), Catch::Contains("line 2"));
  CHECK_THAT(file_failure("label,term,weight\na,b,nan\n"), Catch::Contains("a number: nan"));
  CHECK_THAT(file_failure("label,term,weight\na,b,\n"), Catch::Contains("a number"));
  CHECK_THAT(file_failure("label,term,weight\na,\"b,1\n"), Catch::Contains("no end"));
  CHECK_THAT(file_failure("label,term,weight\na,b\"c,1\n"), Catch::Contains("line 2"));
  CHECK_THAT(file_failure("label,term,weight\na,,1\n"), Catch::Contains("the term is empty"));
  CHECK_THAT(file_failure("label,term,weight\n\"x\ny\",b,1\na,b,z\n"), Catch::Contains("line 4"));
  CHECK_THAT(file_failure("label,term,weight\na," + std::string(4097, 'x') + ",1"),
             Catch::Contains("4,096 bytes"));
}
