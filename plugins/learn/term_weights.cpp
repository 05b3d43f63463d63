#include "plugins/learn/term_weights.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <unordered_map>
#include <utility>

namespace millrace::learn {

namespace {

struct IndexedTerms {
  std::vector<std::string> terms;
  std::vector<std::uint32_t> first;
  std::vector<std::uint32_t> numbers;  // of the terms, in the order of the labels' lists
};

}  // namespace

std::vector<TermWeight> scaled_terms(std::span<const std::string> terms,
                                     std::span<const double> coefficients) {
  std::vector<TermWeight> scaled;
  if (terms.empty()) return scaled;
  const auto [least, most] = std::minmax_element(coefficients.begin(), coefficients.end());
  const double range = *most - *least;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const double share = range > 0 ? (coefficients[i] - *least) / range : 0;
    scaled.push_back({terms[i], std::nearbyint(share * 1e5) / 1e5});
  }
  std::stable_sort(scaled.begin(), scaled.end(),
                   [](const auto& left, const auto& right) { return left.weight > right.weight; });
  return scaled;
}

TermWeightModel::TermWeightModel(std::vector<LabelTerms> labels, std::string general,
                                 Contest contest)
    : general_{std::move(general)}, contest_{contest}, counter_{[&] {
        IndexedTerms index;
        std::unordered_map<std::string_view, std::uint32_t> numbers;
        for (const auto& label : labels) {
          for (const auto& [term, weight] : label.terms) {
            const auto made = numbers.emplace(term, static_cast<std::uint32_t>(numbers.size()));
            if (made.second) index.terms.push_back(term);
            index.numbers.push_back(made.first->second);
          }
        }
        first_.assign(index.terms.size() + 1, 0);
        for (const auto number : index.numbers) ++first_[number + 1];
        for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
        postings_.resize(index.numbers.size());
        auto next = first_;
        std::size_t i = 0;
        for (std::uint32_t label = 0; label < labels.size(); ++label) {
          std::uint32_t rank = 0;
          for (const auto& term : labels[label].terms)
            postings_[next[index.numbers[i++]]++] = {label, rank++, term.weight};
        }
        return TermCounter{index.terms};
      }()} {
  for (auto& label : labels) names_.push_back(std::move(label.label));
}

std::string_view TermWeightModel::label(std::string_view text, Scratch& scratch) const {
  auto& found = scratch.found;
  found.clear();
  scratch.candidates.clear();
  for (const auto& [term, count] : counter_.count(text, scratch.counts)) {
    for (auto i = first_[term]; i < first_[term + 1]; ++i)
      found.push_back({postings_[i].label, postings_[i].rank, postings_[i].weight, count});
  }
  std::sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
    return std::pair{left.label, left.rank} < std::pair{right.label, right.rank};
  });
  // Of a label, its first term in the list is the heaviest, since lists are sorted by weight.
  const auto is_general = [&](std::uint32_t label) { return names_[label] == general_; };
  double heaviest = 0, heaviest_of_all = 0;
  std::optional<std::uint32_t> winner, winner_of_all;
  for (std::size_t i = 0; i < found.size();) {
    const auto [label, rank, first_weight, first_count] = found[i];
    double sum = 0, count = 0;
    for (; i < found.size() && found[i].label == label; ++i) {
      sum += found[i].weight * static_cast<double>(found[i].count);
      count += static_cast<double>(found[i].count);
    }
    const bool is_candidate = sum != 0 && sum / count > kThreshold;
    if (is_candidate) scratch.candidates.push_back(label);
    if (is_general(label)) continue;
    if (is_candidate && first_weight > heaviest) {
      heaviest = first_weight;
      winner = label;
    }
    if (first_weight > heaviest_of_all) {
      heaviest_of_all = first_weight;
      winner_of_all = label;
    }
  }
  if (scratch.candidates.empty()) return general_;
  if (scratch.candidates.size() == 1) return names_[scratch.candidates.front()];
  const auto& chosen = contest_ == Contest::Candidates ? winner : winner_of_all;
  return chosen ? std::string_view{names_[*chosen]} : std::string_view{};
}

}  // namespace millrace::learn
