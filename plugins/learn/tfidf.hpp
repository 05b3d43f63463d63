#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/learn/sparse_rows.hpp"
#include "plugins/learn/stop_poll.hpp"

namespace millrace::learn {

inline constexpr std::size_t kMostLabels = 1000;  // that a model learns to tell

/// Looks texts up by views.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};
using TextNumbers = std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>>;

/// Whether a text is one of the English words that say little; lower case.
bool is_english_stop_word(std::string_view word);

/// Calls `take` with the tokens of a document: it is lower-cased, and each run of two or more word
/// characters (letters, numbers, "_": Python's \w) that is no English stop word is one.
/// `lowered` is scratch.
void take_tokens(std::string_view document, std::string& lowered,
                 const std::function<void(std::string_view)>& take);

/// Turns documents into weights of their tokens, as scikit-learn's TfidfVectorizer(stop_words=
/// "english") does: count times ln((1 + documents) / (1 + documents with the token)) + 1, and rows
/// of Euclidean length 1. Immutable. [any thread]
class TfIdf {
 public:
  struct Scratch {
    std::string lowered;
    std::vector<std::uint32_t> columns;
    std::vector<double> values;
  };

  TfIdf() = default;
  /// Takes terms, each once, in ascending order, and as many idf factors.
  TfIdf(std::vector<std::string> terms, std::vector<double> idf);

  /// Puts the row of a document into scratch.columns and scratch.values; columns ascend.
  void transform(std::string_view document, Scratch& scratch) const;
  [[nodiscard]] const std::vector<std::string>& terms() const { return terms_; }
  [[nodiscard]] const std::vector<double>& idf() const { return idf_; }

 private:
  std::vector<std::string> terms_;
  std::vector<double> idf_;
  TextNumbers columns_;
};

/// Learns a TfIdf from documents.
class TfIdfLearner {
 public:
  struct Options {
    std::size_t most_terms = 10'000;  // the most frequent ones; ties as scikit-learn leaves them
    std::size_t least_documents = 1;  // that have a term
  };
  struct Limits {
    std::size_t documents = 10'000'000;
    std::size_t words = 5'000'000;      // different ones: 0.5 GB
    std::size_t entries = 100'000'000;  // words of documents, each once in one: 1.2 GB
  };

  explicit TfIdfLearner(Options options) : TfIdfLearner{options, Limits{}} {}
  TfIdfLearner(Options options, Limits limits) : options_{options}, limits_{limits} {}
  /// Throws Failure with Exhausted over a limit.
  void add(std::string_view document);
  /// Returns what was learnt, and the rows of the documents. Throws Failure with DataInvalid where
  /// no term remains, Cancelled when stopping.
  TfIdf finish(SparseRows& rows, const IsStopping& is_stopping = {});

 private:
  Options options_;
  Limits limits_;
  TextNumbers numbers_;
  SparseRows counts_;              // columns are numbers of tokens, in the order of their coming
  std::vector<std::size_t> last_;  // by token: its place in counts_
  std::string lowered_;
};

}  // namespace millrace::learn
