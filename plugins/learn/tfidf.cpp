#include "plugins/learn/tfidf.hpp"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <memory>
#include <utility>

#include <millrace/context.hpp>

#include "plugins/label/lower.hpp"
#include "plugins/learn/numpy_order.hpp"
#include "plugins/learn/utf8.hpp"

#include <unicode/uchar.h>

namespace millrace::learn {

namespace {

// Python's \w: str.isalnum(), and "_".
bool is_word_character(char32_t c) {
  using Table = std::bitset<0x110000>;
  static const auto table = [] {
    auto made = std::make_unique<Table>();
    for (std::uint32_t i = 0; i < made->size(); ++i) {
      const auto point = static_cast<UChar32>(i);
      const bool is_letter = (U_GET_GC_MASK(point) & U_GC_L_MASK) != 0;
      if (is_letter || i == '_' || u_getIntPropertyValue(point, UCHAR_NUMERIC_TYPE) != U_NT_NONE)
        made->set(i);
    }
    return made;
  }();
  return (*table)[c];
}

// Gives a row of counts its weights.
void weigh(std::span<const std::uint32_t> columns, std::span<double> values,
           std::span<const double> idf) {
  double squares = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    values[i] *= idf[columns[i]];
    squares += values[i] * values[i];
  }
  if (squares == 0) return;
  const double length = std::sqrt(squares);
  for (double& value : values) value /= length;
}

}  // namespace

void take_tokens(std::string_view document, std::string& lowered,
                 const std::function<void(std::string_view)>& take) {
  label::lower_into(document, lowered);
  const std::string_view text{lowered};
  std::size_t begin = 0, characters = 0;  // of the run at hand
  const auto end_run = [&](std::size_t end) {
    if (characters < 2) return;
    const auto token = text.substr(begin, end - begin);
    if (!is_english_stop_word(token)) take(token);
  };
  for (std::size_t at = 0; at < text.size();) {
    const auto here = at;
    if (is_word_character(next_code_point(text, at))) {
      if (characters++ == 0) begin = here;
    } else {
      end_run(here);
      characters = 0;
    }
  }
  end_run(text.size());
}

TfIdf::TfIdf(std::vector<std::string> terms, std::vector<double> idf)
    : terms_{std::move(terms)}, idf_{std::move(idf)} {
  columns_.reserve(terms_.size());
  for (std::uint32_t i = 0; i < terms_.size(); ++i) columns_.emplace(terms_[i], i);
}

void TfIdf::transform(std::string_view document, Scratch& scratch) const {
  scratch.columns.clear();
  take_tokens(document, scratch.lowered, [&](std::string_view token) {
    const auto found = columns_.find(token);
    if (found != columns_.end()) scratch.columns.push_back(found->second);
  });
  std::sort(scratch.columns.begin(), scratch.columns.end());
  scratch.values.clear();
  std::size_t distinct = 0;
  for (const auto column : scratch.columns) {
    if (distinct > 0 && scratch.columns[distinct - 1] == column) {
      ++scratch.values.back();
    } else {
      scratch.columns[distinct++] = column;
      scratch.values.push_back(1);
    }
  }
  scratch.columns.resize(distinct);
  weigh(scratch.columns, scratch.values, idf_);
}

void TfIdfLearner::add(std::string_view document) {
  const auto hold_to = [](std::size_t count, std::size_t most, std::string_view what) {
    if (count >= most)
      throw Failure{MR_EXHAUSTED, "there are more than " + std::to_string(most) + " " +
                                      std::string{what} + " to learn from: give fewer rows"};
  };
  hold_to(counts_.rows(), limits_.documents, "documents");
  const auto begin = counts_.columns.size();
  take_tokens(document, lowered_, [&](std::string_view token) {
    auto found = numbers_.find(token);
    if (found == numbers_.end()) {
      hold_to(last_.size(), limits_.words, "different words");
      found = numbers_.emplace(token, static_cast<std::uint32_t>(last_.size())).first;
      last_.push_back(0);
    }
    auto& last = last_[found->second];
    if (last >= begin && last < counts_.columns.size() && counts_.columns[last] == found->second) {
      ++counts_.values[last];
      return;
    }
    last = counts_.columns.size();
    hold_to(last, limits_.entries, "words of documents");
    counts_.columns.push_back(found->second);
    counts_.values.push_back(1);
  });
  counts_.begins.push_back(counts_.columns.size());
}

TfIdf TfIdfLearner::finish(SparseRows& rows, const IsStopping& is_stopping) {
  StopPoll poll{is_stopping};
  if (numbers_.empty())
    throw Failure{MR_DATA_INVALID,
                  "empty vocabulary; perhaps the documents only contain stop words"};
  std::vector<const std::string*> names(numbers_.size());
  for (const auto& [name, number] : numbers_) names[number] = &name;
  std::vector<std::int64_t> documents(names.size()), frequency(names.size());
  for (std::size_t i = 0; i < counts_.columns.size(); ++i) {
    poll.step();
    ++documents[counts_.columns[i]];
    frequency[counts_.columns[i]] += static_cast<std::int64_t>(counts_.values[i]);
  }
  std::vector<std::uint32_t> kept;  // numbers, ascending by name
  for (std::uint32_t number = 0; number < names.size(); ++number) {
    if (documents[number] >= static_cast<std::int64_t>(options_.least_documents))
      kept.push_back(number);
  }
  std::sort(kept.begin(), kept.end(), [&](auto left, auto right) {
    poll.step();
    return *names[left] < *names[right];  // of UTF-8: by code point
  });
  if (kept.size() > options_.most_terms) {
    std::vector<std::int64_t> descending(kept.size());
    for (std::size_t i = 0; i < kept.size(); ++i) descending[i] = -frequency[kept[i]];
    auto places = numpy_argsort(descending);
    places.resize(options_.most_terms);
    std::sort(places.begin(), places.end());
    for (std::size_t i = 0; i < places.size(); ++i) kept[i] = kept[places[i]];
    kept.resize(places.size());
  }
  if (kept.empty())
    throw Failure{MR_DATA_INVALID, "no term is in " + std::to_string(options_.least_documents) +
                                       " documents: give more rows, or a lower number of them"};
  constexpr std::uint32_t kDropped = ~std::uint32_t{0};
  std::vector<std::uint32_t> columns(names.size(), kDropped);
  std::vector<std::string> terms;
  std::vector<double> idf;
  const auto total = static_cast<double>(counts_.rows() + 1);
  for (std::uint32_t column = 0; column < kept.size(); ++column) {
    columns[kept[column]] = column;
    terms.push_back(*names[kept[column]]);
    idf.push_back(std::log(total / static_cast<double>(documents[kept[column]] + 1)) + 1);
  }
  rows = {};
  rows.width = terms.size();
  std::vector<std::pair<std::uint32_t, double>> row;
  for (std::size_t i = 0; i < counts_.rows(); ++i) {
    row.clear();
    for (auto k = counts_.begins[i]; k < counts_.begins[i + 1]; ++k) {
      const auto column = columns[counts_.columns[k]];
      if (column != kDropped) row.emplace_back(column, counts_.values[k]);
    }
    poll.step(8 * row.size() + 1);
    std::sort(row.begin(), row.end());
    const auto begin = rows.columns.size();
    for (const auto& [column, count] : row) {
      rows.columns.push_back(column);
      rows.values.push_back(count);
    }
    weigh(std::span{rows.columns}.subspan(begin), std::span{rows.values}.subspan(begin), idf);
    rows.begins.push_back(rows.columns.size());
  }
  return {std::move(terms), std::move(idf)};
}

}  // namespace millrace::learn
