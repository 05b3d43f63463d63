#include "engine/catalog/answer_cache.hpp"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "engine/catalog/revision.hpp"

namespace millrace {

namespace {

// The question with its values; each says its kind and its length, so that no two are alike.
std::string key_of(const Question& question) {
  std::string key = question.sql;
  const auto out = std::back_inserter(key);
  for (const SqlValue& value : question.values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      fmt::format_to(out, "|i{}", *number);
    } else if (const auto* real = std::get_if<double>(&value)) {
      fmt::format_to(out, "|r{}", *real);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      fmt::format_to(out, "|t{}:{}", text->size(), *text);
    } else {
      key += "|n";
    }
  }
  return key;
}

Result<AnswerCache::Numbers> read_numbers(Connection& connection, const Question& question) {
  MR_TRY(const SqlRows found, connection.query(question.sql, question.values));
  std::vector<std::int64_t> numbers;
  numbers.reserve(found.rows.size());
  for (const auto& row : found.rows) numbers.push_back(std::get<std::int64_t>(row.at(0)));
  return std::make_shared<const std::vector<std::int64_t>>(std::move(numbers));
}

}  // namespace

std::size_t AnswerCache::Entry::bytes() const {
  return kEntryBytes + key.size() + (numbers ? numbers->size() * sizeof(std::int64_t) : 0);
}

Result<AnswerCache::Numbers> AnswerCache::ask(Connection& connection, const Question& question) {
  return answer(connection, question, true);
}

Result<AnswerCache::Numbers> AnswerCache::ask_again(Connection& connection,
                                                    const Question& question) {
  return answer(connection, question, false);
}

Result<AnswerCache::Numbers> AnswerCache::answer(Connection& connection, const Question& question,
                                                 bool at_once) {
  auto key = key_of(question);
  // Read first: a change that comes between this and the answer is in the answer, and whoever reads
  // the later revision asks anew.
  MR_TRY(const std::int64_t revision, read_revision(connection));
  bool is_known = false;
  {
    const std::lock_guard lock{mutex_};
    if (const auto known = places_.find(key); revision == revision_ && known != places_.end()) {
      const Entry& entry = *known->second;
      entries_.splice(entries_.begin(), entries_, known->second);
      if (entry.numbers || entry.is_too_long) return entry.numbers;
      is_known = true;
    }
  }
  Entry entry{std::move(key), nullptr};
  if (at_once || is_known) {
    MR_TRY(entry.numbers, read_numbers(connection, question));
  }
  const Numbers numbers = entry.numbers;
  if (numbers && numbers->size() > kMostNumbers) {
    entry.numbers = nullptr;
    entry.is_too_long = true;
  }
  keep(revision, std::move(entry));
  return numbers;
}

void AnswerCache::keep(std::int64_t revision, Entry entry) {
  const std::lock_guard lock{mutex_};
  if (revision < revision_ || entry.key.size() > kLongestKey) return;
  if (revision > revision_) {
    places_.clear();
    entries_.clear();
    bytes_ = 0;
    revision_ = revision;
  }
  if (const auto known = places_.find(entry.key); known != places_.end()) {
    const auto older = known->second;
    bytes_ -= older->bytes();
    places_.erase(known);
    entries_.erase(older);
  }
  bytes_ += entry.bytes();
  entries_.push_front(std::move(entry));
  places_.emplace(entries_.front().key, entries_.begin());
  while (bytes_ > kMostBytes) {
    bytes_ -= entries_.back().bytes();
    places_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

}  // namespace millrace
