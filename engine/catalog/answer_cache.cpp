#include "engine/catalog/answer_cache.hpp"

#include <iterator>
#include <utility>

#include "engine/catalog/revision.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

// The question with its values; each says its kind and its length, so that no two are alike.
std::string key_of(std::string_view revision, const Question& question) {
  std::string key = fmt::format("{}|{}", revision, question.sql);
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

std::size_t AnswerCache::bytes_of(const std::string& key, const Answer& answer) {
  const auto numbers = answer.numbers ? answer.numbers->size() : 0;
  return kEntryBytes + key.size() + numbers * sizeof(std::int64_t);
}

Result<AnswerCache::Numbers> AnswerCache::ask(Connection& connection, std::string_view revision,
                                              const Question& question) {
  return answer(connection, revision, question, true);
}

Result<AnswerCache::Numbers> AnswerCache::ask_again(Connection& connection,
                                                    std::string_view revision,
                                                    const Question& question) {
  return answer(connection, revision, question, false);
}

Result<AnswerCache::Numbers> AnswerCache::answer(Connection& connection, std::string_view revision,
                                                 const Question& question, bool at_once) {
  const auto key = key_of(revision, question);
  // Read first: a change that comes between this and the answer is in the answer, and whoever reads
  // the later revision asks anew.
  MR_TRY(const std::int64_t now, read_revision(connection, revision));
  bool is_known = false;
  {
    const std::lock_guard lock{mutex_};
    const auto* known = answers_.find(key);
    if (known != nullptr && known->revision != now) known = nullptr;
    if (known != nullptr && (known->numbers || known->is_too_long)) return known->numbers;
    is_known = known != nullptr;
  }
  Numbers numbers;
  if (at_once || is_known) {
    MR_TRY(numbers, read_numbers(connection, question));
  }
  const bool is_too_long = numbers && numbers->size() > kMostNumbers;
  keep(key, {now, is_too_long ? nullptr : numbers, is_too_long});
  return numbers;
}

void AnswerCache::keep(const std::string& key, Answer answer) {
  const std::lock_guard lock{mutex_};
  if (key.size() > kLongestKey) return;
  if (const auto* older = answers_.find(key)) {
    if (answer.revision < older->revision) return;
    bytes_ -= bytes_of(key, *older);
  }
  bytes_ += bytes_of(key, answer);
  answers_.get(key) = std::move(answer);
  while (bytes_ > most_bytes_) {
    const auto& [oldest, its] = *answers_.oldest();
    bytes_ -= bytes_of(oldest, its);
    answers_.forget(oldest);
  }
}

}  // namespace millrace
