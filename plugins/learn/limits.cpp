#include "plugins/learn/limits.hpp"

#include <cstdint>
#include <string_view>

#include "plugins/learn/dictionary.hpp"
#include "plugins/learn/forest_file.hpp"
#include "plugins/learn/term_weights.hpp"
#include "plugins/learn/tfidf.hpp"

namespace millrace::learn {

namespace {

std::string limit(std::string_view name, std::uint64_t value, std::string_view unit,
                  std::string_view doc) {
  std::string text = R"("learn.)";
  return text.append(name)
      .append(R"(": {"value": )")
      .append(std::to_string(value))
      .append(R"(, "unit": ")")
      .append(unit)
      .append(R"(", "doc": ")")
      .append(doc)
      .append(R"("})");
}

}  // namespace

std::string training_limits() {
  const TfIdfLearner::Limits limits;
  return limit("documents", limits.documents, "documents",
               "that a model learns from; more fails the job") +
         "," +
         limit("words", limits.words, "words",
               "of them that are different, whether they become terms or not; more fails the job") +
         "," +
         limit("entries", limits.entries, "words",
               "of them in all, each once in a document; more fails the job") +
         "," +
         limit("labels", kMostLabels, "labels", "that a model learns to tell; more fails the job");
}

std::string forest_limits() {
  return limit("forest_bytes", kMostForestBytes, "bytes",
               "of a forest's file; more fails the job") +
         "," +
         limit("forest_memory_bytes", ForestOptions{}.most_bytes, "bytes",
               "of trees while they are grown; more fails the job") +
         "," + limit("forest_trees", kMostForestTrees, "trees", "of a forest; more is refused") +
         "," + limit("forest_terms", kMostForestTerms, "terms", "of a forest; more is refused") +
         "," +
         limit("forest_classes", kMostForestClasses, "classes",
               "that a forest's file may have; more is refused");
}

std::string term_limits() {
  return limit("term_file_bytes", kMostTermFileBytes, "bytes",
               "of a file of term weights; more fails the job") +
         "," +
         limit("term_weights", kMostTermRows, "weights",
               "of all labels of such a file together; more fails the job") +
         "," +
         limit("term_bytes", TermCounter::kMostTermBytes, "bytes",
               "of a term; a longer one is refused");
}

std::string dictionary_limits() {
  return limit("dictionary_bytes", Dictionary::kMostBytes, "bytes",
               "of a dictionary; more fails the job") +
         "," +
         limit("beginnings", WordTrie::kMostNodes, "beginnings",
               "of words of a dictionary, or of terms of a model; more fails the job");
}

}  // namespace millrace::learn
