#include "plugins/learn/tfidf.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/learn/documents.hpp"
#include "plugins/learn/logistic.hpp"

using namespace millrace::learn;
using millrace::Failure;

namespace {

using Tokens = std::vector<std::string>;

Tokens tokens_of(std::string_view document) {
  Tokens tokens;
  std::string lowered;
  take_tokens(document, lowered, [&](std::string_view token) { tokens.emplace_back(token); });
  return tokens;
}

}  // namespace

TEST_CASE("tokens are runs of two or more word characters", "[learn][tfidf]") {
  CHECK(tokens_of("清华 大 大学，ABC a 12 1 _x x-y-zz") ==
        Tokens{"清华", "大学", "abc", "12", "_x", "zz"});
  CHECK(tokens_of("The quick AND the dead") == Tokens{"quick", "dead"});
  CHECK(tokens_of("½½ ²x é\u0301a 한국어") == Tokens{"½½", "²x", "한국어"});
  CHECK(tokens_of("\xff\xff\xff").empty());
  CHECK(tokens_of("").empty());
}

TEST_CASE("rows have length 1, and rare tokens weigh more", "[learn][tfidf]") {
  TfIdfLearner learner{{.most_terms = 10, .least_documents = 1}};
  for (const auto* document : {"loan loan rate", "loan", ""}) learner.add(document);
  SparseRows rows;
  const auto features = learner.finish(rows);
  CHECK(features.terms() == Tokens{"loan", "rate"});
  CHECK(features.idf()[0] == std::log(4.0 / 3.0) + 1);
  CHECK(features.idf()[1] == std::log(4.0 / 2.0) + 1);
  CHECK(std::hypot(rows.values_of(0)[0], rows.values_of(0)[1]) == Approx(1).epsilon(1e-15));
  CHECK(rows.values_of(1)[0] == 1);
  CHECK(rows.columns_of(2).empty());
}

TEST_CASE("documents without terms are no documents to learn from", "[learn][tfidf]") {
  SparseRows rows;
  TfIdfLearner empty{{}}, rare{{.most_terms = 10, .least_documents = 2}};
  empty.add("a b c the");
  CHECK_THROWS_WITH(empty.finish(rows),
                    "empty vocabulary; perhaps the documents only contain stop words");
  rare.add("loan");
  CHECK_THROWS_AS(rare.finish(rows), Failure);
}

TEST_CASE("classes are to be two", "[learn][logistic]") {
  SparseRows rows;
  rows.begins = {0, 0};
  const std::vector<std::uint8_t> one{1};
  CHECK_THROWS_WITH(fit_logistic(rows, one, {}),
                    "The number of classes has to be greater than one; got 1 class");
}

TEST_CASE("texts become documents by words, characters, or as they are", "[learn][documents]") {
  CHECK(DocumentMaker(Words::Characters, nullptr).document("王é\xff") == "王 é \xff");
  CHECK(DocumentMaker(Words::Spaces, nullptr).document("a b") == "a b");
  CHECK(words_of("full") == Words::Full);
  CHECK(to_string(Words::Accurate) == "accurate");
  CHECK_THROWS_AS(words_of("word"), Failure);
}
