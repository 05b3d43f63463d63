#include "plugins/preprocess/label_tally.hpp"

#include <algorithm>
#include <numeric>

#include <millrace/context.hpp>

#include "plugins/preprocess/state_words.hpp"

namespace millrace::preprocess {

LabelTally::LabelTally(const std::vector<std::string>& labels) : is_open_{labels.empty()} {
  for (const auto& label : labels) {
    if (places_.emplace(label, static_cast<std::uint32_t>(labels_.size())).second)
      labels_.push_back(label);
  }
}

std::size_t LabelTally::add(Labels truth, Labels predicted) {
  if (kept() + 2 + truth.size() + predicted.size() > kMostKept) {
    throw Failure{MR_EXHAUSTED, "rows and their labels are more than the " +
                                    std::to_string(kMostKept) + " of which a report is made"};
  }
  const auto ignored = append(truth);
  return ignored + append(predicted);
}

std::size_t LabelTally::append(Labels labels) {
  const auto begin = static_cast<std::ptrdiff_t>(numbers_.size());
  std::size_t ignored = 0;
  for (const auto label : labels) {
    auto place = places_.find(label);
    if (place == places_.end()) {
      if (!is_open_) {
        ++ignored;
        continue;
      }
      place = places_.emplace(label, static_cast<std::uint32_t>(labels_.size())).first;
      labels_.emplace_back(label);
    }
    numbers_.push_back(place->second);
  }
  std::sort(numbers_.begin() + begin, numbers_.end());
  numbers_.erase(std::unique(numbers_.begin() + begin, numbers_.end()), numbers_.end());
  ends_.push_back(static_cast<std::uint32_t>(numbers_.size()));
  return ignored;
}

std::span<const std::uint32_t> LabelTally::numbers_of(std::size_t set) const {
  const std::size_t begin = set == 0 ? 0 : ends_[set - 1];
  return std::span{numbers_}.subspan(begin, ends_[set] - begin);
}

learn::Report LabelTally::report_of_sets() const {
  std::vector<std::uint32_t> order(labels_.size());  // place in the report -> number
  std::iota(order.begin(), order.end(), 0U);
  if (is_open_) {
    std::sort(order.begin(), order.end(),
              [this](auto one, auto other) { return labels_[one] < labels_[other]; });
  }
  std::vector<std::string> names;
  std::vector<std::uint32_t> places(labels_.size());
  for (const auto number : order) {
    places[number] = static_cast<std::uint32_t>(names.size());
    names.push_back(labels_[number]);
  }
  learn::LabelSets truth, predicted;
  for (std::size_t set = 0; set < ends_.size(); ++set) {
    auto& labels = (set % 2 == 0 ? truth : predicted).emplace_back();
    for (const auto number : numbers_of(set)) labels.push_back(places[number]);
  }
  return learn::report_of_sets(names, truth, predicted);
}

learn::Report LabelTally::report_of_classes(const std::string& none) const {
  std::vector<std::string> truth, predicted;
  for (std::size_t set = 0; set < ends_.size(); ++set) {
    const auto numbers = numbers_of(set);
    if (numbers.size() > 1) {
      throw Failure{MR_DATA_INVALID,
                    "a row has several labels, so they are sets and no classes: row " +
                        std::to_string(set / 2)};
    }
    (set % 2 == 0 ? truth : predicted).push_back(numbers.empty() ? none : labels_[numbers[0]]);
  }
  return learn::report_of_classes(truth, predicted);
}

std::string LabelTally::snapshot() const {
  std::string state;
  append_word(state, static_cast<std::int64_t>(labels_.size()));
  for (const auto& label : labels_) append_word(state, label);
  append_word(state, static_cast<std::int64_t>(ends_.size()));
  for (std::size_t set = 0; set < ends_.size(); ++set) {
    const auto numbers = numbers_of(set);
    append_word(state, static_cast<std::int64_t>(numbers.size()));
    for (const auto number : numbers) append_word(state, number);
  }
  return state;
}

void LabelTally::restore(std::string_view state) {
  const auto unreadable = [] {
    return Failure{MR_DATA_INVALID, "the checkpoint of a report is not readable"};
  };
  labels_.clear();
  places_.clear();
  for (auto labels = take_number(state); labels > 0; --labels) {
    labels_.push_back(take_text(state));
    if (!places_.emplace(labels_.back(), static_cast<std::uint32_t>(labels_.size() - 1)).second)
      throw unreadable();
  }
  for (auto sets = take_number(state); sets > 0; --sets) {
    for (auto numbers = take_number(state); numbers > 0; --numbers) {
      const auto number = take_number(state);
      if (number < 0 || static_cast<std::size_t>(number) >= labels_.size()) throw unreadable();
      numbers_.push_back(static_cast<std::uint32_t>(number));
    }
    ends_.push_back(static_cast<std::uint32_t>(numbers_.size()));
  }
  if (!state.empty() || ends_.size() % 2 != 0) throw unreadable();
}

}  // namespace millrace::preprocess
