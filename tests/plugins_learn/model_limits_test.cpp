// What models of texts bound, and where their loops stop.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/learn/dictionary.hpp"
#include "plugins/learn/forest_file.hpp"
#include "plugins/learn/logistic.hpp"
#include "plugins/learn/term_weights.hpp"
#include "plugins/learn/tfidf.hpp"

using namespace millrace::learn;
using millrace::Failure;

namespace {

// The code with which something fails; MR_OK: it does not.
template <class Work>
int code_of(const Work& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.code();
  }
  return MR_OK;
}

// A view of more bytes than there are: who looks at them before their number reads beyond.
std::string_view longer_than(std::size_t bytes) {
  static const std::string text = "label,term,weight\n";
  return {text.data(), bytes + 1};
}

// Rows of `width` values each, of two classes in turn.
SparseRows full_rows(std::size_t count, std::uint32_t width) {
  SparseRows rows;
  rows.width = width;
  for (std::size_t i = 0; i < count; ++i) {
    for (std::uint32_t column = 0; column < width; ++column) {
      rows.columns.push_back(column);
      rows.values.push_back(static_cast<double>((i * 7 + column) % 11) / 11);
    }
    rows.begins.push_back(rows.columns.size());
  }
  return rows;
}

}  // namespace

TEST_CASE("documents, their words and all words together are bounded", "[learn][tfidf][limits]") {
  const auto learn_by = [](TfIdfLearner::Limits limits) {
    return code_of([&] {
      TfIdfLearner learner{{}, limits};
      for (const char* document : {"cheap loan", "cheap rate", "cheap"}) learner.add(document);
    });
  };
  CHECK(learn_by({.documents = 3, .words = 3, .entries = 5}) == MR_OK);
  CHECK(learn_by({.documents = 2, .words = 3, .entries = 5}) == MR_EXHAUSTED);
  CHECK(learn_by({.documents = 3, .words = 2, .entries = 5}) == MR_EXHAUSTED);
  CHECK(learn_by({.documents = 3, .words = 3, .entries = 4}) == MR_EXHAUSTED);
}

TEST_CASE("files over their limit are refused unread", "[learn][limits]") {
  CHECK(code_of([] { read_forest_file(longer_than(kMostForestBytes)); }) == MR_EXHAUSTED);
  CHECK(code_of([] { read_term_file(longer_than(kMostTermFileBytes)); }) == MR_EXHAUSTED);
  CHECK(code_of([] { Dictionary::read(longer_than(Dictionary::kMostBytes)); }) == MR_EXHAUSTED);
}

TEST_CASE("a forest's file has no more of anything than it may", "[learn][forest_file][limits]") {
  const auto why = [](const std::string& text) {
    try {
      read_forest_file(text);
    } catch (const Failure& failure) {
      return std::string{failure.what()};
    }
    return std::string{};
  };
  const auto lines = [](std::size_t count, const std::string& line) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += line;
    return text;
  };
  const std::string head = "millrace-forest 1\nwords spaces\n";
  CHECK_THAT(why(head + "classes 10001\n" + lines(10'001, "1 A\n")), Catch::Contains("too many"));
  CHECK_THAT(why(head + "classes 1\n1 A\nterms 1000001\n" + lines(1'000'001, "1 a\n")),
             Catch::Contains("too many"));
  CHECK_THAT(why(head + "classes 1\n1 A\nterms 0\nshares 0\ntrees 10001\n" +
                 lines(10'001, "tree 1\n= 0\n")),
             Catch::Contains("too many"));
  CHECK(why(head + "classes 1\n1 A\nterms 0\nshares 0\ntrees 10000\n" +
            lines(10'000, "tree 1\n= 0\n") + "end\n")
            .empty());
}

TEST_CASE("the trees of a forest share their memory", "[learn][forest][limits]") {
  const auto rows = full_rows(64, 3);
  std::vector<std::uint32_t> classes;
  for (std::uint32_t i = 0; i < 64; ++i) classes.push_back(i % 2);
  ForestOptions options;
  options.trees = 40;
  std::vector<std::size_t> told;
  options.told = [&](std::size_t trees) { told.push_back(trees); };
  const auto forest = fit_forest(rows, classes, 2, options);
  CHECK(told == std::vector<std::size_t>{32, 40});
  const auto bytes =
      forest.nodes.size() * sizeof(ForestNode) + (forest.shares.size() - 4) * sizeof(float);
  options.most_bytes = bytes;
  CHECK(code_of([&] { fit_forest(rows, classes, 2, options); }) == MR_OK);
  options.most_bytes = bytes - 1;
  CHECK(code_of([&] { fit_forest(rows, classes, 2, options); }) == MR_EXHAUSTED);
}

TEST_CASE("a term has a length, and a file a number of weights", "[learn][term_weights][limits]") {
  const std::string head = "label,term,weight\n";
  CHECK(code_of([&] { read_term_file(head + "A," + std::string(4096, 't') + ",1\n"); }) == MR_OK);
  CHECK(code_of([&] { read_term_file(head + "A," + std::string(4097, 't') + ",1\n"); }) ==
        MR_DATA_INVALID);
  const std::vector<LabelTerms> labels{{"A", std::vector<TermWeight>(kMostTermRows)}, {"B", {{}}}};
  CHECK(code_of([&] { write_term_file(labels); }) == MR_EXHAUSTED);  // before it writes any
}

TEST_CASE("loops over data ask whether to stop, each after some thousand steps", "[learn][stop]") {
  const auto rows = full_rows(2000, 100);  // 200,000 values
  std::vector<std::uint32_t> classes;
  std::vector<std::uint8_t> is_first;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    classes.push_back(i % 2);
    is_first.push_back(i % 2 == 0 ? 1 : 0);
  }
  // Stops at the n-th question.
  const auto at = [](int n) -> IsStopping { return [n]() mutable { return n-- == 0; }; };
  LogisticOptions logistic;
  logistic.is_stopping = at(1);  // within the first pass
  CHECK(code_of([&] { fit_logistic(rows, is_first, logistic); }) == MR_CANCELLED);
  ForestOptions options;
  options.is_stopping = at(2);  // before the first node
  CHECK(code_of([&] { fit_forest(rows, classes, 2, options); }) == MR_CANCELLED);

  TfIdfLearner learner{{.most_terms = 1'000'000, .least_documents = 1}};
  std::string document;
  for (int i = 0; i < 100'000; ++i) document += "w" + std::to_string(i) + " ";
  learner.add(document);
  SparseRows made;
  CHECK(code_of([&] { learner.finish(made, at(0)); }) == MR_CANCELLED);
  CHECK(code_of([&] { learner.finish(made, at(1)); }) == MR_CANCELLED);  // in the sort
  CHECK(code_of([&] { learner.finish(made); }) == MR_OK);

  const std::vector<LabelTerms> labels{{"A", std::vector<TermWeight>(20'000, TermWeight{"t", 0})}};
  const auto terms = write_term_file(labels);
  CHECK(code_of([&] { write_term_file(labels, at(0)); }) == MR_CANCELLED);
  CHECK(code_of([&] { read_term_file(terms, at(0)); }) == MR_CANCELLED);
  TextForest forest{Words::Spaces, {"A"}, {}, {}};
  forest.forest.classes = 1;
  forest.forest.shares = {1};
  forest.forest.begins = {0};
  for (int i = 0; i < 10'000; ++i) {
    forest.forest.nodes.push_back({});
    forest.forest.begins.push_back(forest.forest.nodes.size());
  }
  const auto text = write_forest_file(forest);
  CHECK(code_of([&] { write_forest_file(forest, at(0)); }) == MR_CANCELLED);
  CHECK(code_of([&] { read_forest_file(text, at(0)); }) == MR_CANCELLED);
}
