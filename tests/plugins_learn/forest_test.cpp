#include "plugins/learn/forest.hpp"

#include <random>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/context.hpp>

#include "plugins/learn/forest_file.hpp"

using namespace millrace::learn;
using millrace::Failure;

namespace {

struct Labelled {
  SparseRows rows;
  std::vector<std::uint32_t> classes;
};

// Rows of three classes; one of columns 0..2 says which, seven times of eight, and 40 say nothing.
Labelled labelled_rows(unsigned seed, std::size_t count) {
  std::mt19937 random{seed};
  Labelled made;
  made.rows.width = 43;
  for (std::size_t i = 0; i < count; ++i) {
    const auto of_class = random() % 3;
    const auto sign = random() % 8 == 0 ? random() % 3 : of_class;
    for (std::uint32_t column = 0; column < 43; ++column) {
      if (column < 3 ? column != sign : random() % 6 != 0) continue;
      made.rows.columns.push_back(column);
      made.rows.values.push_back(static_cast<double>(1 + random() % 100) / 100);
    }
    made.rows.begins.push_back(made.rows.columns.size());
    made.classes.push_back(static_cast<std::uint32_t>(of_class));
  }
  return made;
}

double accuracy(const Forest& forest, const Labelled& of) {
  ForestVoter voter{forest};
  std::size_t hits = 0;
  for (std::size_t row = 0; row < of.rows.rows(); ++row)
    hits += voter.vote(of.rows.columns_of(row), of.rows.values_of(row)) == of.classes[row] ? 1 : 0;
  return static_cast<double>(hits) / static_cast<double>(of.rows.rows());
}

std::string file_of(const Forest& forest) {
  std::vector<std::string> terms;
  for (std::uint32_t i = 0; i < forest.columns; ++i) terms.push_back("t" + std::to_string(100 + i));
  const std::vector<double> idf(terms.size(), 1.5);
  return write_forest_file({Words::Spaces, {"A", "B\n", ""}, {terms, idf}, forest});
}

std::string refused(std::string_view text) {
  try {
    read_forest_file(text);
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "nothing failed";
}

std::string with(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

constexpr auto kSmall =
    "millrace-forest 1\nwords spaces\nclasses 2\n1 A\n1 B\nterms 1\n1.5 loan\nshares 1\n0.25 0.75\n"
    "trees 1\ntree 3\n0 0.5 2\n= 0\n= 2\nend\n";

}  // namespace

TEST_CASE("a forest learns what rows say and knows them by heart", "[learn][forest]") {
  const auto training = labelled_rows(1, 600), others = labelled_rows(2, 600);
  const auto forest = fit_forest(training.rows, training.classes, 3, {});
  CHECK(forest.trees() == 100);
  CHECK(accuracy(forest, training) > 0.98);
  CHECK(accuracy(forest, others) > 0.8);
}

TEST_CASE("a forest is the same for any number of threads, another for another seed",
          "[learn][forest]") {
  const auto training = labelled_rows(3, 200);
  ForestOptions options;
  options.trees = 12;
  const auto alone = file_of(fit_forest(training.rows, training.classes, 3, options));
  options.parallel = [](std::uint64_t count, const std::function<void(std::uint64_t)>& function) {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < count; ++i) threads.emplace_back([&function, i] { function(i); });
  };
  CHECK(file_of(fit_forest(training.rows, training.classes, 3, options)) == alone);
  options.seed = 2;
  CHECK(file_of(fit_forest(training.rows, training.classes, 3, options)) != alone);
}

TEST_CASE("a forest of rows without columns, or of one class, votes as they say",
          "[learn][forest]") {
  SparseRows rows;
  rows.begins = {0, 0, 0, 0};
  const std::vector<std::uint32_t> classes{1, 1, 0}, same{1, 1, 1};
  const auto forest = fit_forest(rows, classes, 2, {});
  CHECK(ForestVoter{forest}.vote({}, {}) == 1);
  CHECK(ForestVoter{fit_forest(rows, same, 2, {})}.shares({}, {})[1] == 1);
  CHECK_THROWS_AS(fit_forest(SparseRows{}, {}, 2, {}), Failure);
}

TEST_CASE("rows with negative values are split too", "[learn][forest]") {
  Labelled made;
  made.rows.width = 1;
  for (std::uint32_t i = 0; i < 90; ++i) {
    if (i % 3 != 1) {
      made.rows.columns.push_back(0);
      made.rows.values.push_back(i % 3 == 0 ? -1.0 : 1.0);
    }
    made.rows.begins.push_back(made.rows.columns.size());
    made.classes.push_back(i % 3);
  }
  CHECK(accuracy(fit_forest(made.rows, made.classes, 3, {}), made) == 1);
}

TEST_CASE("growing stops when asked", "[learn][forest]") {
  const auto training = labelled_rows(4, 100);
  ForestOptions options;
  options.is_stopping = [] { return true; };
  CHECK_THROWS_AS(fit_forest(training.rows, training.classes, 3, options), Failure);
}

TEST_CASE("a forest file is read as it was written", "[learn][forest_file]") {
  const auto training = labelled_rows(5, 150);
  ForestOptions options;
  options.trees = 5;
  const auto text = file_of(fit_forest(training.rows, training.classes, 3, options));
  const auto read = read_forest_file(text);
  CHECK(read.classes == std::vector<std::string>{"A", "B\n", ""});
  CHECK(write_forest_file(read) == text);
  CHECK(accuracy(read.forest, training) > 0.9);
  CHECK(write_forest_file(read_forest_file(kSmall)) == kSmall);
}

TEST_CASE("a forest file that is none is refused by its line", "[learn][forest_file]") {
  const std::string small = kSmall;
  for (std::size_t size = 0; size < small.size(); ++size)
    CHECK_THAT(refused(small.substr(0, size)), Catch::StartsWith("forest file: line "));
  CHECK_THAT(refused(small + "x"), Catch::Contains("nothing may follow"));
  CHECK_THAT(refused(with(small, "forest 1", "forest 2")), Catch::Contains("it is to begin with"));
  CHECK_THAT(refused(with(small, "words spaces", "words shell")), Catch::Contains("words are"));
  CHECK_THAT(refused(with(small, "classes 2", "classes 4000000000")), Catch::Contains("too many"));
  CHECK_THAT(refused(with(small, "1 A", "9999 A")), Catch::Contains("no end"));
  CHECK_THAT(refused(with(small, "1.5 loan", "nan loan")), Catch::Contains("line 7"));
  CHECK_THAT(refused(with(small, "terms 1\n1.5 loan", "terms 2\n1 b\n1 a")),
             Catch::Contains("ascend"));
  CHECK_THAT(refused(with(small, "trees 1", "trees 99999")), Catch::Contains("too many"));
  CHECK_THAT(refused(with(small, "trees 1", "trees 0")), Catch::Contains("no tree"));
  CHECK_THAT(refused(with(small, "0 0.5 2", "1 0.5 2")), Catch::Contains("no such term"));
  CHECK_THAT(refused(with(small, "0 0.5 2", "0 inf 2")), Catch::Contains("line 12"));
  CHECK_THAT(refused(with(small, "0 0.5 2", "0 0.5 1")), Catch::Contains("no such right child"));
  CHECK_THAT(refused(with(small, "0 0.5 2", "0 0.5 3")), Catch::Contains("no such right child"));
  CHECK_THAT(refused(with(small, "= 2", "= 3")), Catch::Contains("no such row of shares"));
  CHECK_THAT(refused(with(small, "= 0\n= 2", "= 0\n0 1 2")), Catch::Contains("line"));
  CHECK_THAT(refused(with(small, "tree 3\n0 0.5 2\n= 0", "tree 4\n0 0.5 3\n= 0\n= 0")),
             Catch::Contains("preorder"));
}
