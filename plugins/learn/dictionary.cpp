#include "plugins/learn/dictionary.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <system_error>

#include <millrace/context.hpp>

#include "plugins/learn/utf8.hpp"

namespace millrace::learn {

namespace {

struct Entry {
  std::string_view word;
  std::uint64_t frequency = 0;
};

[[noreturn]] void refuse_line(std::size_t line, std::string_view why) {
  throw Failure{MR_DATA_INVALID,
                "dictionary: line " + std::to_string(line) + ": " + std::string{why}};
}

Entry read_entry(std::string_view line, std::size_t number) {
  constexpr std::string_view kBlanks = " \t\n\r\f\v";
  const auto begin = std::min(line.find_first_not_of(kBlanks), line.size());
  line = line.substr(begin, line.find_last_not_of(kBlanks) + 1 - begin);
  const auto space = line.find(' ');
  if (space == std::string_view::npos)
    refuse_line(number, "it is to be a word, a space and a frequency");
  const auto digits = line.substr(space + 1, line.find(' ', space + 1) - space - 1);
  Entry entry{line.substr(0, space), 0};
  const auto end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, entry.frequency);
  constexpr std::uint64_t kMost = std::uint64_t{1} << 53;  // what a double counts
  if (read.ec != std::errc{} || read.ptr != end || entry.frequency > kMost)
    refuse_line(number, "the frequency is to be a whole number from 0 to 2^53");
  return entry;
}

}  // namespace

Dictionary Dictionary::read(std::string_view text) {
  if (text.size() > kMostBytes)
    throw Failure{MR_EXHAUSTED,
                  "dictionary: it has more than 64 MiB: " + std::to_string(text.size()) + " bytes"};
  Dictionary dictionary;
  std::vector<std::uint64_t> frequencies(1);  // by node
  std::uint64_t total = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const Entry entry = read_entry(text.substr(0, end), number);
    text.remove_prefix(std::min(end + 1, text.size()));
    auto node = WordTrie::kRoot;
    std::size_t length = 0;
    for (std::size_t at = 0; at < entry.word.size(); ++length) {
      const auto next = next_code_point(entry.word, at);
      if (next >= 0xD800 && next < 0xE000) refuse_line(number, "the word is not UTF-8");
      if (length == kMostWordCodePoints)
        refuse_line(number, "the word has more than 64 characters");
      node = dictionary.beginnings_.grow(node, next);
    }
    frequencies.resize(dictionary.beginnings_.size());
    frequencies[node] = entry.frequency;
    total += entry.frequency;
    if (total > std::uint64_t{1} << 53) refuse_line(number, "the frequencies exceed 2^53 in all");
  }
  if (total == 0) throw Failure{MR_DATA_INVALID, "dictionary: no word has a frequency"};
  const double log_total = std::log(static_cast<double>(total));
  dictionary.unknown_weight_ = 0.0 - log_total;
  dictionary.weights_.assign(frequencies.size(), kNoWord);
  for (std::size_t node = 1; node < frequencies.size(); ++node) {
    if (frequencies[node] == 0) continue;
    dictionary.weights_[node] = std::log(static_cast<double>(frequencies[node])) - log_total;
  }
  return dictionary;
}

}  // namespace millrace::learn
