#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/learn/stop_poll.hpp"
#include "plugins/learn/term_counter.hpp"

namespace millrace::learn {

/// What a term says about a label.
struct TermWeight {
  std::string term;
  double weight = 0;
};

/// A label with its terms; their order counts.
struct LabelTerms {
  std::string label;
  std::vector<TermWeight> terms;
};

inline constexpr std::size_t kMostTermFileBytes = std::size_t{256} << 20;
inline constexpr std::size_t kMostTermRows = 4'000'000;

/// Reads a term file (CSV by RFC 4180 in UTF-8, lines end with CRLF or LF): the head
/// "label,term,weight", then a line for each term. Labels stand in the order of their first line.
/// Throws Failure with DataInvalid that names the line, Exhausted, or Cancelled when stopping.
std::vector<LabelTerms> read_term_file(std::string_view text, const IsStopping& is_stopping = {});

/// Writes one, with CRLF, and weights as short as they can be read back. Throws Failure with
/// Exhausted where none could read it again, Cancelled when stopping.
std::string write_term_file(std::span<const LabelTerms> labels, const IsStopping& is_stopping = {});

/// Makes a label's terms of coefficients, one for each term: brought to 0..1 by their least and
/// largest, rounded to five decimals, the largest first, equal ones in their order. Where all are
/// equal they are 0.
std::vector<TermWeight> scaled_terms(std::span<const std::string> terms,
                                     std::span<const double> coefficients);

/// Labels texts by the mean weight of the terms that occur in them: the sum of weight times count,
/// divided by the sum of counts, over a label's terms that occur. A label is a candidate where the
/// first sum is not zero and the mean is over 0.3. Immutable. [any thread]
class TermWeightModel {
 public:
  static constexpr double kThreshold = 0.3;

  /// Whose heaviest terms decide between several candidates.
  enum class Contest {
    Candidates,    // theirs alone
    AllWithTerms,  // those of each label that has a term in the text
  };
  struct Scratch {
    TermCounter::Scratch counts;
    struct Found {
      std::uint32_t label, rank;
      double weight;
      std::int64_t count;
    };
    std::vector<Found> found;
    std::vector<std::uint32_t> candidates;
  };

  /// `general` is the label of texts without candidate, which wins over no other.
  TermWeightModel(std::vector<LabelTerms> labels, std::string general, Contest contest);

  /// Returns the label of a text: `general` without candidate, empty when none of several has a
  /// first matched term over 0. scratch.candidates then has the places of all candidates,
  /// ascending.
  [[nodiscard]] std::string_view label(std::string_view text, Scratch& scratch) const;
  /// Returns a label by its place.
  [[nodiscard]] std::string_view name(std::uint32_t label) const { return names_[label]; }
  [[nodiscard]] std::size_t labels() const { return names_.size(); }

 private:
  struct Posting {
    std::uint32_t label, rank;  // place of the term in the label's list
    double weight;
  };

  std::vector<std::string> names_;
  std::string general_;
  Contest contest_;
  std::vector<std::uint32_t> first_;  // by term, and one more: its postings
  std::vector<Posting> postings_;
  TermCounter counter_;
};

}  // namespace millrace::learn
