#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/learn/documents.hpp"
#include "plugins/learn/forest.hpp"
#include "plugins/learn/tfidf.hpp"

namespace millrace::learn {

/// A forest that tells classes of texts: how they are cut into words, and weighed.
struct TextForest {
  Words words = Words::Accurate;
  std::vector<std::string> classes;
  TfIdf features;
  Forest forest;
};

/// Limits of a forest file, which its reader holds against every number before it takes memory.
inline constexpr std::size_t kMostForestBytes = std::size_t{1} << 30;
inline constexpr std::size_t kMostForestClasses = 10'000;
inline constexpr std::size_t kMostForestTerms = 1'000'000;
inline constexpr std::size_t kMostForestTrees = 10'000;

/// Writes a forest file: UTF-8, words between single blanks, lines that end with LF.
///
///   millrace-forest 1
///   words accurate
///   classes N          then N lines "BYTES NAME", BYTES the length of NAME
///   terms N            then N lines "IDF TERM", ascending by term
///   shares N           then N lines of a share for each class, of the leaves that are not pure
///   trees N            then for each tree a line "tree NODES" and its nodes in preorder:
///   TERM THRESHOLD RIGHT   rows whose weight of that term is at most THRESHOLD go to the next
///   node,
///                          others to the node RIGHT of the tree
///   = SHARES               a leaf: the number of a class, or the classes and a row of shares
///   end
/// Throws Failure with Exhausted over kMostForestBytes, Cancelled when stopping.
std::string write_forest_file(const TextForest& forest, const IsStopping& is_stopping = {});

/// Reads one. Throws Failure with DataInvalid, which names the line, Exhausted, or Cancelled when
/// stopping.
TextForest read_forest_file(std::string_view text, const IsStopping& is_stopping = {});

}  // namespace millrace::learn
