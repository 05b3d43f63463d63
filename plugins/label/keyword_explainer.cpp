#include "plugins/label/keyword_explainer.hpp"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "plugins/label/lower.hpp"

namespace millrace::label {
namespace {

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

}  // namespace

void to_code_points(std::string_view text, std::string_view lowered, std::span<RuleHit> hits) {
  constexpr std::string_view kDottedI = "\u0130";
  struct Place {
    std::int64_t* value;
    bool is_end;
  };
  std::vector<Place> places;
  for (RuleHit& hit : hits) {
    places.push_back({&hit.begin, false});
    places.push_back({&hit.end, true});
  }
  std::sort(places.begin(), places.end(),
            [](const Place& one, const Place& other) { return *one.value < *other.value; });
  const bool is_longer = text.find(kDottedI) != std::string_view::npos;
  std::int64_t byte = 0, point = 0;  // of the lower-cased text
  std::size_t next = 0;              // byte of the text behind the code points that were passed
  std::int64_t passed = 0;           // code points of the text
  std::int64_t passed_lowered = 0;   // what these have in the lower-cased text
  for (const Place& place : places) {
    for (; byte < *place.value; ++byte) {
      point += begins_code_point(lowered[static_cast<std::size_t>(byte)]) ? 1 : 0;
    }
    *place.value = point;
    if (!is_longer) continue;
    const auto points_of_next = [&] { return text.substr(next).starts_with(kDottedI) ? 2 : 1; };
    while (next < text.size() && passed_lowered + points_of_next() <= point) {
      passed_lowered += points_of_next();
      ++passed;
      do {
        ++next;
      } while (next < text.size() && !begins_code_point(text[next]));
    }
    *place.value = place.is_end && passed_lowered < point ? passed + 1 : passed;
  }
}

KeywordExplainer::KeywordExplainer(const KeywordRules& rules, std::function<bool()> stopping)
    : rules_{rules},
      index_{std::make_shared<const KeywordIndex>(rules, KeywordIndex::Target::Rule)},
      search_{index_, std::move(stopping)} {}

void KeywordExplainer::explain(const Column<std::string_view>& texts, const Each& each) {
  for (std::int64_t first = 0; first < texts.size();) {
    const auto behind_block = block_.fill(texts, first);
    search_.run(block_, [&](std::size_t begin, std::size_t behind, auto hits) {
      for (std::size_t row = begin; row < behind; ++row) {
        const auto of_row = std::find_if(hits.begin(), hits.end(),
                                         [&](const KeywordHit& hit) { return hit.row != row; });
        const auto count = static_cast<std::size_t>(of_row - hits.begin());
        collect(row, hits.first(count));
        hits = hits.subspan(count);
        const auto number = first + static_cast<std::int64_t>(row);
        if (!hits_.empty()) {
          to_code_points(texts.value(number), block_.text(row), hits_);
        }
        each(number, hits_);
      }
    });
    first = behind_block;
  }
}

void KeywordExplainer::collect(std::size_t row, std::span<const KeywordHit> hits) {
  hits_.clear();
  if (block_.is_null(row)) return;
  const auto size = static_cast<std::int64_t>(block_.end(row) - block_.begin(row));
  const auto add = [this](std::span<const std::uint32_t> rules, std::int64_t begin,
                          std::int64_t end) {
    for (const auto rule : rules) hits_.push_back({rule, begin, end});
  };
  for (const KeywordHit& hit : hits) {
    const auto end = static_cast<std::int64_t>(hit.end - block_.begin(row));
    hits_.push_back({hit.target, end - hit.bytes, end});
  }
  const auto text = block_.text(row);
  add(index_->always_starts(), 0, 0);
  add(index_->always_ends(), size, size);
  index_->starts().find(text, [&](auto rules, std::size_t bytes) {
    add(rules, 0, static_cast<std::int64_t>(bytes));
  });
  index_->ends().find(text, [&](auto rules, std::size_t bytes) {
    add(rules, size - static_cast<std::int64_t>(bytes), size);
  });
  index_->equals().find(text, [&](auto rules, std::size_t) { add(rules, 0, size); });
  std::sort(hits_.begin(), hits_.end(), [](const RuleHit& one, const RuleHit& other) {
    return std::tie(one.rule, one.begin, one.end) < std::tie(other.rule, other.begin, other.end);
  });
}

std::vector<std::optional<std::uint32_t>> KeywordExplainer::hidden_by() {
  Matches partially;
  partially.add(Match::Partially);
  const auto& rules = rules_.rules;
  Builder<std::string_view> keywords;
  for (const KeywordRule& rule : rules) keywords.append(rule.keyword);
  const Batch batch = Batch{}.with("keyword", std::move(keywords));
  std::vector<std::optional<std::uint32_t>> hidden(rules.size());
  explain(batch.column<std::string_view>("keyword"), [&](std::int64_t row, auto hits) {
    const auto number = static_cast<std::uint32_t>(row);
    const KeywordRule& rule = rules[number];
    if (rule.matches != partially) return;
    for (const RuleHit& hit : hits) {
      const KeywordRule& other = rules[hit.rule];
      const bool is_rival = other.label == rule.label && other.matches.has(Match::Partially);
      if (hit.rule == number || !is_rival) continue;
      const bool is_same = lower(other.keyword) == lower(rule.keyword);
      if (is_same && hit.rule > number) continue;
      hidden[number] = hit.rule;
      return;
    }
  });
  return hidden;
}

}  // namespace millrace::label
