// What scikit-learn fits on the same documents.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "plugins/learn/logistic.hpp"
#include "plugins/learn/tfidf.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace::learn;

namespace {

std::vector<std::string> documents_of(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::vector<std::string> documents;
  for (std::string document; std::getline(file, document, '\0');) documents.push_back(document);
  return documents;
}

std::vector<std::uint8_t> flags_of(const std::filesystem::path& path) {
  std::ifstream file{path};
  std::vector<std::uint8_t> flags;
  for (int flag = 0; file >> flag;) flags.push_back(flag == 1 ? 1 : 0);
  return flags;
}

// The largest difference of a row from the oracle's line; infinite where columns differ.
double difference(const SparseRows& rows, std::size_t row, const std::string& line) {
  std::istringstream words{line};
  double most = 0;
  std::size_t i = 0;
  const auto columns = rows.columns_of(row);
  for (std::string word; words >> word; ++i) {
    if (i == columns.size() || std::stoul(word) != columns[i]) return INFINITY;
    const double value = std::stod(word.substr(word.find(':') + 1));
    most = std::max(most, std::abs(value - rows.values_of(row)[i]));
  }
  return i == columns.size() ? most : INFINITY;
}

void compare_with_scikit(const std::string& arguments, TfIdfLearner::Options options) {
  const millrace::test::TemporaryFolder folder;
  const std::string command = "/usr/bin/python3 " MR_SOURCE_DIR
                              "/tests/plugins_learn/scikit_oracle.py " +
                              arguments + " '" + folder.path().string() + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  const auto documents = documents_of(folder / "documents");
  TfIdfLearner learner{options};
  for (const auto& document : documents) learner.add(document);
  SparseRows rows;
  const auto features = learner.finish(rows);

  std::ifstream fitted{folder / "fitted"};
  LogisticOptions logistic;
  std::size_t count = 0;
  std::string line;
  fitted >> logistic.seed >> count;
  std::getline(fitted, line);
  std::vector<std::string> terms;
  while (terms.size() < count && std::getline(fitted, line)) terms.push_back(line);
  REQUIRE(features.terms() == terms);
  double most = 0;
  for (std::size_t row = 0; row < documents.size() && std::getline(fitted, line); ++row)
    most = std::max(most, difference(rows, row, line));
  CHECK(most < 1e-12);

  const auto model = fit_logistic(rows, flags_of(folder / "flags"), logistic);
  std::size_t epochs = 0;
  double intercept = 0;
  fitted >> epochs >> intercept;
  CHECK(model.losses.size() == epochs);
  CHECK(std::abs(model.intercept - intercept) < 1e-12);
  double apart = 0;
  for (double weight : model.weights) {
    double expected = 0;
    REQUIRE(fitted >> expected);
    apart = std::max(apart, std::abs(weight - expected));
  }
  CHECK(apart < 1e-10);
  // New documents get what documents of the training got.
  TfIdf::Scratch scratch;
  for (std::size_t row = 0; row < documents.size(); row += 17) {
    features.transform(documents[row], scratch);
    const auto values = rows.values_of(row);
    CHECK(scratch.values == std::vector<double>(values.begin(), values.end()));
  }
}

}  // namespace

TEST_CASE("weights and coefficients are scikit-learn's", "[learn][scikit]") {
  compare_with_scikit("1 800 300 3", {.most_terms = 300, .least_documents = 3});
  compare_with_scikit("2 500 20 1", {.most_terms = 20, .least_documents = 1});
}
